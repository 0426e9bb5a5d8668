"""The queries that the playbooks tell an operator to paste into the Logs Explorer."""

from __future__ import annotations

from local.bundles import ROOT


def queries() -> dict[str, str]:
    """Each block of code without a language, by the name of its playbook and a number."""
    return {
        f"{path.stem} {number}": text
        for path in sorted((ROOT / "docs" / "playbooks").glob("*.md"))
        for number, (language, text) in enumerate(_blocks(path.read_text()), 1)
        if not language
    }


def _blocks(markdown: str) -> list[tuple[str, str]]:
    """The language and the text of each block of code."""
    parts = markdown.split("```")[1::2]
    split = [part.partition("\n") for part in parts]
    return [(language.strip(), text.strip()) for language, _, text in split]
