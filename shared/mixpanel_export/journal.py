"""How the parts report what they do: one structured line an event, through this port."""

from __future__ import annotations

from typing import Any, Literal, Protocol

Severity = Literal["INFO", "WARNING", "ERROR"]


class Log(Protocol):
    """Takes one line: `event` names it for alerts, `message` is for eyes, the rest are fields.

    Nothing passed here may hold row data or secrets.
    """

    def __call__(self, severity: Severity, event: str, message: str, **fields: Any) -> None:
        """Write the line."""
