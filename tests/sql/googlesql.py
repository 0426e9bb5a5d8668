"""BigQuery's SQL as Google reads it: analysed, and evaluated by Google's reference evaluator.

https://github.com/google/googlesql. What BigQuery has and these lack is in `catalog.YOUNGER` and
in `engines.LACKS`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.sql.catalog import Columns, Names, catalog
from tests.sql.paths import Paths
from tests.sql.server import Message, Server, message, values
from tests.sql.values import decoded, encoded, parameter

Json = Any

_REWRITES = ("REWRITE_INLINE_SQL_FUNCTIONS", "REWRITE_INLINE_SQL_TVFS")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, as the evaluator takes and gives them."""

    columns: tuple[tuple[str, Message], ...]
    content: Message

    def rows(self) -> list[dict[str, Json]]:
        """The rows with Python's values."""
        return [
            {
                name: decoded(kind, cell)
                for (name, kind), cell in zip(self.columns, row.cell, strict=True)
            }
            for row in self.content.table_data.row
        ]


def table_of(columns: Columns, rows: Iterable[Json]) -> Table:
    """A table of rows as NDJSON has them; what a row does not say is NULL."""
    content = message("local_service.TableContent")()
    content.table_data.SetInParent()
    for row in rows:
        cells = (encoded(kind, row.get(name)) for name, kind in columns.items())
        content.table_data.row.add().cell.extend(cells)
    return Table(tuple(columns.items()), content)


class GoogleSql:
    """One server, asked about statements of one project, whose tables `paths` has made flat."""

    def __init__(self, server: Server, project: str) -> None:
        self.server = server
        self._language = self._released()
        self.paths = Paths(server, self._language, project)

    def analyze(self, sql: str, names: Names, parameters: Columns | None = None) -> Columns:
        """The columns of a statement's result with their types; none if it has no result.

        Raises:
            Refused: it is wrong, in the analyzer's words.
        """
        request = message("local_service.AnalyzeRequest")(sql_statement=sql)
        request.options.CopyFrom(self._options(parameters or {}))
        request.simple_catalog.CopyFrom(catalog(self._language, names))
        found = self.server.call("Analyze", request, "local_service.AnalyzeResponse")
        query = found.resolved_statement.resolved_query_stmt_node
        return dict(_named((each.name, each.column.type) for each in query.output_column_list))

    def evaluate(
        self,
        sql: str,
        names: Names,
        content: Mapping[str, Table],
        parameters: Mapping[str, Json],
        now: dt.datetime,
    ) -> Table:
        """The result of a query at a time, over tables with this content.

        Raises:
            Refused: it is wrong, fails, or needs what the evaluator lacks.
        """
        known = {name: parameter(value) for name, value in parameters.items()}
        request = message("local_service.EvaluateQueryRequest")(sql=sql)
        request.options.CopyFrom(self._options({name: kind for name, (kind, _) in known.items()}))
        request.simple_catalog.CopyFrom(catalog(self._language, names, now))
        for name, (_, value) in known.items():
            request.params.add(name=name, value=value)
        for name in names.tables:
            request.table_content[name].CopyFrom(content[name].content)
        answer = self.server.call("EvaluateQuery", request, "local_service.EvaluateQueryResponse")
        columns = _named((each.name, each.type) for each in answer.prepared.columns)
        return Table(columns, answer.content)

    def _released(self) -> Message:
        """The language with all features that are out, and statements of every kind."""
        request = message("local_service.LanguageOptionsRequest")(maximum_features=True)
        language = self.server.call("GetLanguageOptions", request, "LanguageOptionsProto")
        language.product_mode = values("ProductMode")["PRODUCT_EXTERNAL"]
        language.ClearField("supported_statement_kinds")
        language.supported_statement_kinds.extend(
            number for name, number in values("ResolvedNodeKind").items() if name.endswith("Stmt")
        )
        return language

    def _options(self, parameters: Columns) -> Message:
        options = message("AnalyzerOptionsProto")(default_timezone="UTC")
        options.language_options.CopyFrom(self._language)
        options.error_message_mode = values("ErrorMessageMode")["ERROR_MESSAGE_ONE_LINE"]
        options.enabled_rewrites.extend(values("ResolvedASTRewrite")[name] for name in _REWRITES)
        for name, kind in parameters.items():
            options.query_parameters.add(name=name, type=kind)
        return options


def _named(columns: Iterable[tuple[str, Message]]) -> tuple[tuple[str, Message], ...]:
    """The columns; those without a name get one, as in BigQuery's results."""
    named: list[tuple[str, Message]] = []
    nameless = 0
    for name, kind in columns:
        named.append((name if not name.startswith("$") and name else f"f{nameless}_", kind))
        nameless += named[-1][0] != name
    return tuple(named)
