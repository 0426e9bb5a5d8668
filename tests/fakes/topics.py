"""Topics of Pub/Sub, from the publisher's side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mixpanel_export.messages import ExportRequest
from tests.fakes.journal import Journal


@dataclass(frozen=True, slots=True)
class Parked:
    """A dead letter."""

    data: bytes
    attributes: dict[str, str]
    reason: str


class FakeDeadLetters:
    """Keeps what is parked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.parked: list[Parked] = []

    def park(self, data: bytes, attributes: dict[str, str], reason: str) -> None:
        self._journal.before("park")
        self.parked.append(Parked(data, dict(attributes), reason))
        self._journal.after("park", f"parked: {reason}")


class FakeRequests:
    """Keeps what is published; `on_publish` hears of each request."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.published: list[ExportRequest] = []
        self.on_publish: Callable[[ExportRequest], None] = lambda _: None

    def publish(self, requests: Sequence[ExportRequest]) -> None:
        self._journal.before("publish")
        for request in requests:
            self.published.append(request)
            self.on_publish(request)
        self._journal.after("publish", f"published {len(requests)} requests")
