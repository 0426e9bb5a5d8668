"""The DuckDB file: a cursor per request, and what BigQuery knows besides rows.

Datasets are DuckDB schemas; tables and views carry their own names, so the file can be read
without the emulator. Resources that DuckDB cannot hold (partitioning, etags, used job ids) are
JSON in `_emulator.resources`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from local.clock import Clock

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # A missing extension must be an error, not a download.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


# A file opened without the emulator has no such variable.
NOW = "coalesce(CAST(getvariable('emulated_now') AS TIMESTAMPTZ), now())"


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
        # DuckDB names the database after its file; a schema of that name becomes ambiguous.
        self.name = "" if str(database) == ":memory:" else Path(database).stem

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own to the database: statements commit one by one.

        Its `NOW` is the clock's time as of here.
        """
        cursor = self._connection.cursor()
        now = int(self._clock.now() * 1_000_000)
        try:
            cursor.execute(f"SET VARIABLE emulated_now = make_timestamptz({now})")
            yield cursor
        finally:
            cursor.close()

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
