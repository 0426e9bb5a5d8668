"""The DuckDB file: a cursor per request, and what BigQuery knows besides rows.

Datasets are DuckDB schemas; tables and views carry their own names, so the file can be read
without the emulator. Resources that DuckDB cannot hold (partitioning, etags, used job ids) are
JSON in `_emulator.resources`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from local.bigquery import macros
from local.bigquery.errors import invalid_query, not_emulated
from local.clock import Clock

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # A missing extension must be an error, not a download.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


# A file opened without the emulator has no such variable.
NOW = "coalesce(CAST(getvariable('emulated_now') AS TIMESTAMPTZ), now())"


_NO_FUNCTION = re.compile(r"Function with name (\w+) does not exist")
_FAILURE = re.compile(r"Could not convert string '(.*)' to INT64")
_NO_COLUMN = re.compile(r'Referenced column "([^"]+)" (?:was )?not found')
_NOT_EMULATED = "not emulated: "


@contextmanager
def understood() -> Iterator[None]:
    """Say what DuckDB says of a statement as BigQuery would, or that it is not emulated."""
    try:
        yield
    except duckdb.Error as error:
        message = str(error).splitlines()[0]
        if failure := _FAILURE.search(message):
            message = failure[1]
        message = message.removeprefix("Invalid Input Error: ")
        if unknown := _NO_COLUMN.search(message):
            message = f"Unrecognized name: {unknown[1]}"
        if missing := _NO_FUNCTION.search(message):
            raise not_emulated(f"function {missing[1]}") from error
        if _NOT_EMULATED in message:
            raise not_emulated(message.partition(_NOT_EMULATED)[2]) from error
        raise invalid_query(message) from error


def quoted(*names: str) -> str:
    """A DuckDB identifier, dotted when it has several parts."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


class Store:
    """A DuckDB database in which every statement sees committed data only."""

    def __init__(self, database: str | Path, clock: Clock) -> None:
        self._clock = clock
        self._connection = duckdb.connect(str(database), config=_SETTINGS)
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._connection.execute("CREATE SCHEMA IF NOT EXISTS _emulator")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS _emulator.resources (kind VARCHAR, id VARCHAR, body JSON)"
        )
        self._connection.execute(macros.DEFINITIONS.read_text(encoding="utf-8"))
        # DuckDB names the database after its file; a schema of that name becomes ambiguous.
        self.name = "" if str(database) == ":memory:" else Path(database).stem

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own to the database: statements commit one by one.

        Its `NOW` is the clock's time as of here.
        """
        cursor = self._connection.cursor()
        try:
            self.set_time(cursor)
            yield cursor
        finally:
            cursor.close()

    def set_time(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Let the cursor's `NOW` be the time of the clock."""
        now = int(self._clock.now() * 1_000_000)
        cursor.execute(f"SET VARIABLE emulated_now = make_timestamptz({now})")

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor whose statements become visible together, or not at all."""
        with self.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def save(self, cursor: duckdb.DuckDBPyConnection, kind: str, key: str, body: Any) -> None:
        self.forget(cursor, kind, key)
        values = [kind, key, json.dumps(body)]
        cursor.execute("INSERT INTO _emulator.resources VALUES (?, ?, ?)", values)

    def forget(self, cursor: duckdb.DuckDBPyConnection, kind: str, key: str) -> None:
        cursor.execute("DELETE FROM _emulator.resources WHERE kind = ? AND id = ?", [kind, key])

    def saved(self, kind: str) -> dict[str, Any]:
        """All resources of a kind by key, in the order in which they were saved."""
        with self.cursor() as cursor:
            rows = cursor.execute(
                "SELECT id, body FROM _emulator.resources WHERE kind = ? ORDER BY rowid", [kind]
            ).fetchall()
        return {key: json.loads(body) for key, body in rows}

    def close(self) -> None:
        """Leave one file, without a write-ahead log, that any DuckDB can open."""
        # A request that is still open would keep `close` from doing this.
        self._connection.execute("CHECKPOINT")
        self._connection.close()
