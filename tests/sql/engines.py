"""Two engines that answer BigQuery's SQL over the same rows: the emulator, and Google's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Protocol

from google.cloud import bigquery

from local.bigquery import BigQueryEmulator
from local.clock import Clock
from tests.contract.bigquery.loading import Objects, connect
from tests.contract.bigquery.shop import Shop
from tests.sql import project
from tests.sql.analyzer import Analyzer
from tests.sql.googlesql import Table, table_of
from tests.sql.values import name_of, parameter

Json = Any
Rows = list[dict[str, Json]]


class Engine(Protocol):
    """The tables with the rows of one test, and all that Terraform makes of them."""

    name: str

    @property
    def now(self) -> dt.datetime | None:
        """The time that stands still in every query; None, as at first, lets it run."""

    @now.setter
    def now(self, moment: dt.datetime | None) -> None: ...

    def hold(self, table: str, rows: Iterable[Json]) -> None:
        """Let a table hold these rows, raw ones as the fetcher writes them, and no others."""

    def query(self, sql: str, **parameters: Json) -> Rows:
        """The rows of a query; it may name any `dataset.table`, and a parameter as `@name`."""


class _Timed:
    """What has a clock that can be stopped."""

    def __init__(self) -> None:
        self.clock = Clock()
        self._now: dt.datetime | None = None

    @property
    def now(self) -> dt.datetime | None:
        return self._now

    @now.setter
    def now(self, moment: dt.datetime | None) -> None:
        self._now = moment
        self.clock.set(moment)


class EmulatorEngine(_Timed):
    """The emulator of the local stack, through Google's client."""

    name = "emulator"

    def __init__(self, objects: Objects) -> None:
        super().__init__()
        self._emulator = BigQueryEmulator(clock=self.clock)
        self.client = connect(self._emulator)
        self._shop = Shop(self.client, objects)

    @property
    def failed(self) -> dict[str, str]:
        """What the emulator could not make, and why."""
        return self._shop.failed

    def stop(self) -> None:
        """End it, with all that it holds."""
        self.client.close()
        self._emulator.stop()

    def hold(self, table: str, rows: Iterable[Json]) -> None:
        self._shop.hold(table, rows)

    def query(self, sql: str, **parameters: Json) -> Rows:
        config = bigquery.QueryJobConfig()
        config.query_parameters = [_parameter(*each) for each in parameters.items()]
        return [dict(row.items()) for row in self.client.query_and_wait(sql, job_config=config)]


class GoogleSqlEngine(_Timed):
    """Google's reference evaluator; a view is evaluated when a query first names it."""

    name = "googlesql"

    def __init__(self, analyzer: Analyzer) -> None:
        super().__init__()
        self._analyzer = analyzer
        self._held: dict[str, Table] = {}
        self._places = project.places()
        for table in self._places:
            self.hold(table, ())

    def hold(self, table: str, rows: Iterable[Json]) -> None:
        name = self._places[table]
        self._held[name] = table_of(self._analyzer.columns(name), rows)

    def query(self, sql: str, **parameters: Json) -> Rows:
        return self._evaluate(sql, parameters, self.clock.moment(), dict(self._held)).rows()

    def _evaluate(
        self, sql: str, parameters: dict[str, Json], now: dt.datetime, known: dict[str, Table]
    ) -> Table:
        """The result over tables and views; to those `known` so far it adds what it needs."""
        text, named = self._analyzer.flat(sql)
        names = self._analyzer.names(named)
        for name in names.tables.keys() - known.keys():
            known[name] = self._evaluate(self._analyzer.queries[name], {}, now, known)
        return self._analyzer.google.evaluate(text, names, known, parameters, now)


def _parameter(
    name: str, value: Json
) -> bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter:
    """A parameter of Google's client, of the type that the evaluator takes it for."""
    kind, _ = parameter(value)
    if isinstance(value, list):
        element = name_of(kind.array_type.element_type)
        return bigquery.ArrayQueryParameter(name, element, value)
    return bigquery.ScalarQueryParameter(name, name_of(kind), value)
