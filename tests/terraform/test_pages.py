"""The tables that are written from the code are those of the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import pages, terraform_tables
from local.bundles import ROOT
from local.terraform_tables import Attribute
from mixpanel_export import variables

TEXT = "# Page\n\n<!-- written: one -->\n<!-- end -->\n\nMore.\n"
FILLED = "# Page\n\n<!-- written: one -->\n\n1\n\n<!-- end -->\n\nMore.\n"
SETTINGS = {
    each.name: each for each in vars(variables).values() if isinstance(each, variables.Variable)
}
INPUTS = terraform_tables.inputs()


def test_the_pages_are_up_to_date() -> None:
    """What is in the repository is what the code would write."""
    done = subprocess.run(
        [sys.executable, "-m", "local.pages", "--check"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "shared"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_a_stale_page_is_refused_and_can_be_written(tmp_path: Path) -> None:
    """The check changes nothing and says what to do; doing it satisfies the check."""
    page = tmp_path / "page.md"
    page.write_text(TEXT)
    known = {page: lambda: {"one": "1\n"}}
    message = f"page.md is not what the code says: run `{pages.COMMAND}`"

    with pytest.raises(SystemExit, match=f"^{re.escape(message)}$"):
        pages.main(["--check"], known)
    assert TEXT == page.read_text()

    pages.main([], known)
    pages.main(["--check"], known)
    assert FILLED == page.read_text()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({}, id="a place without a part"),
        pytest.param({"one": "1\n", "two": "2\n"}, id="a part without a place"),
    ],
)
def test_places_and_parts_go_together(parts: dict[str, str]) -> None:
    """A part that is forgotten on the page, or left behind there, does not pass in silence."""
    with pytest.raises(SystemExit, match=r"^places for one; parts "):
        pages.filled(TEXT, parts)


@pytest.mark.parametrize(
    ("type_", "attributes"),
    [
        pytest.param("string", [], id="no object"),
        pytest.param("object({a = string})", [Attribute("a", "string", None)], id="required"),
        pytest.param(
            'object({a = optional(list(string), ["x, y"]), b = optional(number)})',
            [Attribute("a", "list(string)", '["x, y"]'), Attribute("b", "number", "null")],
            id="optional, with and without a default",
        ),
        pytest.param(
            "object({a = optional(object({b = optional(number, 1)}), {})})",
            [Attribute("a", "object({b = optional(number, 1)})", "{}")],
            id="an object in an object",
        ),
        pytest.param(
            "list(object({a = string}))", [Attribute("a", "string", None)], id="a list of objects"
        ),
    ],
)
def test_types_are_taken_apart(type_: str, attributes: list[Attribute]) -> None:
    """Each attribute of an object has its name, its type and its default."""
    assert attributes == terraform_tables.attributes(type_)


def test_every_attribute_is_explained() -> None:
    """An attribute is a setting, which has its meaning, or it has one here; none is left over."""
    others = {
        f"{name}.{member.name}"
        for each in INPUTS
        for name, member in members(each.name, each.type)
        if not terraform_tables.setting_of(name, member)
    }

    assert others == terraform_tables.MEANINGS.keys()


def members(name: str, type_: str) -> Iterator[tuple[str, Attribute]]:
    """Each attribute of a type, and of the objects in it, with where it stands."""
    for member in terraform_tables.attributes(type_):
        yield name, member
        yield from members(f"{name}.{member.name}", member.type)


def test_an_attribute_has_the_default_of_its_setting() -> None:
    """Whoever says nothing gets the same from Terraform as from the code."""
    defaults = {
        setting: (member.default or "").strip('"').removeprefix("null")
        for each in INPUTS
        for member in terraform_tables.attributes(each.type)
        if (setting := terraform_tables.setting_of(each.name, member))
    }
    tables = defaults.pop("TABLES")

    assert {name: SETTINGS[name].default for name in defaults} == defaults
    assert SETTINGS["TABLES"].default.split(",") == re.findall(r"\w+", tables)
