"""Documents of which parts are written from the code: settings, costs, inputs, outputs.

`make pages` writes these parts anew; `python -m local.pages --check` only says whether they are up
to date. A part stands between two comments, the first of which has its name.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from local import cost_tables, reference, terraform_tables
from local.bundles import ROOT

COMMAND = "make pages"
PAGES: dict[Path, Callable[[], dict[str, str]]] = {
    ROOT / "docs" / "costs.md": cost_tables.parts,
    ROOT / "docs" / "settings.md": reference.parts,
    ROOT / "terraform" / "README.md": terraform_tables.parts,
}
_PART = re.compile(r"(<!-- written: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str, parts: Mapping[str, str]) -> str:
    """The text with each part as it should be.

    Raises:
        SystemExit: the text has no place for a part, two of them, or a place for none.
    """
    places = sorted(name for _, name, _ in _PART.findall(text))
    if places != sorted(parts):
        raise SystemExit(f"places for {', '.join(places)}; parts {', '.join(sorted(parts))}")
    return _PART.sub(lambda place: f"{place[1]}\n{parts[place[2]]}\n{place[3]}", text)


def main(
    arguments: list[str] | None = None,
    pages: Mapping[Path, Callable[[], dict[str, str]]] = PAGES,
) -> None:
    """Write the parts of all pages, or say which page has to be written.

    Raises:
        SystemExit: one was to be checked and is stale.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    is_check = parser.parse_args(arguments).check
    for path, parts in pages.items():
        text = path.read_text()
        written = filled(text, parts())
        if not is_check:
            path.write_text(written)
        elif written != text:
            raise SystemExit(f"{path.name} is not what the code says: run `{COMMAND}`")


if __name__ == "__main__":
    main()
