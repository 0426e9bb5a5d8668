"""One call to the API: its parameters, the faults that strike it, its line in the journal."""

from __future__ import annotations

import threading
import urllib.parse
from dataclasses import asdict, dataclass, field
from typing import Final

from local.faults import Faults
from local.http import Json, Request

FAULT_KINDS: Final = (
    "status",
    "reset",
    "slow_first_byte",
    "stall",
    "terminated_early",
    "cut_line",
    "cut_chunked",
    "cut_gzip",
    "cut_gzip_abort",
    "no_final_newline",
    "extra_lines",
    "duplicate_lines",
    "ignore_where",
    "error_with_200",
    "expire_session",
)
_SECRET_PARAMETERS: Final = frozenset({"api_key", "api_secret", "secret", "sig", "token"})


@dataclass
class Entry:
    """What happened to one call; `status` stays None when it got no answer at all."""

    method: str
    path: str
    query: dict[str, str]
    status: int | None = None
    faults: list[str] = field(default_factory=list)
    bytes: int = 0


class Journal:
    """Every call, in the order of arrival."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def open(self, call: Call) -> None:
        with self._lock:
            self._entries.append(call.entry)

    def as_json(self) -> list[Json]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]


class Call:
    """A request with its parameters, from the query string and, if it has one, the form."""

    def __init__(self, request: Request, faults: Faults) -> None:
        form = urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True)
        self.request = request
        self.parameters = request.query | dict(form)
        shown = {k: v for k, v in self.parameters.items() if k not in _SECRET_PARAMETERS}
        self.entry = Entry(request.method, request.path, shown)
        self._faults = faults

    @property
    def line(self) -> str:
        """Path and query, as Mixpanel repeats them in its error messages."""
        query = urllib.parse.urlencode(self.entry.query)
        return f"{self.request.path}?{query}" if query else self.request.path

    def fault(self, kind: str) -> dict[str, Json] | None:
        """The fault of this kind that strikes this call; noted in the journal."""
        about = {"method": self.request.method, "path": self.request.path}
        fault = self._faults.take(kind, **(self.parameters | about))
        if fault is not None:
            self.entry.faults.append(kind)
        return fault
