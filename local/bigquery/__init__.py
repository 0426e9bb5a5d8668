r"""An emulator of BigQuery's REST API over DuckDB, as strict as what the pipeline relies on.

What it does not do answers 501: legacy SQL, dry runs, copy and extract jobs, uploads, `tabledata`,
`INFORMATION_SCHEMA`, partition decorators and filters, wildcards, RECORD and REPEATED columns of
tables, NUMERIC results, functions that it does not know, load options that drop rows or values;
of routines all but table functions in SQL; of scripts loops other than FOR, blocks, exceptions,
temporary tables, EXECUTE IMMEDIATE, and variables that are named like columns.
What it accepts without effect: partitioning, clustering, expiry, access lists, priorities and
limits on bytes.
What it does not refuse although BigQuery does: comparing or grouping JSON, mixing types in
comparisons, adding intervals with `+`, literal NULLs as operands, more than 4,000 partitions in
one job, conflicts of transactions, quotas.
What it answers differently: the text of floating point numbers of 1e15 and more in JSON, and the
order of members in PARSE_JSON of text that is computed. JSON that is loaded, or written as a
literal, has its members sorted, and the first of those with the same key.
"""

from local.bigquery.emulator import BigQueryEmulator

__all__ = ["BigQueryEmulator"]
