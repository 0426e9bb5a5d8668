"""What `doctor` finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from mixpanel_export.errors import ExportError

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `todo` says what helps, unless all is well."""

    level: Level
    subject: str
    said: str
    todo: str = ""

    def as_json(self) -> dict[str, str]:
        """For scripts."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at. `todo` is what helps when the look itself fails."""

    subject: str
    look: Callable[[], Iterable[Finding]]
    todo: str


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """All findings; a look that fails is a problem of its own and stops no other."""
    for check in checks:
        try:
            yield from check.look()
        except ExportError as error:
            yield Finding("problem", check.subject, str(error), check.todo)


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing needs to be done now."""
    return all(finding.level != "problem" for finding in findings)
