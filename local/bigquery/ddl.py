"""CREATE TABLE and CREATE VIEW as the table resources that the API would take."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from local.bigquery.errors import not_emulated

Json = Any

_CREATE_ARGS = {"this", "kind", "replace", "exists", "expression", "properties"}
_OPTIONS = {"description": "description", "friendly_name": "friendlyName", "labels": "labels"}
_UNITS = {"HOUR", "DAY", "MONTH", "YEAR"}


def definition(statement: exp.Create) -> Json:
    """The body of the `tables.insert` call that does what the statement says, without rows.

    Raises:
        ApiError: 501 for a clause that is not emulated.
    """
    beyond = {key for key, value in statement.args.items() if value} - _CREATE_ARGS
    if beyond:
        raise not_emulated(f"CREATE {statement.kind} with {', '.join(beyond)}")
    body: Json = {}
    for clause in statement.args.get("properties") or []:
        body |= _clause(clause)
    if statement.kind == "VIEW":
        if isinstance(statement.this, exp.Schema):
            raise not_emulated("CREATE VIEW with a column list")
        query = statement.expression.sql("bigquery", pretty=True)
        return body | {"view": {"query": query, "useLegacySql": False}}
    if statement.expression and not isinstance(statement.this, exp.Schema):
        return body  # The query tells the columns.
    if statement.expression or not isinstance(statement.this, exp.Schema):
        raise not_emulated("CREATE TABLE with columns and AS, or with neither")
    return body | {"schema": {"fields": [_column(each) for each in statement.this.expressions]}}


def _clause(clause: exp.Expr) -> Json:
    if isinstance(clause, exp.PartitionedByProperty):
        return {"timePartitioning": _partitioning(clause.this)}
    if isinstance(clause, exp.ClusterProperty):
        return {"clustering": {"fields": [column.name for column in clause.expressions]}}
    if type(clause) is exp.Property:
        return _option(clause)
    raise not_emulated(f"clause {clause.sql('bigquery')}")


def _partitioning(by: exp.Expr) -> Json:
    columns = [column.name for column in by.find_all(exp.Column)]
    if isinstance(by, exp.Identifier | exp.Column) and not by.name.startswith("_PARTITION"):
        return {"type": "DAY", "field": by.name}
    if isinstance(by, exp.Date) and len(columns) == 1 and not by.expressions:
        return {"type": "DAY", "field": columns[0]}
    unit = str(by.args["unit"].name).upper() if by.args.get("unit") else ""
    if isinstance(by, exp.TimestampTrunc | exp.DateTrunc) and unit in _UNITS:
        return {"type": unit, "field": by.this.name}
    raise not_emulated(f"PARTITION BY {by.sql('bigquery')}")


def _option(option: exp.Property) -> Json:
    name, value = option.name.lower(), option.args["value"]
    if name not in _OPTIONS:
        raise not_emulated(f"option {name}")
    if name == "labels":
        pairs = [[part.name for part in pair.expressions] for pair in value.expressions]
        return {"labels": dict(pairs)}
    return {_OPTIONS[name]: value.name}


def _column(column: exp.Expr) -> Json:
    if not isinstance(column, exp.ColumnDef) or not column.kind:
        raise not_emulated(f"table element {column.sql('bigquery')}")
    field = {"name": column.name, "type": column.kind.sql("bigquery"), "mode": "NULLABLE"}
    for constraint in column.constraints:
        if isinstance(constraint.kind, exp.NotNullColumnConstraint):
            field["mode"] = "REQUIRED"
        elif isinstance(constraint.kind, exp.Properties):
            for option in constraint.kind.expressions:
                field |= _option(option)
        else:
            raise not_emulated(f"column constraint {constraint.sql('bigquery')}")
    return field
