"""The queries of docs/sql.md, run as they are written there, on events and people of one week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.contract.bigquery.loading import make_dataset
from tests.sql.engines import EmulatorEngine, Engine
from tests.sql.raw_rows import loaded

Json = Any

DOCUMENT = (Path(__file__).parents[2] / "docs/sql.md").read_text(encoding="utf-8")
QUESTIONS = DOCUMENT.partition("## Ten questions")[2].partition("\n## ")[0]
VIEWS = DOCUMENT.partition("## The views")[2]
EXAMPLES = {
    view: re.findall(r"```sql\n(.+?)```", text, re.DOTALL)
    for view, text in re.findall(r"\n### (\w+)\n(.+?)(?=\n### |\Z)", VIEWS, re.DOTALL)
}
# Run elsewhere: on gaps and late loads, and on what the scheduled query has made.
RUN_ELSEWHERE = {"gaps", "touched_dates", "events_settled"}
QUERIES = dict(re.findall(r"### ([^\n]+)\n\n```sql\n(.+?)```", QUESTIONS, re.DOTALL))
CATALOG = "Which properties are there, and of which type?"
NOW = datetime(2026, 11, 23, 0, 20, tzinfo=UTC)
DAY, NEXT_DAY = "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"


def event(name: str, time: str, distinct_id: str, **properties: Json) -> Json:
    """A row of an event with an insert id of its own."""
    return {
        "time": time,
        "event_name": name,
        "distinct_id": distinct_id,
        "insert_id": f"{name} {time}",
        "device_id": properties.get("$device_id"),
        "user_id": properties.get("$user_id"),
        "processing_time": "2026-11-22T12:00:00Z",
        "properties": properties,
    }


EVENTS = [
    event(
        "Page View", "2026-11-16T02:00:00Z", "$device:d1", **{"$city": "Łódź", "$device_id": "d1"}
    ),
    event("Sign Up", "2026-11-16T02:05:00Z", "ann", **{"$device_id": "d1", "$user_id": "ann"}),
    event("Order", "2026-11-18T09:00:00Z", "ann", amount=20.5, **{"$city": "Łódź"}),
    event("Sign Up", "2026-11-19T10:00:00Z", "bob", plan="pro"),
    event("Order", "2026-11-22T10:00:00Z", "ann", amount="a lot"),
    event("Order", "2026-11-22T11:00:00Z", "ann", amount="4.5"),
    event("Order", "2026-11-22T12:00:00Z", "", amount="NaN"),
]


def profile(plan: str) -> Json:
    """A row of ann's profile."""
    return {"distinct_id": "ann", "properties": {"plan": plan}}


def snapshot(day: int, plan: str) -> list[Json]:
    """A snapshot of that midnight, in which ann has this plan."""
    start, end, as_of = (f"2026-11-{each:02}T00:00:00Z" for each in (day - 1, day, day))
    rows = [profile(plan) | {"as_of": as_of}]
    return loaded("snapshot", start, end, day, rows, as_of=as_of)


def hold(engine: Engine) -> None:
    """Let the engine hold the week."""
    dates = sorted({each["time"][:10] for each in EVENTS})
    engine.now = NOW
    engine.hold(
        "events",
        loaded(
            "recent",
            DAY,
            NEXT_DAY,
            1,
            EVENTS,
            fetched_at="2026-11-22T12:30:00Z",
            event_dates=[
                {"date": day, "rows": sum(day == each["time"][:10] for each in EVENTS)}
                for day in dates
            ],
        ),
    )
    engine.hold("people", [*snapshot(17, "free"), *snapshot(20, "pro")])


FIRST, LAST = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
ANSWERS: dict[str, list[tuple[Json, ...]]] = {
    "Can I trust today's numbers?": [
        ("events", "recent", FIRST, LAST, datetime(2026, 11, 1, 1, 15, tzinfo=UTC)),
        ("events", "sweep", FIRST, LAST, datetime(2026, 11, 2, 12, tzinfo=UTC)),
        (
            "people",
            "snapshot",
            LAST,
            datetime(2026, 11, 23, tzinfo=UTC),
            datetime(2026, 11, 23, 0, 15, tzinfo=UTC),
        ),
    ],
    "What is tracked, and how much of it?": [
        (
            "Order",
            4,
            datetime(2026, 11, 18, 9, tzinfo=UTC),
            datetime(2026, 11, 22, 12, tzinfo=UTC),
        ),
        (
            "Sign Up",
            2,
            datetime(2026, 11, 16, 2, 5, tzinfo=UTC),
            datetime(2026, 11, 19, 10, tzinfo=UTC),
        ),
        ("Page View", 1, *[datetime(2026, 11, 16, 2, tzinfo=UTC)] * 2),
    ],
    "How many events a day, as Mixpanel's reports count days?": [
        (date(2026, 11, 15), 2),  # Two at night in UTC, the evening before in New York.
        (date(2026, 11, 18), 1),
        (date(2026, 11, 19), 1),
        (date(2026, 11, 22), 3),
    ],
    "How many people use it each day?": [
        (date(2026, 11, 15), 1),  # Her device and she.
        (date(2026, 11, 18), 1),
        (date(2026, 11, 19), 1),
        (date(2026, 11, 22), 1),
    ],
    CATALOG: [
        ("amount", ["number", "string"], 4, 0.57),
        ("plan", ["string"], 1, 0.14),
    ],
    "Where do people come from?": [("unknown", 5, 3), ("Łódź", 2, 2)],
    "How much was sold?": [
        (date(2026, 11, 18), 1, 20.5, 0),
        (date(2026, 11, 22), 3, 4.5, 2),
    ],
    "How many who sign up order within a week?": [(2, 1)],
    "On which plan was somebody when they ordered?": [("pro", 2), ("free", 1), ("unknown", 1)],
    "Which days have changed since I last looked?": [
        (date(2026, 11, 16), 2),
        (date(2026, 11, 18), 1),
        (date(2026, 11, 19), 1),
        (date(2026, 11, 22), 3),
    ],
}


@pytest.fixture(name="analytics")
def _analytics(emulator: EmulatorEngine) -> Iterator[None]:
    """A dataset of the reader's own."""
    make_dataset(emulator.client, "analytics")
    yield
    emulator.client.delete_dataset("analytics", delete_contents=True)


def answers(engine: Engine, question: str) -> list[tuple[Json, ...]]:
    """What the documented query says."""
    hold(engine)
    return [tuple(row.values()) for row in engine.query(QUERIES[question])]


def test_there_are_ten_questions() -> None:
    """Each of them is answered here."""
    assert 10 == len(QUERIES)
    assert QUERIES.keys() == ANSWERS.keys()


@pytest.mark.parametrize("question", [each for each in ANSWERS if each != CATALOG])
def test_a_question_has_its_answer(engine: Engine, question: str) -> None:
    """On both engines."""
    assert ANSWERS[question] == answers(engine, question)


@pytest.mark.emulator_only("JSON_KEYS is younger than the evaluator")
def test_the_catalog_answers_what_there_is(engine: Engine) -> None:
    """Properties of one's own, with the types that they have had."""
    assert ANSWERS[CATALOG] == answers(engine, CATALOG)


@pytest.mark.parametrize(
    ("view", "sql"),
    [
        (view, sql)
        for view, examples in EXAMPLES.items()
        for sql in examples
        if view not in RUN_ELSEWHERE
    ],
)
def test_an_example_of_a_view_runs(
    emulator: EmulatorEngine, analytics: None, view: str, sql: str
) -> None:
    """As it is written in the section about the view."""
    hold(emulator)

    assert view in sql
    emulator.query(sql)


def test_examples_are_where_they_are_looked_for() -> None:
    """Every view has its section, in the order of the table at the top."""
    listed = re.findall(r"^\| \[`(\w+)", DOCUMENT, re.MULTILINE)

    assert [*listed, "events_typed", "events_settled"] == list(EXAMPLES)
    assert {*RUN_ELSEWHERE, "events_between", "identity"} == {
        view for view, examples in EXAMPLES.items() if examples
    }
