"""The SQL of a typed view: the columns of `events`, and one for each chosen property.

No cast in it can fail, and none makes up a value: what is not of the column's type, and does not
read as one, is NULL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mixpanel_export.errors import Setup
from mixpanel_export_cli.typed_columns import EVENT_COLUMNS, Column

# BigQuery takes 256 K characters (cloud.google.com/bigquery/quotas#view_limits); the names that
# Terraform puts in need some. Its limit of 10,000 columns is further away.
MOST_CHARACTERS = 254_000

_LAST_OF_FOUR_DIGITS = 0xFFFF
# 0x1A is text: a cast would read it as 26.
_DECIMAL = "REGEXP_EXTRACT(JSON_VALUE({0}), r'^[^xX]+$')"
_EXPRESSIONS = {
    "STRING": "IFNULL(JSON_VALUE({0}), NULLIF(TO_JSON_STRING({0}), 'null'))",
    # A cast reads NaN, Infinity and 1e400 as numbers that spoil every sum; TO_JSON makes text of
    # such ones again, which is no number to FLOAT64
    # (cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings).
    "FLOAT64": f"SAFE.FLOAT64(TO_JSON(SAFE_CAST({_DECIMAL} AS FLOAT64)))",
    "INT64": f"IFNULL(SAFE.INT64({{0}}), SAFE_CAST({_DECIMAL} AS INT64))",
    "JSON": "IF(JSON_TYPE({0}) = 'null', NULL, {0})",
}
_ANY_OTHER = "SAFE_CAST(JSON_VALUE({0}) AS {1})"
_HEAD = """\
-- One row per event, as in events, with a column for each property that {memory} names.
-- Written by `mixpanel-export views generate`: change that file, and run it again.
-- A value that is not of its column's type, and does not read as one, is NULL.
-- Reads what events reads, and the properties.
SELECT
"""
_TAIL = "FROM `${project_id}.${dataset}.events`\n"


def view_sql(columns: Sequence[Column], memory: str) -> str:
    """The template of the view's SQL, for Terraform; `memory` is the file that names the columns.

    Raises:
        Setup: BigQuery would not take so long a view.
    """
    typed = [f"{expression_of(each)} AS `{each.name}`" for each in columns if each.name]
    sql = _HEAD.format(memory=memory) + ",\n".join(f"  {c}" for c in (*EVENT_COLUMNS, *typed))
    sql += f"\n{_TAIL}"
    if len(sql) > MOST_CHARACTERS:
        raise Setup(
            f"nothing was written: with {len(typed)} columns the view would have {len(sql)} "
            f"characters, and BigQuery takes {MOST_CHARACTERS}: give a greater --min-share, or "
            f'write "column": null for properties in {memory}'
        )
    return sql


def expression_of(column: Column) -> str:
    """The value of the column, of the event whose `properties` are in scope."""
    value = f"properties[{literal(column.property)}]"
    return _EXPRESSIONS.get(column.type, _ANY_OTHER).format(value, column.type)


def literal(text: str) -> str:
    """The text as a literal of GoogleSQL, in which Terraform finds no template.

    Quotes and all that does not print is escaped
    (cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences).
    """
    escaped = "".join(_escaped(character) for character in text)
    safe = re.sub(r"[$%](?=\{)", lambda sign: _numbered(sign[0]), escaped)
    return f"'{safe}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return character if character.isprintable() else _numbered(character)


def _numbered(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LAST_OF_FOUR_DIGITS else f"\\U{code:08x}"
