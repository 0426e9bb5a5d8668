"""Google's analyzer accepts all SQL that Terraform deploys, and refuses it with a mistake in it.

Files are found in their folders: a new one is analyzed without being listed anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePath

import pytest

from local.bundles import ROOT
from tests.sql import mutants, project
from tests.sql.analyzer import Analyzer
from tests.sql.paths import Paths
from tests.sql.scripts import analyze_script
from tests.sql.server import Refused
from tests.sql.values import name_of, scalar

VIEWS = project.view_queries()
FUNCTIONS = project.table_functions()
JOBS = project.job_texts()
# Each statement or script of docs/sql.md, by the section in which it stands and its number there.
ADVISED = {
    f"{section.partition(chr(10))[0]} {number}": sql
    for section in re.split(r"\n##+ ", (ROOT / "docs" / "sql.md").read_text())
    for number, sql in enumerate(re.findall(r"```sql\n(.+?)```", section, re.DOTALL), 1)
}
# The reader's own tables that these name.
OWN = {
    "reports.events_by_day": {"event_date": "DATE", "event_name": "STRING", "events": "INT64"},
    "reports.loads_seen": {"object_name": "STRING"},
    "reports.runs": {"run_count": "INT64"},
}
# At most so many mistakes of a kind are tried in one view.
MOST = 15

# A view's column of a type, used as that type cannot be, and what Google says to it.
MISUSES = [
    ("TIMESTAMP", "SELECT 1 FROM {view} WHERE {column} = 5", "types: TIMESTAMP, INT64"),
    ("TIMESTAMP", "SELECT 1 FROM {view} WHERE {column} > 'a' || 'b'", "types: TIMESTAMP, STRING"),
    ("STRING", "SELECT 1 FROM {view} WHERE {column} = 5", "types: STRING, INT64"),
    ("INT64", "SELECT 1 FROM {view} WHERE {column} = 'a' || 'b'", "types: INT64, STRING"),
    ("STRING", "SELECT {column}, COUNT(*) FROM {view}", "neither grouped nor aggregated"),
    ("JSON", "SELECT COUNT(*) FROM {view} GROUP BY {column}", "type JSON is not allowed"),
    ("JSON", "SELECT 1 FROM {view} WHERE {column} = {column}", "Equality is not defined"),
    ("JSON", "SELECT DISTINCT {column} FROM {view}", "cannot be used in SELECT DISTINCT"),
    (
        "JSON",
        "SELECT 1 FROM {view} ORDER BY {column}",
        "does not support expressions of type JSON",
    ),
]
# A mistake in a file as it is: its text, what stands there instead, and what Google says to it.
MISTAKES = [
    ("mixpanel.events", "WHERE e.time IS", "WHERE e.tme IS", "Name tme not found inside e"),
    ("mixpanel.events", "MAX(_version)", "MAX(version)", "Unrecognized name: version"),
    ("mixpanel.events", ".mixpanel_raw.events` AS", ".mixpanel_raw.event` AS", "Table not found"),
    ("mixpanel.events", "e._version = l._version", "e.time = l._version", "TIMESTAMP, INT64"),
    ("mixpanel.events", "e.distinct_id, e.insert_id", "e.properties", "type JSON is not allowed"),
    ("mixpanel.events", "_interval_start, _interval_end\n)", "_interval_start\n)", "neither"),
    ("mixpanel.loads", "TIMESTAMP_MICROS(_version)", "TIMESTAMP_MICROS(_mode)", "STRING"),
]


def refusal(analyzer: Analyzer, sql: str) -> str:
    """What Google says of a statement that it does not accept."""
    try:
        analyzer.analyze(sql)
    except Refused as refused:
        return str(refused)
    return ""


@pytest.fixture(name="reader", scope="module")
def _reader(analyzer: Analyzer) -> Analyzer:
    """With the tables that a reader of docs/sql.md has made."""
    own = {
        table: [{"name": column, "type": kind} for column, kind in columns.items()]
        for table, columns in OWN.items()
    }
    return Analyzer(analyzer.google.server, own)


def test_no_file_is_left_out() -> None:
    """All SQL is a view, a table function, a vendor's view, or of a scheduled query."""
    views = (name.split(".") for name in VIEWS)
    expected = {
        *(
            f"views/{name}.sql"
            if dataset == project.DATASET
            else f"compatibility/{dataset.removeprefix('mixpanel_')}/{name}.sql"
            for dataset, name in views
        ),
        *(f"table_functions/{name.partition('.')[2]}.sql" for name in FUNCTIONS),
        *(f"maintenance/{name}.sql" for name in JOBS),
    }
    found = (path.relative_to(project.TERRAFORM) for path in project.TERRAFORM.rglob("*.sql"))
    assert expected == {PurePath(path).as_posix() for path in found}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_right(analyzer: Analyzer, name: str) -> None:
    """Over the columns that the raw tables, or the views it reads, really have."""
    assert analyzer.columns(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_table_function_is_right(analyzer: Analyzer, name: str) -> None:
    """Called with expressions of the types that it declares, and with no others."""
    kinds = [argument.data_type.type_kind.value for argument in FUNCTIONS[name].arguments]
    typed = ", ".join(f"CAST(NULL AS {kind})" for kind in kinds)
    wrong = ", ".join("ST_GEOGPOINT(1, 2)" for _ in kinds)

    assert analyzer.analyze(f"SELECT * FROM `shop.{name}`({typed})")
    assert "No matching signature" in refusal(analyzer, f"SELECT * FROM `shop.{name}`({wrong})")


@pytest.mark.parametrize("name", JOBS)
def test_a_scheduled_query_is_right(analyzer: Analyzer, name: str) -> None:
    """Every statement of it, with the variables that are there where it stands."""
    analyze_script(analyzer, JOBS[name])


@pytest.mark.parametrize("name", VIEWS)
def test_views_have_two_tiers(analyzer: Analyzer, name: str) -> None:
    """A base view reads raw tables alone; any other one, a vendor's too, base views alone.

    Base views, all in the analysts' dataset, are authorised on the raw tables one by one, so
    nothing else could read them.
    """
    read = {view: analyzer.flat(sql)[1] for view, sql in VIEWS.items()}
    ours = {view for view in VIEWS if view.startswith(f"{project.DATASET}.")}
    base = {view for view in ours if read[view] <= project.raw_schemas().keys()}

    assert read[name]
    assert name in base or read[name] <= base


@pytest.mark.parametrize(("name", "text", "instead", "words"), MISTAKES)
def test_a_mistake_is_refused(
    analyzer: Analyzer, name: str, text: str, instead: str, words: str
) -> None:
    """A wrong column, type or grouping in a file as it is deployed; Google says what is wrong."""
    assert VIEWS[name].count(text) == 1

    assert words in refusal(analyzer, VIEWS[name].replace(text, instead))


@pytest.mark.parametrize(("kind", "sql", "words"), MISUSES)
def test_a_column_is_not_used_as_another_type(
    analyzer: Analyzer, kind: str, sql: str, words: str
) -> None:
    """In each view that has a column of this type; so its columns carry their types on."""
    answers = {}
    for view in VIEWS:
        typed = (name for name, each in analyzer.columns(view).items() if name_of(each) == kind)
        for column in list(typed)[:1]:
            answers[view] = refusal(analyzer, sql.format(view=view, column=column))

    assert answers
    assert {} == {view: answer for view, answer in answers.items() if words not in answer}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize(
    "mistakes",
    [mutants.misspelt, mutants.compared_with_another_type, mutants.grouped_by_one_less],
    ids=lambda each: each.__name__,
)
def test_no_mistake_in_a_view_is_accepted(
    analyzer: Analyzer, name: str, mistakes: Callable[[Paths, str], Iterator[str]]
) -> None:
    """A misspelt name, a type that does not fit, a GROUP BY without a column, anywhere in it."""
    changed = list(mistakes(analyzer.google.paths, VIEWS[name]))
    tried = changed[:: len(changed) // MOST + 1]

    assert [] == [each for each in tried if not refusal(analyzer, each)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_misspelt_name_in_a_table_function_is_accepted(analyzer: Analyzer, name: str) -> None:
    """Its arguments included."""
    routine = FUNCTIONS[name]
    arguments = {each.name: scalar(each.data_type.type_kind.value) for each in routine.arguments}
    analyzer.analyze(routine.body, arguments)

    for changed in mutants.misspelt(analyzer.google.paths, routine.body):
        with pytest.raises(Refused):
            analyzer.analyze(changed, arguments)


def test_no_mistake_in_a_script_is_accepted(analyzer: Analyzer) -> None:
    """A field that the row of a FOR does not have, and a variable of another type."""
    text = "FOR day IN (SELECT DATE '2026-11-22' AS d) DO "
    text += "SELECT 1 FROM mixpanel.events WHERE {}; END FOR"
    analyze_script(analyzer, text.format("DATE(time) = day.d"))

    for wrong in ("DATE(time) = day.e", "time = day.d", "DATE(time) = d"):
        with pytest.raises(Refused):
            analyze_script(analyzer, text.format(wrong))


@pytest.mark.parametrize("sql", ADVISED.values(), ids=ADVISED)
def test_what_the_document_advises_is_right(reader: Analyzer, sql: str) -> None:
    """Every statement, among them those that only the emulator runs."""
    analyze_script(reader, sql)
