"""The views in the shape of a vendor's tables: what its loader would have put there.

Cases are rows of one load, by their insert_id: a query of a wide view takes its time to be bound.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sql.engines import Engine
from tests.sql.vendors import EVENTS, event, hold_events

Json = Any

# Case: column, properties, value.
TYPED: dict[str, tuple[str, dict[str, Json], Json]] = {
    "text": ("city", {"$city": "Kyiv"}, "Kyiv"),
    "empty text": ("city", {"$city": ""}, ""),
    "null": ("city", {"$city": None}, None),
    "missing": ("city", {}, None),
    "a property of the project's own": ("city", {"city": "Kyiv"}, None),
    "an object": ("city", {"$city": {"name": "Kyiv"}}, None),
    "a name without $": ("mp_lib", {"mp_lib": "web"}, "web"),
    "a number as text": ("ae_session_length", {"$ae_session_length": 12.5}, "12.5"),
    "a whole number as text": ("app_build_number", {"$app_build_number": 7}, "7"),
    "a whole number": ("screen_width", {"$screen_width": 1440}, 1440),
    "a whole number that is text": ("screen_width", {"$screen_width": "1440"}, 1440),
    **{
        f"a whole number as a fraction: {name}": (name, {f"${name}": 1280.0}, 1280)
        for name in ("screen_width", "screen_height", "screen_dpi")
    },
    "a fraction that is text": ("screen_width", {"$screen_width": "1280.0"}, None),
    "no whole number": ("screen_width", {"$screen_width": 414.5}, None),
    "no number": ("screen_width", {"$screen_width": "wide"}, None),
    "a version": ("browser_version", {"$browser_version": 126}, 126),
    "a version with a point": ("browser_version", {"$browser_version": 16.6}, 16),
    "a version with points": ("browser_version", {"$browser_version": "91.0.4472.101"}, 91),
    "no version": ("browser_version", {"$browser_version": "beta"}, None),
    "true": ("wifi", {"$wifi": True}, True),
    "false": ("wifi", {"$wifi": False}, False),
    "true that is text": ("wifi", {"$wifi": "true"}, True),
    "no boolean": ("wifi", {"$wifi": "on"}, None),
}


def test_fivetran_has_the_types_of_its_models(engine: Engine) -> None:
    """A column has its type or NULL, and never fails."""
    hold_events(engine, *(event(case, properties=each[1]) for case, each in TYPED.items()))
    found = {
        row["insert_id"]: row for row in engine.query("SELECT * FROM mixpanel_fivetran.event")
    }

    expected = {case: value for case, (_, _, value) in TYPED.items()}
    assert expected == {case: found[case][column] for case, (column, _, _) in TYPED.items()}


# Case: column, properties, value with Airbyte, value with Singer.
TEXTS: dict[str, tuple[str, dict[str, Json], str | None, str | None]] = {
    "missing": ("city", {}, None, None),
    "null": ("city", {"$city": None}, "None", None),
    "a list": ("distinct_ids", {"$distinct_ids": ["a", "b"]}, '["a","b"]', '["a","b"]'),
    "no list": ("distinct_ids", {}, None, None),
}
BOOLEANS = (
    *("import", "wifi", "bluetooth_enabled", "has_nfc", "has_telephone", "is_reshuffled"),
    "had_persisted_distinct_id",
)
for name in BOOLEANS:
    TEXTS |= {
        f"{name} is {value!r}": (name, {f"${name}": value}, str(value), str(value))
        for value in (True, False, "true", "false", "on", 1)
    }
    TEXTS[f"{name} is null"] = (name, {f"${name}": None}, "None", None)
SCALARS: list[str | float] = [
    *("Kyiv", "", " ", "None", "null", "true", '"', "\\", "a\nb", "Zürich", "\U0001f600", "${x}"),
    *(0, 1440, -1, 2**53, 0.5, 91.5, -0.125, 1.0),
]
TEXTS |= {f"{value!r}": ("city", {"$city": value}, str(value), str(value)) for value in SCALARS}


def test_airbyte_and_singer_have_the_text_of_python(engine: Engine) -> None:
    """A value is what `str` makes of it, but that null is no text for Singer."""
    hold_events(engine, *(event(case, properties=each[1]) for case, each in TEXTS.items()))
    airbyte = engine.query("SELECT * FROM mixpanel_airbyte.export")
    singer = engine.query("SELECT * FROM mixpanel_singer.export")

    columns = {case: each[0] for case, each in TEXTS.items()}
    by_case = {row["insert_id"]: row for row in airbyte}
    assert {case: each[2] for case, each in TEXTS.items()} == {
        case: by_case[case][column] for case, column in columns.items()
    }
    by_case = {row["mp_reserved_insert_id"]: row for row in singer}
    assert {case: each[3] for case, each in TEXTS.items()} == {
        case: by_case[case][f"mp_reserved_{column}"] for case, column in columns.items()
    }


@pytest.mark.parametrize("view", ["mixpanel_airbyte.export", "mixpanel_singer.export"])
def test_a_sampling_factor_is_a_whole_number(engine: Engine, view: str) -> None:
    """Also where it was sent as a fraction, or as text."""
    factors = [5, 5.0, "5", 5.5, "few", None]
    rows = [
        event(str(number), properties={"sampling_factor": each})
        for number, each in enumerate(factors)
    ]
    hold_events(engine, *rows)
    found = engine.query(f"SELECT sampling_factor FROM `{view}` WHERE sampling_factor IS NOT NULL")

    assert [{"sampling_factor": 5}] * 3 == found


# A moment, and what New York's clock shows then.
CLOCKS = {
    "2026-11-22T12:00:00.123+00:00": "2026-11-22T07:00:00.123",
    "2026-07-01T02:30:00+00:00": "2026-06-30T22:30:00",
    "2026-11-01T05:30:00+00:00": "2026-11-01T01:30:00",  # The hour that occurs twice,
    "2026-11-01T06:30:00+00:00": "2026-11-01T01:30:00",  # and its second time.
}


@pytest.mark.parametrize("view", EVENTS)
def test_time_is_the_projects_wall_clock(engine: Engine, view: str) -> None:
    """As a number that shows New York's clock, read as UTC, is; and the moment is beside it."""
    hold_events(engine, *(event(moment, time=moment) for moment in CLOCKS))
    found = engine.query(f"SELECT time, time_utc FROM `{view}`")

    expected = {
        datetime.fromisoformat(moment): datetime.fromisoformat(clock).replace(tzinfo=UTC)
        for moment, clock in CLOCKS.items()
    }
    if "fivetran" not in view:
        expected = {moment: clock.replace(microsecond=0) for moment, clock in expected.items()}
    assert expected == {row["time_utc"]: row["time"] for row in found}


def test_fivetran_has_its_times_in_milliseconds_too(engine: Engine) -> None:
    """Event time on the wall clock, and processing time in UTC."""
    hold_events(engine, event())
    [row] = engine.query(
        "SELECT event_time_ms, mp_processing_time_ms FROM mixpanel_fivetran.event"
    )

    wall_clock = datetime(2026, 11, 22, 7, tzinfo=UTC)
    processed = datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)
    expected = {
        "event_time_ms": round(wall_clock.timestamp() * 1000) + 123,
        "mp_processing_time_ms": round(processed.timestamp() * 1000) + 500,
    }
    assert expected == row


@pytest.mark.parametrize(
    ("view", "column"),
    list(
        zip(EVENTS, ["_fivetran_synced", "_airbyte_extracted_at", "_sdc_batched_at"], strict=True)
    ),
)
def test_an_event_was_loaded_when_its_version_was_requested(
    engine: Engine, view: str, column: str
) -> None:
    """What a freshness check looks at moves on with each version."""
    hold_events(engine, event(), version=1_795_348_800_000_000)
    [row] = engine.query(f"SELECT {column} AS it FROM `{view}`")

    assert datetime(2026, 11, 22, 12, tzinfo=UTC) == row["it"]
