"""Scheduled queries on the emulator: whole, or step by step, to see what comes between."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from google.cloud import bigquery

from local.bigquery.script_steps import For, Statement, Step, Transaction
from local.bigquery.scripts import statements
from tests.sql import project
from tests.sql.engines import EmulatorEngine
from tests.sql.histories import DAY, MIDNIGHT, raw_rows
from tests.sql.model import Load, Row

TEXTS = project.job_texts()
# The week after the day of the histories is over.
NOW = MIDNIGHT + 8 * DAY
_TYPES = {"event_date": "DATE", "loads": "STRING"}


class Jobs:
    """The two scheduled queries and the tables that they keep, on the emulator."""

    def __init__(self, engine: EmulatorEngine) -> None:
        self.engine = engine

    def forget(self) -> None:
        """Let the tables of the jobs be empty, as after the first apply."""
        for table in project.job_schemas():
            self.engine.client.query_and_wait(f"DELETE FROM `{table}` WHERE TRUE")

    def hold(self, history: Iterable[Load]) -> None:
        """Let this be everything that was loaded, each marker row with the days of its rows."""
        rows = [row for load in history for row in dated(load)]
        self.engine.hold("events", rows)

    def run(self, job: str) -> None:
        """One run, as BigQuery would do it."""
        self.engine.client.query_and_wait(TEXTS[job])

    def steps(self, job: str) -> Iterator[None]:
        """One run that stops after each step; a transaction is one, the list of a loop another."""
        for step in statements(TEXTS[job]):
            match step:
                case For():
                    found = list(self._execute(step.query, {}))
                    yield
                    for row in found:
                        yield from self._body(step.body, step.row, dict(row.items()))
                case Statement():
                    self._execute(step.text, {})
                    yield

    def _body(self, steps: Sequence[Step], name: str, row: Row) -> Iterator[None]:
        is_open = False
        for step in steps:
            match step:
                case Transaction():
                    is_open = step.action == "begin"
                case Statement():
                    text = re.sub(rf"\b{name}\.(\w+)", r"@\1", step.text)
                    self._execute(text, row)
            if not is_open:
                yield

    def _execute(self, text: str, row: Row) -> Any:
        config = bigquery.QueryJobConfig()
        config.query_parameters = [
            bigquery.ScalarQueryParameter(column, _TYPES[column], value)
            for column, value in row.items()
        ]
        return self.engine.client.query_and_wait(text, job_config=config)


def dated(load: Load) -> list[Row]:
    """The raw rows of a load of events, whose marker row says how many it has of each day."""
    marker, *rows = raw_rows(load)
    days: Counter[date] = Counter(row["time"].date() for row in load.rows)
    event_dates = [{"date": str(day), "rows": count} for day, count in sorted(days.items())]
    facts = {"event_dates": event_dates, "fetched_at": load.end.isoformat()}
    return [marker | {"properties": marker["properties"] | facts}, *rows]
