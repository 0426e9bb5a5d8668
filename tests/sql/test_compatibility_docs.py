"""docs/compatibility.md has the columns of every view, with the types that Google finds."""

from __future__ import annotations

import re

import pytest

from local.bundles import ROOT
from local.views import compatibility_views
from tests.sql.analyzer import Analyzer
from tests.sql.values import name_of

DOCUMENT = ROOT / "docs" / "compatibility.md"
HEADINGS = {
    "mixpanel": "Mixpanel's pipeline",
    "fivetran": "Fivetran",
    "airbyte": "Airbyte",
    "singer": "Singer and Stitch",
}
_TABLE = re.compile(
    r"^`(?P<view>\w+)`:\n\n\| column .*\n\|[-|]+\n(?P<rows>(?:\|.*\n)+)", re.MULTILINE
)


def documented() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Of each vendor and view the columns and types that the document has."""
    sections = dict(
        re.findall(r"^## (.+)\n((?:(?!## ).*\n)+)", DOCUMENT.read_text(), re.MULTILINE)
    )
    return {
        (vendor, table["view"]): [_column(line) for line in table["rows"].splitlines()]
        for vendor, heading in HEADINGS.items()
        for table in _TABLE.finditer(sections[heading])
    }


def _column(line: str) -> tuple[str, str]:
    name, kind, *_ = (cell.strip() for cell in line.strip("|").split("|"))
    return name.strip("`"), kind


@pytest.mark.parametrize(("vendor", "view"), list(compatibility_views()))
def test_the_document_has_the_columns_of_a_view(
    analyzer: Analyzer, vendor: str, view: str
) -> None:
    """All of them, in their order, with their types."""
    columns = analyzer.columns(f"mixpanel_{vendor}.{view}")

    expected = [(name, name_of(kind)) for name, kind in columns.items()]
    assert expected == documented()[vendor, view]


def test_the_document_has_no_view_that_is_not_there() -> None:
    """A view that is gone is gone from the document, too."""
    assert set(compatibility_views()) == set(documented())


def test_mixpanels_events_have_the_columns_that_it_documents(analyzer: Analyzer) -> None:
    """Seven, of the types in docs.mixpanel.com/docs/data-pipelines/json-pipelines."""
    texts = ("device_id", "distinct_id", "event_name", "insert_id", "user_id")
    expected = dict.fromkeys(texts, "STRING") | {"properties": "JSON", "time": "TIMESTAMP"}
    columns = analyzer.columns("mixpanel_mixpanel.mp_master_event")
    assert expected == {name: name_of(kind) for name, kind in columns.items()}
