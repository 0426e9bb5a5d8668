"""Names in a statement: tables, table functions, and variables that stand for values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlglot import exp

from local.bigquery.errors import invalid_query, not_emulated

Variables = Mapping[str, exp.Expr]


class Names(Protocol):
    """Who knows which tables and routines there are."""

    def resolve(self, project: str | None, dataset: str, table: str) -> None:
        """Raise `notFound` unless there is such a table or view."""

    def column_names(self, dataset: str, table: str) -> list[str]:
        """The columns of a table or view that exists."""

    def argument_count(self, project: str | None, dataset: str, routine: str) -> int:
        """How many arguments a table function takes; `invalidQuery` if there is none."""


def resolve(statement: exp.Expr, names: Names, default_dataset: str | None) -> None:
    """Reduce every name of a table or function to what DuckDB calls it: dataset and name.

    Raises:
        ApiError: `notFound` for an unknown table, `invalidQuery` for an unknown function, 501
            for tables that are not emulated.
    """
    known = {cte.alias.casefold() for cte in statement.find_all(exp.CTE)}
    for table in list(statement.find_all(exp.Table)):
        if isinstance(table.this, exp.Anonymous):
            _resolve_call(table, names, default_dataset)
        elif len(table.parts) > 1 or table.name.casefold() not in known:
            _resolve_table(table, names, default_dataset)


def _resolve_table(table: exp.Table, names: Names, default_dataset: str | None) -> None:
    if not isinstance(table.this, exp.Identifier) or len(table.parts) > 3:
        raise not_emulated(f"table expression {table.sql('bigquery')}")
    name, dataset, project = table.name, table.db or default_dataset, table.catalog or None
    if not dataset:
        raise invalid_query(
            f'Table "{name}" must be qualified with a dataset (e.g. dataset.table).'
        )
    if "INFORMATION_SCHEMA" in name.upper() or set(name) & set("*$"):
        raise not_emulated(f"table {name}")
    names.resolve(project, dataset, name)
    _rename(table, exp.to_identifier(name, quoted=True), dataset)


def dataset_of(table: exp.Table) -> str | None:
    """The dataset that stands before the name of a table or table function."""
    return [None, None, *_path(table)][-2]


def _path(table: exp.Table) -> list[str]:
    """The parts of a name; that of a function may be in one pair of backticks."""
    parts = [table.args.get("catalog"), table.args.get("db"), table.this]
    names = [part.name for part in parts if part]
    return ".".join(names).split(".") if isinstance(table.this, exp.Anonymous) else names


def _resolve_call(table: exp.Table, names: Names, default_dataset: str | None) -> None:
    call = table.this
    parts = _path(table)
    if len(parts) > 3:
        raise not_emulated(f"table function {'.'.join(parts)}")
    name, dataset = parts[-1], dataset_of(table) or default_dataset
    if not dataset:
        raise invalid_query(f"Table-valued function not found: {name}")
    project = parts[0] if len(parts) == 3 else None
    wanted, given = names.argument_count(project, dataset, name), len(call.expressions)
    if wanted != given:
        raise invalid_query(
            f"Table-valued function {dataset}.{name} has {wanted} arguments, not {given}"
        )
    call.set("this", exp.to_identifier(name, quoted=True))
    _rename(table, call, dataset)


def _rename(table: exp.Table, name: exp.Expr, dataset: str) -> None:
    table.set("this", name)
    table.set("db", exp.to_identifier(dataset, quoted=True))
    table.set("catalog", None)


def check_calls(statement: exp.Expr) -> None:
    """Refuse columns as arguments of table functions: DuckDB would look for them inside."""
    for table in statement.find_all(exp.Table):
        for argument in table.this.expressions if isinstance(table.this, exp.Anonymous) else []:
            if isinstance(argument, exp.Kwarg):
                raise not_emulated("named arguments of table functions")
            for column in argument.find_all(exp.Column):
                if column.find_ancestor(exp.Query, exp.Table) is table:
                    raise invalid_query(f"Unrecognized name: {column.sql('bigquery')}")


def substitute(statement: exp.Expr, names: Names, variables: Variables) -> None:
    """Put values in the place of the variables that a statement names.

    Raises:
        ApiError: 501 for a variable that is named like a column: BigQuery takes the column if
            it is in scope, which is not worked out here.
    """
    wanted = {name.casefold(): value for name, value in variables.items()}
    found = [each for each in statement.find_all(exp.Column) if _first(each) in wanted]
    if not found:
        return
    visible = _visible(statement, names)
    for column in found:
        if (first := _first(column)) in visible:
            raise not_emulated(f"variable or argument {first}, which is named like a column")
        value = wanted[first].copy()
        for part in column.parts[1:]:
            value = exp.Dot(this=value, expression=part.copy())
        is_result = isinstance(column.parent, exp.Select)
        column.replace(exp.alias_(value, column.name, quoted=True) if is_result else value)


def _first(column: exp.Column) -> str:
    return str(column.parts[0].name).casefold()


def _visible(statement: exp.Expr, names: Names) -> set[str]:
    """All names of columns and tables anywhere in a statement, whatever their scope."""
    visible: set[str] = set()
    for node in statement.find_all(exp.Alias, exp.TableAlias, exp.Table, exp.PropertyEQ):
        if isinstance(node, exp.Table):
            visible.add(node.name)
            if node.db and isinstance(node.this, exp.Identifier):
                visible.update(names.column_names(node.db, node.name))
        elif isinstance(node, exp.TableAlias):
            visible.update(each.name for each in [node.this, *node.columns] if each)
        else:
            visible.add(node.alias or node.name)
    return {name.casefold() for name in visible}
