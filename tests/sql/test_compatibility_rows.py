"""Which rows the views in the shape of a vendor's tables have, and what tells these apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sql.engines import Engine
from tests.sql.raw_rows import loaded
from tests.sql.vendors import DAY, EVENTS, NEXT_DAY, event, hold_events

Json = Any

HASHES = (
    "_fivetran_id FROM mixpanel_fivetran.event",
    "_airbyte_raw_id FROM mixpanel_airbyte.export",
)
DISTINCT = [
    event("one"),
    event("two"),
    event("one", event_name="Left"),
    event("one", distinct_id="bob"),
    event("one", time="2026-11-22T12:00:00.124Z"),
    event(None, properties={"plan": "a"}),
    event(None, properties={"plan": "b"}),
    event(None, properties={"plan": "b"}),
    event(None, properties={"plan": "b"}, distinct_id="bob"),
    event(None, properties={"$distinct_id_before_identity": "$device:d"}),
    event(None, properties={"$distinct_id_before_identity": "$device:d"}, distinct_id="bob"),
]
MERGED = event(
    properties={"$distinct_id_before_identity": "$device:d"},
    processing_time="2026-11-23T00:00:01Z",
)


def ids(engine: Engine, source: str) -> list[str]:
    name = source.split(maxsplit=1)[0]
    return sorted(row[name] for row in engine.query(f"SELECT {source}"))


@pytest.mark.parametrize("source", HASHES)
def test_no_two_events_share_an_id(engine: Engine, source: str) -> None:
    """Not even those that have no insert_id and are equal in everything."""
    hold_events(engine, *DISTINCT)

    assert len(DISTINCT) == len(set(ids(engine, source)))


@pytest.mark.parametrize("source", HASHES)
def test_an_id_stays_when_an_interval_is_exported_again(engine: Engine, source: str) -> None:
    """The version is no part of it, nor is the order of rows, nor what else was exported."""
    hold_events(engine, *DISTINCT)
    before = ids(engine, source)
    hold_events(engine, event("late"), *reversed(DISTINCT), version=2)

    assert set(before) < set(ids(engine, source))


@pytest.mark.parametrize("source", HASHES)
def test_an_id_stays_when_identities_merge(engine: Engine, source: str) -> None:
    """An event that is exported again under the id it resolves to by now is the same one."""
    hold_events(engine, event(distinct_id="$device:d"))
    before = ids(engine, source)
    hold_events(engine, MERGED, version=2)

    assert before == ids(engine, source)


@pytest.mark.parametrize("view", [*EVENTS, "mixpanel_mixpanel.mp_master_event"])
def test_an_identity_merge_between_two_exports_doubles_no_event(engine: Engine, view: str) -> None:
    """An event that is exported again under the id it resolves to by now is there once."""
    anonymous = event(distinct_id="$device:d")
    after = ("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z")
    engine.hold(
        "events",
        loaded("recent", DAY, NEXT_DAY, 1, [anonymous]) + loaded("recent", *after, 2, [MERGED]),
    )

    assert [{"events": 1}] == engine.query(f"SELECT COUNT(*) AS events FROM `{view}`")


def test_mixpanels_events_have_the_id_that_was_sent(engine: Engine) -> None:
    """As its pipeline writes them when they are ingested, whatever they resolve to since."""
    resolved = event("one", properties={"$distinct_id_before_identity": "$device:d"})
    hold_events(engine, resolved, event("two", distinct_id="bob"))
    found = engine.query("SELECT distinct_id FROM mixpanel_mixpanel.mp_master_event ORDER BY 1")

    assert [{"distinct_id": "$device:d"}, {"distinct_id": "bob"}] == found


def test_mixpanels_mappings_are_those_of_identity(engine: Engine) -> None:
    """Under the name that Mixpanel gives the resolved id."""
    hold_events(engine, event(device_id="d", user_id="ann"))
    found = engine.query(
        "SELECT distinct_id, resolved_distinct_id"
        " FROM mixpanel_mixpanel.mp_identity_mappings_data_view ORDER BY 1"
    )

    expected = [("$device:d", "ann"), ("ann", "ann")]
    assert expected == [(row["distinct_id"], row["resolved_distinct_id"]) for row in found]


PROFILE = {
    "distinct_id": "ann",
    "last_seen": "2026-11-22T08:00:00",
    "as_of": "2026-11-22T09:00:00Z",
    "properties": {"$last_seen": "2026-11-22T08:00:00", "$email": "ann@acme.example", "plan": "a"},
}
SEEN, AS_OF = datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        pytest.param(
            "mixpanel_mixpanel.mp_people_data_view",
            {"distinct_id": "ann", "properties": PROFILE["properties"]},
            id="mixpanel",
        ),
        pytest.param(
            "mixpanel_airbyte.engage",
            {
                "distinct_id": "ann",
                "last_seen": SEEN,
                "email": "ann@acme.example",
                "name": None,
                "browser_version": "",
                "_airbyte_extracted_at": AS_OF,
                "_airbyte_generation_id": 0,
                "_airbyte_meta": {"changes": [], "sync_id": 0},
            },
            id="airbyte",
        ),
        pytest.param(
            "mixpanel_singer.engage",
            {
                "distinct_id": "ann",
                "mp_reserved_last_seen": SEEN,
                "mp_reserved_email": "ann@acme.example",
                "mp_reserved_name": None,
                "_sdc_extracted_at": AS_OF,
                "_sdc_deleted_at": None,
                "_sdc_sequence": round(AS_OF.timestamp()) * 10**9,
            },
            id="singer",
        ),
    ],
)
def test_profiles_are_those_of_people(engine: Engine, view: str, expected: Json) -> None:
    """One row for each, in the columns of the vendor."""
    snapshot = loaded("snapshot", DAY, NEXT_DAY, 1, [PROFILE], as_of=PROFILE["as_of"])
    engine.hold("people", snapshot)
    columns = ", ".join(expected)

    assert [expected] == engine.query(f"SELECT {columns} FROM `{view}`")
