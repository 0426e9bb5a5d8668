"""The project as GoogleSQL sees it: the columns of every view follow from its SQL."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.sql import project
from tests.sql.catalog import Columns, Names, TableFunction
from tests.sql.googlesql import GoogleSql
from tests.sql.server import Server
from tests.sql.values import array_of, scalar

Json = Any


class Analyzer:
    """Google's analyzer over raw tables, views and table functions, as Terraform makes them.

    Args:
        server: Analyzes.
        schemas: Tables beside those of the project: their fields, by `dataset.table`.
    """

    def __init__(
        self, server: Server, schemas: Mapping[str, list[Json]] = MappingProxyType({})
    ) -> None:
        self.google = GoogleSql(server, project.PROJECT)
        fields = {**project.raw_schemas(), **project.job_schemas(), **schemas}
        self._tables = {name: _columns(each) for name, each in fields.items()}
        self._functions = project.table_functions()
        self.queries = project.view_queries() | project.job_views()
        self.flat = functools.lru_cache(self._flat)
        self.columns = functools.cache(self._columns_of)

    def analyze(
        self, sql: str, variables: Columns | None = None, parameters: Columns | None = None
    ) -> Columns:
        """The columns of a statement's result with their types; none if it has no result.

        Raises:
            Refused: it is wrong, in the analyzer's words.
        """
        text, named = self.flat(sql)
        return self.google.analyze(text, self.names(named, variables), parameters)

    def names(self, named: frozenset[str], variables: Columns | None = None) -> Names:
        """What a catalog must hold for a statement that names these."""
        tables = {name: self.columns(name) for name in named if name not in self._functions}
        functions = {}
        for name in named & self._functions.keys():
            routine = self._functions[name]
            text, inner = self.flat(routine.body)
            tables |= {each: self.columns(each) for each in inner}
            arguments = {a.name: scalar(a.data_type.type_kind.value) for a in routine.arguments}
            functions[name] = TableFunction(arguments, text)
        return Names(tables, functions, variables or {})

    def _flat(self, sql: str) -> tuple[str, frozenset[str]]:
        known = self._tables.keys() | self.queries.keys() | self._functions.keys()
        text, named = self.google.paths.flat(sql, known)
        return text, frozenset(named)

    def _columns_of(self, name: str) -> Columns:
        if name in self._tables:
            return self._tables[name]
        return self.analyze(self.queries[name])


def _columns(fields: list[Json]) -> Columns:
    """The columns of a table, from its schema."""
    kinds = {each["name"]: scalar(each["type"]) for each in fields}
    repeated = {each["name"] for each in fields if each.get("mode") == "REPEATED"}
    return {name: array_of(kind) if name in repeated else kind for name, kind in kinds.items()}
