"""Fetches of people as tests write them down, and what the views make of them, as short."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.sql import model
from tests.sql.engines import Engine
from tests.sql.histories import DAY, MIDNIGHT, profile
from tests.sql.model import Load

Version = tuple[str, str | None, int | None, int | None]
"""Whose profile, its name, and the minutes of the day from and until when; deleted, no name."""


def at(minute: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=minute, microseconds=1)


def fetch(mode: str, as_of: int, profiles: str, *, day: int = 0, version: int = 0) -> Load:
    """Profiles like `ann:old bob:old`, as of a minute; the request was published before."""
    pairs = (each.split(":") for each in profiles.split())
    rows = tuple(profile(who, name=name) for who, name in pairs)
    start = MIDNIGHT + day * DAY
    return Load(mode, start, start + DAY, version or as_of, rows, at(as_of))


def snapshot(as_of: int, profiles: str, **request: int) -> Load:
    return fetch("snapshot", as_of, profiles, **request)


def changes(as_of: int, profiles: str, **request: int) -> Load:
    return fetch("changes", as_of, profiles, **request)


def people_of(engine: Engine) -> dict[str, str]:
    """The name of each profile that is shown."""
    rows = engine.query(
        "SELECT distinct_id, JSON_VALUE(properties, '$.name') AS name FROM mixpanel.people"
    )
    names = {row["distinct_id"]: row["name"] for row in rows}
    assert len(names) == len(rows)
    return names


def history_of(engine: Engine) -> list[Version]:
    """Every version, by whose it is and since when."""
    rows = engine.query(
        "SELECT * EXCEPT (properties), JSON_VALUE(properties, '$.name') AS name"
        " FROM mixpanel.people_history"
    )
    versions = [
        (row["distinct_id"], row["name"], minute(row["valid_from"]), minute(row["valid_to"]))
        for row in rows
    ]
    assert [row["name"] is None for row in rows] == [row["is_deleted"] for row in rows]
    return in_order(versions)


def minute(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - MIDNIGHT) // timedelta(minutes=1)


def in_order(versions: list[Version]) -> list[Version]:
    """By whose they are and since when, those of no duration first."""
    return sorted(versions, key=lambda each: (each[0], each[2], each[3] is None, each[3]))


def modelled(loads: list[Load]) -> tuple[dict[str, str], list[Version]]:
    """What the model shows and tells."""
    names = {row["distinct_id"]: row["properties"]["name"] for row in model.people(loads)}
    versions = [
        (
            row["distinct_id"],
            None if row["is_deleted"] else row["properties"]["name"],
            minute(row["valid_from"]),
            minute(row["valid_to"]),
        )
        for row in model.people_history(loads)
    ]
    return names, in_order(versions)
