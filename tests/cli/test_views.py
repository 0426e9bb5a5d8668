"""Which columns a typed view has, how they are named, and what a human may change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mixpanel_export.errors import Setup
from mixpanel_export_cli import columns_file
from mixpanel_export_cli.column_names import free_name, is_allowed, plain_name
from mixpanel_export_cli.property_catalog import query_of
from mixpanel_export_cli.typed_columns import (
    EVENT_COLUMNS,
    TYPES,
    Column,
    Property,
    chosen,
    remarks,
    type_of,
)
from mixpanel_export_cli.typed_view import MOST_CHARACTERS, literal, view_sql

ROOT = Path(__file__).resolve().parents[2]
JSON_TYPES = ("array", "boolean", "null", "number", "object", "string")

names = (
    st.text(max_size=12)
    | st.text("abcABC$_ .-1é", max_size=4)
    | st.sampled_from(
        ["$os", "os", "OS", "mp_os", "$mp_os", "os_2", "order", "properties", "ß", "SS"]
    )
    | st.sampled_from("x1é").map(lambda letter: letter * 400)
)
types = st.sets(st.sampled_from(JSON_TYPES), min_size=1)
catalogs = st.lists(
    st.builds(Property, names, types, st.sampled_from([0.0, 0.5, 1.0])),
    max_size=8,
    unique_by=lambda each: each.name,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plan", "plan"),
        ("$city", "mp_city"),  # As in Mixpanel's own pipeline.
        ("mp_country_code", "mp_country_code"),
        ("$mp_event_size", "mp_event_size"),
        ("Cart Size (# of Items)", "cart_size_of_items"),
        ("Größe in cm", "grosse_in_cm"),
        ("_id", "id"),
        ("a.b", "a_b"),
        ("123", "_123"),
        ("Order", "order_"),
        ("_PARTITIONTIME", "partitiontime"),
        ("价格", "property"),
        ("$", "mp"),
        ("", "property"),
        ("x" * 400, "x" * 290),
    ],
)
def test_a_name_follows_from_the_propertys(name: str, expected: str) -> None:
    """By the rule that the page for operators tells."""
    assert expected == plain_name(name)


@given(names, st.sets(names.map(plain_name)))
@example("x" * 400, {"x" * 290})
def test_a_name_is_free_and_allowed(name: str, taken: set[str]) -> None:
    """Whatever the property is called and whatever is taken."""
    found = free_name(name, taken)

    assert is_allowed(found)
    assert found == found.casefold()
    assert found not in taken


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("string", "STRING"),
        ("number", "FLOAT64"),
        ("boolean", "BOOL"),
        ("object", "JSON"),
        ("array", "JSON"),
        ("array object", "JSON"),
        ("null number", "FLOAT64"),
        ("null", "STRING"),
        ("number string", "STRING"),
        ("boolean number", "STRING"),
        ("array string", "STRING"),
    ],
)
def test_a_type_follows_from_the_types_seen(seen: str, expected: str) -> None:
    """One type of JSON is that type, several are text, and null says nothing."""
    assert expected == type_of(set(seen.split()))


@given(catalogs)
def test_a_column_is_chosen_for_each_property_that_is_seen_often(catalog: list[Property]) -> None:
    """Each once, in the order of the properties, under names of which no two are one."""
    columns = chosen(catalog, (), 0.5)

    expected = sorted(each.name for each in catalog if each.share >= 0.5)
    assert expected == [column.property for column in columns]
    used = [column.name.casefold() for column in columns if column.name]
    assert len(columns) == len(set(used))
    assert not set(used) & set(EVENT_COLUMNS)


@given(catalogs, catalogs)
def test_a_column_that_was_chosen_stays(earlier: list[Property], later: list[Property]) -> None:
    """Whatever comes, goes or collides; the same catalog in any order gives the same bytes."""
    kept = chosen(earlier, (), 0.5)
    remembered = columns_file.decode("file", columns_file.encode(kept)) if kept else []
    columns = chosen(later, remembered, 0.5)

    assert set(kept) <= set(columns)
    assert columns == chosen(list(reversed(later)), list(reversed(remembered)), 0.5)
    assert columns == chosen(later, columns, 0.5)
    assert view_sql(columns, "file") == view_sql(chosen(later, columns, 0.5), "file")


def test_a_newcomer_changes_no_line_of_the_view() -> None:
    """A difference shows what is new, and nothing else."""
    before = chosen([Property("b", {"string"}, 1), Property("d", {"number"}, 1)], (), 0)
    after = chosen([Property("c", {"boolean"}, 1)], before, 0)
    old, new = (view_sql(columns, "file").splitlines() for columns in (before, after))

    added = "  SAFE_CAST(JSON_VALUE(properties['c']) AS BOOL) AS `c`,"
    assert [added] == [line for line in new if line not in old]
    assert old == [line for line in new if line != added]


def test_what_events_hold_needs_no_column() -> None:
    """Properties that are columns of the view already are left out."""
    held = ["$device_id", "$insert_id", "$user_id", "distinct_id", "mp_processing_time_ms", "time"]

    assert [] == chosen([Property(name, {"string"}, 1) for name in held], (), 0)


@pytest.mark.parametrize("kept", [None, "town"])
def test_a_human_may_name_a_column_or_leave_it_out(kept: str | None) -> None:
    """What the file says of a property stays, and another may then have the name."""
    memory = [Column("$city", "STRING", kept)]
    catalog = [Property("$city", {"string"}, 1), Property("mp_city", {"string"}, 1)]

    assert [*memory, Column("mp_city", "STRING", "mp_city")] == chosen(catalog, memory, 0)
    assert (kept is not None) == ("$city" in view_sql(memory, "file"))


def test_a_column_that_is_blind_to_a_type_is_remarked() -> None:
    """Types may drift after a column was chosen; it keeps its type, and somebody is told."""
    columns = [
        Column("price", "FLOAT64", "price"),
        Column("when", "TIMESTAMP", "when_"),
        Column("name", "STRING", "name"),
        Column("gone", "BOOL", None),
    ]
    catalog = [
        Property("price", {"number", "string", "null"}, 1),
        Property("when", {"string", "null"}, 1),
        Property("name", {"string", "array"}, 1),
        Property("gone", {"string"}, 1),
    ]

    expected = (
        "price is FLOAT64, but 'price' is string, too: NULL there, unless it reads as one; "
        "STRING shows all"
    )
    assert [expected] == list(remarks(catalog, columns))


columns = st.builds(
    Column, names, st.sampled_from(TYPES), st.none() | names.map(plain_name)
).filter(lambda column: column.name not in EVENT_COLUMNS)


@given(
    st.lists(columns, unique_by=(lambda each: each.property, lambda each: each.name or object()))
)
def test_the_file_holds_what_was_written(written: list[Column]) -> None:
    """A line for each column, whatever its property is called."""
    text = columns_file.encode(written)

    assert written == columns_file.decode("file", text)
    assert len(written) == text.count('{"property": ')


_GOOD = {"property": "a", "type": "STRING", "column": "a"}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("nonsense", "holds no JSON array"),
        ({}, "holds no JSON array"),
        ([7], "7 has not exactly the keys property, type and column"),
        ([{**_GOOD, "note": ""}], "has not exactly the keys"),
        ([{**_GOOD, "property": 7}], "has a property that is no text"),
        ([{**_GOOD, "property": "\ud800"}], "has a property that is no text"),
        ([{**_GOOD, "type": "NUMERIC"}], "has another type than STRING, "),
        ([{**_GOOD, "type": ["STRING"]}], "has another type than STRING, "),
        ([{**_GOOD, "column": "a b"}], "has a column that is neither null nor a name"),
        ([{**_GOOD, "column": "_PARTITION_x"}], "has a column that is neither null nor a name"),
        ([{**_GOOD, "column": "x" * 301}], "has a column that is neither null nor a name"),
        ([_GOOD, {**_GOOD, "column": "b"}], "the property 'a' is there twice"),
        ([_GOOD, {**_GOOD, "property": "A", "column": "A"}], "the column A is there twice"),
        ([{**_GOOD, "column": "Event_Name"}], "or one of the view events"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(entries: object, said: str) -> None:
    """In one message that names the file."""
    text = entries if isinstance(entries, str) else json.dumps(entries)

    with pytest.raises(Setup, match=r"^file ") as refused:
        columns_file.decode("file", text)
    assert said in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Nobody corrects a file one line a call."""
    entries = [{**_GOOD, "type": "x", "column": "a b"}, 7]

    with pytest.raises(Setup) as refused:
        columns_file.decode("file", json.dumps(entries))
    assert 4 == len(str(refused.value).splitlines())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$city", "'$city'"),
        ("it's", r"'it\'s'"),
        ('"a\\b"', r"""'"a\\b"'"""),
        ("a\nb\x00", r"'a\u000ab\u0000'"),
        ("größe 😀", "'größe 😀'"),
        ("\u2028\U000e0001", r"'\u2028\U000e0001'"),
        ("${raw_dataset}%{if}$$ {", r"'\u0024{raw_dataset}\u0025{if}$$ {'"),
        ("$${x}", r"'$\u0024{x}'"),
    ],
)
def test_a_literal_hides_nothing_and_holds_no_template(text: str, expected: str) -> None:
    """What does not print is escaped, and so is what Terraform would fill in."""
    assert expected == literal(text)


@given(st.text("${}%\\'a", max_size=12))
def test_terraform_finds_no_template_in_a_literal(text: str) -> None:
    """Neither of its two beginnings, wherever a backslash stands."""
    assert not {"${", "%{"} & {
        a + b for a, b in zip(literal(text), literal(text)[1:], strict=False)
    }


def test_a_view_that_is_too_long_is_refused() -> None:
    """With what to do about it."""
    catalog: Sequence[Property] = [Property(f"p{n:05}" * 20, {"string"}, 1) for n in range(1000)]

    with pytest.raises(Setup) as refused:
        view_sql(chosen(catalog, (), 0), "the file")
    assert f"and BigQuery takes {MOST_CHARACTERS}: give a greater --min-share" in str(
        refused.value
    )


def test_the_columns_of_events_are_those_of_the_view() -> None:
    """All of the raw table but what the view leaves out."""
    schema = json.loads((ROOT / "terraform" / "schemas" / "events.json").read_text())
    left_out = {"_mode", "_interval_end", "_line"}

    assert EVENT_COLUMNS == tuple(each["name"] for each in schema if each["name"] not in left_out)


def test_the_catalog_of_a_stretch_is_the_query_of_the_view() -> None:
    """Over the function in place of the view, and nothing else is changed."""
    template = (ROOT / "terraform" / "views" / "property_catalog.sql").read_text()
    query = query_of(template, "project", "data")

    inserted = "`project.data.events_between`(@since, @until)"
    assert template == query.replace(inserted, "`${project_id}.${dataset}.events`")
    assert "${" not in query


def test_another_query_is_no_catalog() -> None:
    """Somebody may have changed the file."""
    with pytest.raises(Setup, match="restore it"):
        query_of("SELECT 1", "project", "data")
