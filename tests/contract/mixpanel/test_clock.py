"""One clock for the calendar and the quotas, until a test sets them apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from local.clock import Clock
from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import OLD, at, export, happen, names

SUNDAY, MONDAY = at("2026-11-22T12:00:00+00:00"), at("2026-11-23T12:00:00+00:00")


@pytest.fixture(name="clock")
def _clock() -> Clock:
    clock = Clock()
    clock.set(SUNDAY)
    return clock


@pytest.fixture(name="mixpanel")
def _mixpanel(clock: Clock) -> Iterator[MixpanelSimulator]:
    with MixpanelSimulator(clock=clock) as simulator:
        simulator.add_project(OLD)
        yield simulator


def move(mixpanel: MixpanelSimulator, **clocks: Any) -> Any:
    response = requests.post(f"{mixpanel.url}/_admin/clock", json=clocks, timeout=5)
    assert response.ok, response.text
    return response.json()


def used(mixpanel: MixpanelSimulator) -> tuple[int, int]:
    usage = mixpanel.usage()[str(OLD)]["export"]
    return usage["last_hour"], usage["last_second"]


def test_visible_events_follow_the_clock(mixpanel: MixpanelSimulator, clock: Clock) -> None:
    """An event is there when the clock has reached it, and not any more once it is put back."""
    happen(mixpanel, "2026-11-22T11:00:00Z", name="sunday")
    happen(mixpanel, "2026-11-23T11:00:00Z", name="monday")
    seen = []

    for moment in (SUNDAY, MONDAY, SUNDAY):
        clock.set(moment)
        seen.append(names(export(mixpanel, to_date=f"{moment:%Y-%m-%d}")))

    assert [["sunday"], ["sunday", "monday"], ["sunday"]] == seen


def test_quotas_follow_the_clock(mixpanel: MixpanelSimulator, clock: Clock) -> None:
    """The hour and the second of a quota end at the clock's moment, wherever it was moved."""
    statuses = [export(mixpanel).status_code for _ in range(4)]
    counts = [used(mixpanel)]
    for moment in (MONDAY, SUNDAY):
        clock.set(moment)
        counts.append(used(mixpanel))

    assert [200, 200, 200, 429] == statuses
    assert [(4, 4), (0, 0), (4, 4)] == counts


def test_clock_put_back_takes_no_quota_away(mixpanel: MixpanelSimulator, clock: Clock) -> None:
    """Calls that the clock has yet to reach again do not count until it does."""
    clock.set(MONDAY)
    for _ in range(3):
        export(mixpanel)
    clock.set(SUNDAY)
    counts, statuses = [used(mixpanel)], [export(mixpanel).status_code]
    counts.append(used(mixpanel))
    clock.set(MONDAY)
    statuses.append(export(mixpanel).status_code)
    counts.append(used(mixpanel))

    assert ([200, 429], [(0, 0), (1, 1), (4, 4)]) == (statuses, counts)


def test_calendar_in_real_time(mixpanel: MixpanelSimulator, clock: Clock) -> None:
    """The calendar can leave the shared clock for good, and the quotas stay with it."""
    mixpanel.calendar.follow(None)
    clock.set(MONDAY)
    shown = move(mixpanel)
    difference = datetime.now(UTC) - datetime.fromisoformat(shown["calendar"])

    assert abs(difference) < timedelta(minutes=1)
    assert "2026-11-23T12:00:00+00:00" == shown["limiter"]


def test_set_apart_and_together_again(mixpanel: MixpanelSimulator, clock: Clock) -> None:
    """The admin's clocks leave the shared one alone, and null makes them follow it again."""
    shown = [
        move(mixpanel, calendar="2026-11-20T00:00:00Z", advance_limiter_seconds=60),
        move(mixpanel, calendar=None),
    ]
    clock.set(MONDAY)
    shown.append(move(mixpanel))
    shown.append(move(mixpanel, limiter=None))

    assert [
        ("2026-11-20T00:00:00+00:00", "2026-11-22T12:01:00+00:00"),
        ("2026-11-22T12:00:00+00:00", "2026-11-22T12:01:00+00:00"),
        ("2026-11-23T12:00:00+00:00", "2026-11-23T12:01:00+00:00"),
        ("2026-11-23T12:00:00+00:00", "2026-11-23T12:00:00+00:00"),
    ] == [(each["calendar"], each["limiter"]) for each in shown]
