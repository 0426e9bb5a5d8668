"""Settings that are right one by one must also go together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import Setup
from mixpanel_export.settings import PlannerSettings
from tests.strategies import LENGTHS

PLANNER = {
    "GCP_PROJECT_ID": "some-project",
    "EXPORT_BUCKET": "some-exports",
    "BIGQUERY_LOCATION": "EU",
    "EXPORT_SINCE": "2026-03-01",
}
MINUTES = [length.total_seconds() // 60 for length in LENGTHS]
lengths = st.sampled_from([f"{minutes:.0f}" for minutes in MINUTES])
ENVIRONMENTS = st.fixed_dictionaries(
    {
        "TABLES": st.sampled_from(["events", "people", "events,people"]),
        "INTERVAL_MINUTES": lengths,
        "SETTLE_MINUTES": st.integers(0, 1440).map(str),
        "VERIFY_AFTER_HOURS": st.integers(0, 168).map(str),
        "SWEEP_DAYS": st.sampled_from(["0", "8", "100"]),
        "PEOPLE_SNAPSHOT_MINUTES": st.just("0") | lengths,
        "PEOPLE_CHANGES_MINUTES": st.just("0") | lengths,
        "HEAL_HORIZON_HOURS": st.integers(1, 744).map(str),
        "REQUESTS_PER_HOUR": st.one_of(st.integers(4, 130), st.integers(4, 1000)).map(str),
    }
)


def problems(env: dict[str, str]) -> list[str]:
    """What is wrong with these settings; nothing if they are right."""
    try:
        PlannerSettings.from_env(PLANNER | env)
    except Setup as setup:
        return [line.removeprefix("- ") for line in str(setup).split("\n")[1:]]
    return []


def remedies(problem: str) -> list[dict[str, str]]:
    """The variables that each of the ways would set, which a problem names."""
    name, _, rest = problem.partition(" is ")
    ways = rest.partition("allowed: ")[2].split(", or ")
    return [dict(_setting(name, part) for part in way.split(" and ")) for way in ways]


def _setting(name: str, part: str) -> tuple[str, str]:
    *words, value = part.split()
    return (name if not words or words == ["at", "least"] else words[0]), value


INTERVALS_ALONE = {"VERIFY_AFTER_HOURS": "0", "SWEEP_DAYS": "0"}
# What is set, and all that is refused then.
REFUSED: dict[str, tuple[dict[str, str], list[str]]] = {
    "an interval of a minute": (
        {"INTERVAL_MINUTES": "1"},
        [
            (
                "INTERVAL_MINUTES is '1'; it needs 122 export requests an hour, more than"
                " REQUESTS_PER_HOUR 40; allowed: at least 4, or VERIFY_AFTER_HOURS 0 and at least"
                " 2"
            ),
        ],
    ),
    "one without second looks": (
        {"INTERVAL_MINUTES": "1", "VERIFY_AFTER_HOURS": "0"},
        [
            (
                "INTERVAL_MINUTES is '1'; it needs 62 export requests an hour, more than"
                " REQUESTS_PER_HOUR 40; allowed: at least 2"
            ),
        ],
    ),
    "an interval just too short": (
        {"INTERVAL_MINUTES": "3"},
        [
            (
                "INTERVAL_MINUTES is '3'; it needs 42 export requests an hour, more than"
                " REQUESTS_PER_HOUR 40; allowed: at least 4, or VERIFY_AFTER_HOURS 0 and at least"
                " 2"
            ),
        ],
    ),
    "a budget just too small for the default": (
        {"REQUESTS_PER_HOUR": "3"},
        ["REQUESTS_PER_HOUR is '3'; allowed: a whole number from 4 to 1000"],
    ),
    "two intervals in some hours": (
        {"REQUESTS_PER_HOUR": "5", "INTERVAL_MINUTES": "48"},
        [
            (
                "INTERVAL_MINUTES is '48'; it needs 6 export requests an hour, more than"
                " REQUESTS_PER_HOUR 5; allowed: at least 60, or VERIFY_AFTER_HOURS 0 and at least"
                " 20"
            ),
        ],
    ),
    "none to spare for gaps": (
        {"REQUESTS_PER_HOUR": "4", "INTERVAL_MINUTES": "15"} | INTERVALS_ALONE,
        [
            (
                "INTERVAL_MINUTES is '15'; it needs 5 export requests an hour, more than"
                " REQUESTS_PER_HOUR 4; allowed: at least 20"
            ),
        ],
    ),
    "changes too often": (
        {"PEOPLE_CHANGES_MINUTES": "1"},
        [
            (
                "PEOPLE_CHANGES_MINUTES is '1'; people need 62 query requests an hour, more than"
                " REQUESTS_PER_HOUR 40; allowed: at least 2"
            ),
        ],
    ),
    "snapshots and changes too often": (
        {"PEOPLE_SNAPSHOT_MINUTES": "2", "PEOPLE_CHANGES_MINUTES": "1"},
        [
            (
                "PEOPLE_SNAPSHOT_MINUTES is '2'; people need 91 query requests an hour, more than"
                " REQUESTS_PER_HOUR 40; allowed: at least 4"
            ),
            (
                "PEOPLE_CHANGES_MINUTES is '1'; people need 91 query requests an hour, more than"
                " REQUESTS_PER_HOUR 40; allowed: at least 4"
            ),
        ],
    ),
    "a day's snapshot above an hour's changes": (
        {"PEOPLE_CHANGES_MINUTES": "20", "REQUESTS_PER_HOUR": "4", "TABLES": "people"},
        [
            (
                "PEOPLE_CHANGES_MINUTES is '20'; people need 5 query requests an hour, more than"
                " REQUESTS_PER_HOUR 4; allowed: at least 30"
            ),
        ],
    ),
    "changes too often beside snapshots that may stay": (
        {
            "TABLES": "people",
            "PEOPLE_SNAPSHOT_MINUTES": "60",
            "PEOPLE_CHANGES_MINUTES": "1",
            "REQUESTS_PER_HOUR": "4",
        },
        [
            (
                "PEOPLE_CHANGES_MINUTES is '1'; people need 62 query requests an hour, more than"
                " REQUESTS_PER_HOUR 4; allowed: at least 30"
            ),
        ],
    ),
    "people in no mode": (
        {"PEOPLE_SNAPSHOT_MINUTES": "0"},
        [
            (
                "PEOPLE_SNAPSHOT_MINUTES is '0'; TABLES has people and neither mode is on;"
                " allowed: 1440, or PEOPLE_CHANGES_MINUTES 60, or TABLES events"
            ),
        ],
    ),
    "a second look with the first": (
        {"SETTLE_MINUTES": "60", "VERIFY_AFTER_HOURS": "1"},
        [
            (
                "VERIFY_AFTER_HOURS is '1'; SETTLE_MINUTES 60 is not shorter;"
                " allowed: 0, or at least 2"
            ),
        ],
    ),
    "a second look before the first": (
        {"SETTLE_MINUTES": "1440", "VERIFY_AFTER_HOURS": "2"},
        [
            (
                "VERIFY_AFTER_HOURS is '2'; SETTLE_MINUTES 1440 is not shorter;"
                " allowed: 0, or at least 25"
            ),
        ],
    ),
    "a horizon just too near for second looks": (
        {"HEAL_HORIZON_HOURS": "25"},
        [
            (
                "HEAL_HORIZON_HOURS is '25'; it must hold SETTLE_MINUTES, INTERVAL_MINUTES and"
                " VERIFY_AFTER_HOURS together; allowed: at least 26"
            ),
        ],
    ),
    "second looks beyond the horizon": (
        {"VERIFY_AFTER_HOURS": "168"},
        [
            (
                "HEAL_HORIZON_HOURS is '168' (the default); it must hold SETTLE_MINUTES,"
                " INTERVAL_MINUTES and VERIFY_AFTER_HOURS together; allowed: at least 170"
            ),
        ],
    ),
    "what is wrong by itself": (
        {"INTERVAL_MINUTES": "7", "REQUESTS_PER_HOUR": "4", "HEAL_HORIZON_HOURS": "1"},
        [
            (
                "INTERVAL_MINUTES is '7'; allowed: minutes that divide 24 hours, such as 5, 15, 60"
                " or 1440"
            ),
        ],
    ),
}
ACCEPTED = {
    "the defaults": {},
    "as many exports as the budget has": {"INTERVAL_MINUTES": "1", "REQUESTS_PER_HOUR": "122"},
    "as many queries": {"PEOPLE_CHANGES_MINUTES": "2", "REQUESTS_PER_HOUR": "32"},
    "events that nobody wants": {"TABLES": "people", "INTERVAL_MINUTES": "1"},
    "people whom nobody wants": {"TABLES": "events", "PEOPLE_CHANGES_MINUTES": "1"},
    "no mode of people whom nobody wants": {"TABLES": "events", "PEOPLE_SNAPSHOT_MINUTES": "0"},
    "changes alone": {"PEOPLE_SNAPSHOT_MINUTES": "0", "PEOPLE_CHANGES_MINUTES": "60"},
    "the smallest budget": {"REQUESTS_PER_HOUR": "4"},
    "without second looks": {"INTERVAL_MINUTES": "30", "REQUESTS_PER_HOUR": "4"} | INTERVALS_ALONE,
    "a second look just after the first": {"SETTLE_MINUTES": "59", "VERIFY_AFTER_HOURS": "1"},
    "no second look": {"SETTLE_MINUTES": "1440", "VERIFY_AFTER_HOURS": "0"},
    "a horizon that just holds all": {"HEAL_HORIZON_HOURS": "25", "SETTLE_MINUTES": "0"},
}


@pytest.mark.parametrize(("env", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_together_is_refused(env: dict[str, str], expected: list[str]) -> None:
    """Each problem names the variable, the reason and a value that would do."""
    assert expected == problems(env)


@pytest.mark.parametrize("env", ACCEPTED.values(), ids=ACCEPTED)
def test_what_just_goes_together_is_taken(env: dict[str, str]) -> None:
    """A bound belongs to what is allowed, and what is not wanted is not counted."""
    assert [] == problems(env)


def test_all_that_is_refused_is_said_at_once() -> None:
    """What is wrong by itself comes first, then what does not go together."""
    env = {
        "EXPORT_SINCE": "soon",
        "INTERVAL_MINUTES": "1",
        "PEOPLE_CHANGES_MINUTES": "1",
        "SETTLE_MINUTES": "60",
        "VERIFY_AFTER_HOURS": "1",
        "HEAL_HORIZON_HOURS": "1",
    }

    assert [
        "EXPORT_SINCE",
        "INTERVAL_MINUTES",
        "PEOPLE_CHANGES_MINUTES",
        "VERIFY_AFTER_HOURS",
        "HEAL_HORIZON_HOURS",
    ] == [problem.split()[0] for problem in problems(env)]


@given(ENVIRONMENTS, st.data())
def test_what_a_message_advises_helps(env: dict[str, str], data: st.DataObject) -> None:
    """Whichever way is chosen for each problem; a longer interval may need a longer horizon."""
    for _ in range(2):
        for problem in problems(env):
            env |= data.draw(st.sampled_from(remedies(problem)))

    assert [] == problems(env)
