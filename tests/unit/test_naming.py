from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mixpanel_export.errors import NotOurs
from mixpanel_export.intervals import Interval
from mixpanel_export.naming import ObjectName, day_prefix
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from tests.strategies import environments, object_names

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
NAME = ObjectName(RECENT, Interval(EIGHT, EIGHT + timedelta(hours=1)), 1795338900123456)
PATH = "events/date=2026-11-22/20261122T080000Z_20261122T090000Z/1795338900123456.ndjson.gz"


def test_a_path_holds_table_day_interval_and_version() -> None:
    """The path is the one that design and lifecycle rules speak of."""
    assert PATH == NAME.path
    assert f"rejects/{PATH}" == NAME.rejects_path
    assert NAME == ObjectName.parse(PATH)


@given(object_names)
def test_a_name_round_trips_through_its_path(name: ObjectName) -> None:
    """Parsing a path gives the name it was made from."""
    assert name == ObjectName.parse(name.path)


@given(object_names)
def test_a_name_is_listed_under_the_day_its_interval_starts_on(name: ObjectName) -> None:
    """One prefix per UTC day finds every object of the day, and no reject."""
    prefix = day_prefix(name.series, name.interval.start.date())

    assert name.path.startswith(prefix)
    assert not name.rejects_path.startswith(prefix)


@pytest.mark.parametrize(
    ("prefix", "series"),
    [
        ("events/date=2026-11-22/", RECENT),
        ("events/sweep/date=2026-11-22/", SWEEP),
        ("people/snapshot/date=2026-11-22/", SNAPSHOT),
        ("people/changes/date=2026-11-22/", CHANGES),
    ],
)
def test_each_series_has_a_prefix_of_its_own(prefix: str, series: Series) -> None:
    """Storage notifications filter on the table, which is the first part of it."""
    assert prefix == day_prefix(series, date(2026, 11, 22))
    assert prefix.startswith(f"{series.table}/")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="empty"),
        pytest.param(f"rejects/{PATH}", id="rejects"),
        pytest.param("incoming/4f2c8a54-58f5-4b43-b2f5-2b1c9d1f0a11", id="being uploaded"),
        pytest.param(f"/{PATH}", id="leading slash"),
        pytest.param(f"{PATH}\n", id="trailing newline"),
        pytest.param(f"{PATH}.tmp", id="trailing junk"),
        pytest.param(PATH.removesuffix(".gz"), id="not compressed"),
        pytest.param(PATH.replace("events", "people"), id="unknown table"),
        pytest.param(PATH.replace("events", "EVENTS"), id="upper case table"),
        pytest.param(PATH.replace("=2026-11-22", "=2026-11-23"), id="another date folder"),
        pytest.param(PATH.replace("date=2026-11-22/", ""), id="no date folder"),
        pytest.param(PATH.replace("0000Z", "3000Z"), id="unaligned"),
        pytest.param(PATH.replace("T090000Z", "T080000Z"), id="empty interval"),
        pytest.param(PATH.replace("T090000Z", "T070000Z"), id="inverted interval"),
        pytest.param(PATH.replace("T090000Z", "T081100Z"), id="11 minutes"),
        pytest.param(PATH.replace("T090000Z", "T250000Z"), id="25 o'clock"),
        pytest.param(PATH.replace("T090000Z", "T085960Z"), id="leap second"),
        pytest.param(PATH.replace("1122T", "1131T"), id="31 November"),
        pytest.param(PATH.replace("20261122", "00001122"), id="year 0"),
        pytest.param(PATH.replace("T080000Z", "T080000"), id="no zone"),
        pytest.param(PATH.replace("/1795", "/01795"), id="leading zero in version"),
        pytest.param(PATH.replace("1795338900123456", "0"), id="version 0"),
        pytest.param(PATH.replace("1795338900123456", "-1"), id="negative version"),
        pytest.param(PATH.replace("1795338900123456", "1" * 20), id="version too long"),
        pytest.param(PATH.replace("1795338900123456", "\u0663"), id="digits of another script"),
        pytest.param(PATH.replace("2026-", "\u0662\u0660\u0662\u0666-"), id="foreign date"),
    ],
)
def test_near_misses_are_not_ours(path: str) -> None:
    """A path that differs in anything from one we would give is not ours; the path is named."""
    with pytest.raises(NotOurs, match=re.escape(f"object {path!r} ")):
        ObjectName.parse(path)


@given(st.text() | object_names.map(lambda name: name.path), st.data())
def test_no_path_is_misread(path: str, data: st.DataObject) -> None:
    """Any text is either the path of exactly the name read from it, or not ours."""
    at = data.draw(st.integers(0, len(path)))
    until = data.draw(st.integers(at, min(len(path), at + 3)))
    path = path[:at] + data.draw(st.text(max_size=3)) + path[until:]

    try:
        name = ObjectName.parse(path)
    except NotOurs:
        return

    assert path == name.path


def test_a_job_id_names_environment_object_and_attempt() -> None:
    """The job id can be read by a person who looks for it."""
    expected = "prod-load-events-20261122T080000Z_20261122T090000Z-1795338900123456-a2"

    assert expected == NAME.job_id("prod", 2)


@given(st.text(max_size=40), object_names, st.integers(0, 10**6))
def test_a_job_id_is_one_for_bigquery(environment: str, name: ObjectName, attempt: int) -> None:
    """Whatever the environment is called, BigQuery takes the id."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,1024}", name.job_id(environment, attempt))


@given(
    st.tuples(environments, object_names, st.integers(0, 99)),
    st.tuples(environments, object_names, st.integers(0, 99)),
)
def test_job_ids_differ_for_different_loads(
    one: tuple[str, ObjectName, int], other: tuple[str, ObjectName, int]
) -> None:
    """Environment, table, interval, version and attempt each make another id."""
    ids = {name.job_id(environment, attempt) for environment, name, attempt in (one, other)}

    assert len({one, other}) == len(ids)


@given(environments, object_names, st.integers(0, 99), st.data())
def test_a_job_id_gives_everything_back(
    environment: str, name: ObjectName, attempt: int, data: st.DataObject
) -> None:
    """Read from its end, an id has one meaning only, even if the environment looks like one."""
    environment = data.draw(st.sampled_from([environment, "a-load-events-1-a1", "prod-"]))
    pattern = r"(.*)-load-([a-z]+(?:-[a-z]+)?)-(\d{8}T\d{6}Z_\d{8}T\d{6}Z)-(\d+)-a(\d+)"

    match = re.fullmatch(pattern, name.job_id(environment, attempt))

    assert match
    series, span, version = match[2].replace("-", "/"), match[3], match[4]
    day = f"{span[:4]}-{span[4:6]}-{span[6:8]}"
    assert name == ObjectName.parse(f"{series}/date={day}/{span}/{version}.ndjson.gz")
    assert (environment, attempt) == (match[1], int(match[5]))


@given(object_names, st.integers(1, 10**9))
def test_a_newer_version_sorts_after_an_older_one(name: ObjectName, later: int) -> None:
    """Of one interval, the newest version is the greatest."""
    newer = ObjectName(name.series, name.interval, name.version + later)
    assume(newer.version < 10**19)

    assert name < newer
