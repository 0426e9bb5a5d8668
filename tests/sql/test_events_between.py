"""The events of a range of event time: which they are, and what is read for them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlglot
from sqlglot import exp

from local.bundles import ROOT
from tests.sql.engines import Engine
from tests.sql.exports import hour
from tests.sql.histories import DAY, MIDNIGHT, event, hold

MICROSECOND = timedelta(microseconds=1)
_FUNCTION = ROOT / "terraform/table_functions/events_between.sql"

BOUNDS = {
    "lo is inclusive": (MIDNIGHT, MIDNIGHT + MICROSECOND, "b"),
    "hi is exclusive": (MIDNIGHT - DAY, MIDNIGHT, "a"),
    "a moment holds nothing": (MIDNIGHT, MIDNIGHT, ""),
    "bounds the wrong way round hold nothing": (MIDNIGHT + DAY, MIDNIGHT - DAY, ""),
    "many days": (MIDNIGHT - DAY, MIDNIGHT + 2 * DAY, "a b c"),
    "later days": (MIDNIGHT + MICROSECOND, MIDNIGHT + 2 * DAY, "c"),
}


@pytest.mark.parametrize(("lo", "hi", "notes"), BOUNDS.values(), ids=BOUNDS)
def test_events_between_two_moments(
    engine: Engine, lo: datetime, hi: datetime, notes: str
) -> None:
    """By event time, to the microsecond, from lo, inclusive, to hi, exclusive; copies once."""
    times = {"a": MIDNIGHT - MICROSECOND, "b": MIDNIGHT, "c": MIDNIGHT + DAY}
    rows = [event(note, time=time, insert_id=note) for note, time in times.items()]
    hold(engine, [hour(8, 1, *rows), hour(9, 1, *rows), hour(9, 2, *rows)])

    sql = "SELECT JSON_VALUE(properties, '$.note') AS note FROM mixpanel.events_between(@lo, @hi)"
    assert notes == " ".join(sorted(row["note"] for row in engine.query(sql, lo=lo, hi=hi)))


def test_a_bound_that_is_null(engine: Engine) -> None:
    """It is no bound at all, and nothing is beyond it."""
    hold(engine, [hour(8, 1, event("a"))])

    for bounds in ("CAST(NULL AS TIMESTAMP), @moment", "@moment, CAST(NULL AS TIMESTAMP)"):
        sql = f"SELECT time FROM mixpanel.events_between({bounds})"
        assert [] == engine.query(sql, moment=MIDNIGHT)


def test_the_bounds_prune_partitions() -> None:
    """They filter the raw table itself, before the window; so BigQuery reads their days only."""
    (function,) = sqlglot.parse(_FUNCTION.read_text(), read="bigquery")
    assert isinstance(function, exp.Select)

    raw = function.args["from_"].this
    conditions = function.args["where"].this.flatten()
    assert {f"{raw.alias}.time >= lo", f"{raw.alias}.time < hi"} == {
        condition.sql("bigquery") for condition in conditions
    }
    assert "qualify" in function.args
