"""Rows of load jobs: what arrives unchanged, and what fails the whole load."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest
from google.cloud import bigquery

from local.resources import raw_table
from tests.contract.bigquery.loading import (
    PEOPLE,
    TABLE,
    Objects,
    count,
    load,
    ndjson,
    row,
    submit,
    wait,
)


def test_values_arrive_as_sent(client: bigquery.Client, objects: Objects) -> None:
    """Times keep their microseconds, absent fields are NULL, JSON is nested JSON."""
    load(client, objects.put("a", ndjson(row(1, _version="1763798400123456"))))

    (found,) = client.query_and_wait(f"SELECT * FROM `{TABLE}`")

    assert datetime(2026, 11, 22, 8, 30, 0, 1, tzinfo=UTC) == found.time
    assert None is found.device_id
    assert {"amount": 1.5} == found.properties
    assert 1763798400123456 == found._version


CLOCKS = [
    "2026-11-22T08:30:00",
    "2026-11-22 08:30:00.000001",
    "2026-11-22",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.999999",
]
NO_CLOCKS = {
    "a zone": "2026-11-22T08:30:00Z",
    "an offset": "2026-11-22T08:30:00+01:00",
    "no such day": "2026-02-30T00:00:00",
    "no such hour": "2026-02-03T24:00:00",
    "nanoseconds": "2026-02-03T00:00:00.1234567",
    "no seconds": "2026-11-22T08:30",
    "slashes": "2026/11/22 08:30:00",
    "words": "soon",
    "nothing": "",
    "a number": 1763798400,
}


def profile(line: int, last_seen: str | int | None) -> dict[str, object]:
    frame = row(line)
    kept = ("distinct_id", "properties", "_mode", "_interval_start", "_interval_end", "_version")
    return {name: frame[name] for name in kept} | {"_line": line, "last_seen": last_seen}


@pytest.fixture(name="people")
def _people(client: bigquery.Client) -> bigquery.Client:
    client.create_table(raw_table("people", "shop"))
    return client


def test_a_datetime_is_a_clock_without_a_zone(people: bigquery.Client, objects: Objects) -> None:
    """It comes back as it was written, to the microsecond; NULL stays NULL."""
    rows = [profile(line, text) for line, text in enumerate([*CLOCKS, None])]
    load(people, objects.put("a", ndjson(*rows)), table=PEOPLE)

    found = people.query_and_wait(f"SELECT last_seen FROM {PEOPLE} ORDER BY _line")

    assert [*map(datetime.fromisoformat, CLOCKS), None] == [each.last_seen for each in found]
    assert "DATETIME" == found.schema[0].field_type
    since = "DATETIME '2026-11-22 08:30:00'"
    later = people.query_and_wait(f"SELECT _line FROM {PEOPLE} WHERE last_seen >= {since}")
    assert {0, 1, 4} == {each._line for each in later}


@pytest.mark.parametrize("value", NO_CLOCKS.values(), ids=NO_CLOCKS)
def test_what_is_no_datetime_fails_the_load(
    people: bigquery.Client, objects: Objects, value: str | int
) -> None:
    """A zone is not dropped in silence, and nothing is guessed."""
    job = load(people, objects.put("a", ndjson(profile(1, value))), table=PEOPLE)

    assert "invalid" == job.error_result["reason"]
    detail = " ".join(error["message"] for error in job.errors)
    assert "Could not convert value to datetime. Field: last_seen" in detail


NESTED = 500
JSON_VALUES = {
    "floats keep their double": "[67.174118,1685019801.1016695,1e-320,1.7976931348623157e308]",
    "integers up to uint64": "[18446744073709551615,-9223372036854775808]",
    "text beyond the BMP": '{"name":"é\u2028😀"}',
    "NUL in values and names": '{"a\\u0000b":"x\\u0000y"}',
    "keys of Mixpanel": '{"":1,"$os":"Mac"}',
    "deep nesting": "[" * NESTED + "]" * NESTED,
    "digits in text": '{"id":"123456789012345678901234567890"}',
    "a scalar": '"text"',
}


def test_json_is_kept(client: bigquery.Client, objects: Objects) -> None:
    """A JSON column gives back what was loaded, to the letter."""
    lines = [
        ndjson(row(1, event_name=name, properties="here")).decode().replace('"here"', text)
        for name, text in JSON_VALUES.items()
    ]

    job = load(client, objects.put("a", "".join(lines).encode()))

    assert None is job.error_result
    rows = client.query_and_wait(f"SELECT event_name, TO_JSON_STRING(properties) FROM {TABLE}")
    assert JSON_VALUES == dict(each.values() for each in rows)


def test_members_are_sorted(client: bigquery.Client, objects: Objects) -> None:
    """JSON has no order of members, so that text of the same value is the same."""
    line = ndjson(row(1, properties={"b": {"d": 1, "c": [{"f": 1, "e": 2}]}, "a": 2}))
    load(client, objects.put("a", line))

    (found,) = client.query_and_wait(f"SELECT TO_JSON_STRING(properties) FROM {TABLE}")

    assert '{"a":2,"b":{"c":[{"e":2,"f":1}],"d":1}}' == found[0]


def test_json_alone_is_kept(client: bigquery.Client, objects: Objects) -> None:
    """A table of one JSON column takes deep JSON too."""
    schema = [bigquery.SchemaField("only", "JSON")]
    client.create_table(bigquery.Table("shop.mixpanel_raw.alone", schema))
    deep = "[" * NESTED + "]" * NESTED

    uri = objects.put("a", b'{"only":%b}\n' % deep.encode())
    job = load(client, uri, table="shop.mixpanel_raw.alone")

    assert (None, 1) == (job.error_result, job.output_rows)


def test_duplicate_keys_keep_the_first(client: bigquery.Client, objects: Objects) -> None:
    """Of a key that occurs twice the first one is read, as in BigQuery."""
    line = ndjson(row(1, properties="here")).decode().replace('"here"', '{"a":1,"a":2}')
    load(client, objects.put("a", line.encode()))

    (found,) = client.query_and_wait(f"SELECT JSON_VALUE(properties, '$.a') FROM {TABLE}")

    assert "1" == found[0]


REFUSED_ROWS = {
    "unknown field": (json.dumps(row(2, extra=1)), "No such field: extra."),
    "field in other case": (json.dumps(row(2, Time=None)), "No such field: Time."),
    "NULL into REQUIRED": (json.dumps(row(2, _version=None)), "Only optional fields can be set"),
    "REQUIRED is missing": ('{"time":null}', "Missing required field: _mode."),
    "not a timestamp": (json.dumps(row(2, time="soon")), "Could not convert value to timestamp"),
    "no such day": (json.dumps(row(2, time="2026-02-30T00:00:00Z")), "Field: time"),
    "nanoseconds": (json.dumps(row(2, time="2026-02-03T00:00:00.1234567Z")), "Field: time"),
    "epoch": (json.dumps(row(2, time=1763798400)), "Could not convert value to timestamp"),
    "text into INT64": (json.dumps(row(2, _line="two")), "Could not convert value to integer"),
    "fraction into INT64": (json.dumps(row(2, _line=2.5)), "Could not convert value to integer"),
    "bool into INT64": (json.dumps(row(2, _line=True)), "Could not convert value to integer"),
    "too big for INT64": (json.dumps(row(2, _line=2**63)), "Could not convert value to integer"),
    "object into STRING": (json.dumps(row(2, user_id={})), "Could not convert value to string"),
    "cut JSON": ('{"time":', "JSON parsing error"),
    "NaN": ('{"properties":{"a":NaN}}', "JSON parsing error"),
    "Infinity": (json.dumps(row(2, properties=float("inf"))), "JSON parsing error"),
    "beyond FLOAT64": ('{"properties":{"a":1e400}}', "JSON parsing error"),
    "lone surrogate": ('{"properties":{"a":"\\ud800"}}', "JSON parsing error"),
    "beyond uint64": (json.dumps(row(2, properties=2**64)), "out of range"),
    "below int64": (json.dumps(row(2, properties=[-(2**63) - 1])), "out of range"),
    "too deep": (
        json.dumps(row(2, properties=0)).replace(": 0,", ": " + "[" * 501 + "]" * 501 + ","),
        "nesting depth",
    ),
    "an array": ("[1]", "Expected a JSON object"),
    "a key twice": (json.dumps(row(2))[:-1] + ', "_line": 3}', "duplicate key"),
    "bytes that are not UTF-8": ('{"event_name":"\udcff"}', "JSON parsing error"),
}


def test_one_bad_row_fails_the_whole_load(client: bigquery.Client, objects: Objects) -> None:
    """A row that does not fit ends the job as `invalid`; not one row is written."""
    jobs = {}
    for name, (bad, _why) in REFUSED_ROWS.items():
        lines = ndjson(row(1)) + bad.encode(errors="surrogateescape") + b"\n" + ndjson(row(3))
        jobs[name] = submit(client, objects.put(name, lines))

    for name, (_bad, why) in REFUSED_ROWS.items():
        job = wait(jobs[name])
        assert (name, "invalid") == (name, (job.error_result or {}).get("reason"))
        assert why in " ".join(error["message"] for error in job.errors)
    assert 0 == count(client)


def test_error_names_object_and_position(client: bigquery.Client, objects: Objects) -> None:
    """Details say which object is bad and where its bad row starts."""
    good = objects.put("good", ndjson(row(1)))
    bad = objects.put("bad", ndjson(row(2)) + b"{}\n")

    job = load(client, [good, bad])

    assert bad == job.error_result["location"]
    detail = job.errors[1]["message"]
    assert f"row starting at position {len(ndjson(row(2)))}: Missing required" in detail
    assert f"File: {bad}" in detail
    assert 0 == count(client)


def test_gzip_members_and_blank_lines(client: bigquery.Client, objects: Objects) -> None:
    """Several gzip members are one stream, whatever the name; blank lines are no rows."""
    data = gzip.compress(ndjson(row(1)) + b"\n \n") + gzip.compress(ndjson(row(2)))

    job = load(client, objects.put("no-suffix", data))

    assert 2 == job.output_rows
    assert 2 == count(client)


def test_empty_object_loads_nothing(client: bigquery.Client, objects: Objects) -> None:
    """An object without rows is a success with 0 rows."""
    assert 0 == load(client, objects.put("a", gzip.compress(b""))).output_rows


PACKED = gzip.compress(ndjson(row(1), row(2)))


@pytest.mark.parametrize(
    "data",
    [
        PACKED[:-9],  # cut within the data
        PACKED[:-4],  # cut within the trailer
        PACKED[:-8] + bytes(8),  # wrong checksum
        PACKED + b"more",  # something behind the end
    ],
)
def test_damaged_gzip_fails(client: bigquery.Client, objects: Objects, data: bytes) -> None:
    """A gzip object that is not whole fails the load."""
    job = load(client, objects.put("a", data))

    assert "invalid" == job.error_result["reason"]
    assert 0 == count(client)
