"""What the planner decided, kept in the bucket: its only memory.

Plans are numbered, and a number can be taken only once, so of two planners that decide at the
same time one must look again. A plan is written before its messages are published, and marked
afterwards; one without a mark is still being published, or its call has died.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, Self

from mixpanel_export.errors import Poison, Setup
from mixpanel_export.intervals import HOUR, format_moment, parse_moment
from mixpanel_export.messages import ExportRequest

Fate = Literal["open", "published", "abandoned"]
ENDS: tuple[Fate, ...] = ("published", "abandoned")

_PREFIX = "plans/"
_PLAN = re.compile(_PREFIX + r"(?P<number>\d{8})\.json")


class Documents(Protocol):
    """Small objects in the bucket, each created once."""

    def listed(self, prefix: str) -> Mapping[str, Mapping[str, str]]:
        """The metadata of each object whose path begins so."""

    def read(self, path: str) -> bytes | None:
        """The bytes of an object; None if there is none."""

    def create(self, path: str, data: bytes, metadata: Mapping[str, str]) -> bool:
        """Make an object at once; False if the path is taken, also by this very call."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one tick asked for.

    `at` is the moment it planned for, `made_at` what the clock said; both UTC. `reloads` are the
    paths of landed objects that were announced again.
    """

    number: int
    at: datetime
    made_at: datetime
    requests: tuple[ExportRequest, ...]
    reloads: tuple[str, ...]
    fate: Fate = "open"

    @property
    def spent_at(self) -> datetime:
        """When its requests are counted: when it was made, if that was a late retry of its tick.

        Whoever plans for a moment long past counts by that moment, or could not go on.
        """
        return self.made_at if abs(self.made_at - self.at) < HOUR else self.at

    @property
    def data(self) -> bytes:
        """The plan as JSON."""
        plan = {
            "at": format_moment(self.at),
            "made_at": format_moment(self.made_at),
            "requests": [_message(request) for request in self.requests],
            "reloads": self.reloads,
        }
        return json.dumps(plan).encode()

    @classmethod
    def decode(cls, number: int, data: bytes, fate: Fate) -> Self:
        """The plan in `data`.

        Raises:
            Setup: this is no plan; somebody else wrote it.
        """
        try:
            plan = json.loads(data)
            return cls(
                number,
                parse_moment(plan["at"]),
                parse_moment(plan["made_at"]),
                tuple(map(_request, plan["requests"])),
                tuple(plan["reloads"]),
                fate,
            )
        except (ValueError, KeyError, TypeError, AttributeError, Poison):
            raise Setup(f"{_path(number)} in the bucket is no plan: delete it") from None


def _message(request: ExportRequest) -> dict[str, str]:
    """The request as its message, so that there is one format for it."""
    return {"data": request.data.decode(), "origin": request.origin}


def _request(message: dict[str, str]) -> ExportRequest:
    return ExportRequest.decode(message["data"].encode(), {"origin": message["origin"]})


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans that are kept; a lifecycle rule of the bucket removes old ones."""

    documents: Documents

    def around(self, now: datetime, window: timedelta) -> tuple[list[Plan], int]:
        """The plans made for moments less than `window` from now, and the next free number.

        In both directions, because a clock may have been wrong.

        Raises:
            Transient, Setup: the bucket does not tell.
        """
        listed = self.documents.listed(_PREFIX)
        plans, last = [], 0
        for path, metadata in listed.items():
            if match := _PLAN.fullmatch(path):
                last = int(match["number"])
                if "at" not in metadata or abs(now - _moment(path, metadata)) < window:
                    plans.append(self._read(last, listed))
        return plans, last + 1

    def begin(self, plan: Plan) -> bool:
        """Write a plan that is about to be published; False if its number is taken.

        Taken by another call, or by this one, when its answer was lost and the client asked
        again: then the plan stays open.

        Raises:
            Transient, Setup: it is not certain that it was written.
        """
        path, metadata = _path(plan.number), {"at": format_moment(plan.at)}
        return self.documents.create(path, plan.data, metadata)

    def end(self, plan: Plan, fate: Fate) -> None:
        """Note that all messages of the plan are published, or that it is abandoned.

        Raises:
            Transient, Setup: it was not noted; the plan stays open.
        """
        self.documents.create(_mark(plan.number, fate), b"", {})

    def _read(self, number: int, listed: Mapping[str, object]) -> Plan:
        marked = [fate for fate in ENDS if _mark(number, fate) in listed]
        fate = marked[0] if marked else "open"
        return Plan.decode(number, self.documents.read(_path(number)) or b"", fate)


def _path(number: int) -> str:
    return f"{_PREFIX}{number:08d}.json"


def _mark(number: int, fate: Fate) -> str:
    return f"{_PREFIX}{number:08d}.{fate}"


def _moment(path: str, metadata: Mapping[str, str]) -> datetime:
    try:
        return parse_moment(metadata["at"])
    except ValueError:
        raise Setup(f"{path} in the bucket is no plan: delete it") from None
