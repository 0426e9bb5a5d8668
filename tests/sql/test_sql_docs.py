"""docs/sql.md has the columns of every view, with the types that Google finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from local import views
from local.bundles import ROOT
from mixpanel_export_cli.typed_columns import TYPES, Column
from mixpanel_export_cli.typed_view import view_sql
from tests.sql import project
from tests.sql.analyzer import Analyzer
from tests.sql.values import name_of

DOCUMENT = ROOT / "docs" / "sql.md"
UNSETTLED = "unsettled_dates"
NAMES = sorted(
    {*views.view_names(), *views.function_names(), "events_typed", "events_settled", UNSETTLED}
)
# A column of each type stands for those that an operator chooses.
CHOSEN = [Column(f"a {kind}", kind, f"a_{kind.lower()}") for kind in TYPES]
# A row that stands for these; "the columns of" a view above stands for that view's.
OF_THE_FILE = "one for each line of `views/events_typed.columns.json`"
_SECTION = re.compile(r"^### (?P<name>\w+)\n(?P<text>(?:(?!###? ).*\n)*)", re.MULTILINE)
_TABLE = re.compile(
    r"(?:^`(?P<name>\w+)`:\n\n)?^\| column \| type \| meaning \|\n\|[-|]+\n(?P<rows>(?:\|.*\n)+)",
    re.MULTILINE,
)

Columns = list[tuple[str, str]]


def documented(text: str) -> dict[str, Columns]:
    """Of each view the columns and types of its table, which has its name or is its section's."""
    _, _, of_views = text.partition("\n## The views\n")
    tables = [
        (table["name"] or section["name"], table["rows"].splitlines())
        for section in _SECTION.finditer(of_views)
        for table in _TABLE.finditer(section["text"])
    ]
    standing_for: dict[str, Columns] = {OF_THE_FILE: [(str(it.name), it.type) for it in CHOSEN]}
    found: dict[str, Columns] = {}
    for name, lines in tables:
        assert name not in found, f"two tables of {name}"
        found[name] = [column for line in lines for column in _columns(line, standing_for)]
        standing_for.setdefault(f"the columns of `{name}`", found[name])
    return found


def _columns(line: str, standing_for: Mapping[str, Columns]) -> Iterator[tuple[str, str]]:
    """The columns of a row: one, several of one type, or those that it stands for."""
    names, kind, _ = (cell.strip() for cell in line.strip("|").split(" | ", 2))
    if names in standing_for:
        yield from standing_for[names]
        return
    for name in names.split(", "):
        quoted = re.fullmatch(r"`(\w+)`", name)
        assert quoted, f"no column: {name}"
        yield quoted[1], kind


def typed_view() -> str:
    """The SQL of a view with the chosen columns."""
    template = view_sql(CHOSEN, "events_typed.columns.json")
    return views.fill(template, project.VALUES)


@pytest.fixture(name="shown", scope="module")
def _shown(analyzer: Analyzer) -> Mapping[str, Columns]:
    """The columns that each view has, as Google's analyzer finds them."""
    bounds = "(TIMESTAMP '2026-11-21', TIMESTAMP '2026-11-22')"
    arguments = dict.fromkeys(views.function_names(), bounds)
    sources = {name: f"mixpanel.{name}{arguments.get(name, '')}" for name in NAMES}
    sources["events_typed"] = f"({typed_view()})"
    return {
        name: [
            (column, name_of(kind))
            for column, kind in analyzer.analyze(f"SELECT * FROM {source}").items()
        ]
        for name, source in sources.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_document_has_the_columns_of(shown: Mapping[str, Columns], name: str) -> None:
    """All of them, in their order, with their types."""
    assert shown[name] == documented(DOCUMENT.read_text())[name]


def test_the_document_has_a_table_for_nothing_else() -> None:
    """A view that is gone is gone from the document, too."""
    assert NAMES == sorted(documented(DOCUMENT.read_text()))
