r"""An emulator of BigQuery's REST API over DuckDB, as strict as what the pipeline relies on.

What it does not do answers 501: legacy SQL, scripts, MERGE, CREATE TABLE AS SELECT, dry runs,
copy and extract jobs, uploads, `tabledata`, `INFORMATION_SCHEMA`, partition decorators and
filters, wildcards, RECORD and REPEATED columns of tables, NUMERIC results, DATE_ADD, DATE_SUB and
DATE_TRUNC of what may be no date, CURRENT_DATETIME and CURRENT_TIME, load options that drop rows
or values. What it accepts without effect: partitioning, clustering, expiry, access lists,
priorities and limits on bytes.
What it does not refuse although BigQuery does: comparing or grouping JSON, mixing types in
comparisons, more than 4,000 partitions in one job, quotas.
JSON keeps every number, `\u0000` and the order of keys; a key that occurs twice stays twice,
and the first one is read.
"""

from local.bigquery.emulator import BigQueryEmulator

__all__ = ["BigQueryEmulator"]
