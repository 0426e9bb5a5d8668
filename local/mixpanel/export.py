"""`GET /api/2.0/export`: which events a call asks for."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Final

from local.clock import Clock
from local.http import Response
from local.mixpanel.answers import ApiError
from local.mixpanel.calls import Call
from local.mixpanel.delivery import deliver
from local.mixpanel.events import Event
from local.mixpanel.filters import filtered, parse_where
from local.mixpanel.projects import Project
from local.mixpanel.where import Condition

PARAMETERS: Final = frozenset(
    {"project_id", "from_date", "to_date", "limit", "event", "where", "time_in_ms"}
)
_MOST_EVENTS: Final = 100_000
_EPOCH_ORDINAL: Final = dt.date(1970, 1, 1).toordinal()
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class _Query:
    first_day: int
    last_day: int
    names: frozenset[str] | None
    where: Condition | None
    limit: int | None
    in_milliseconds: bool


def export(call: Call, project: Project, clock: Clock) -> Response:
    """The visible events of the asked dates, one line each.

    Raises:
        ApiError: the parameters are not as documented.
    """
    query = _query(call, project, clock)
    events = _selected(call, query, project.events(), clock.now())
    return deliver(call, (event.line(in_milliseconds=query.in_milliseconds) for event in events))


def _query(call: Call, project: Project, clock: Clock) -> _Query:
    first, last = _date(call, "from_date"), _date(call, "to_date")
    if last < first:
        raise ApiError(400, "from_date cannot be later than to_date")
    if last > clock.moment().astimezone(project.zone).date():
        raise ApiError(400, "to_date cannot be later than today", text=True)
    return _Query(
        first_day=first.toordinal() - _EPOCH_ORDINAL,
        last_day=last.toordinal() - _EPOCH_ORDINAL,
        names=_event_names(call),
        where=parse_where(call),
        limit=_limit(call),
        in_milliseconds=_time_in_ms(call),
    )


def _selected(call: Call, query: _Query, events: list[Event], now: float) -> list[Event]:
    candidates = [
        event
        for event in events
        if query.first_day <= event.day <= query.last_day
        and event.visible_at <= now
        and (query.names is None or event.name in query.names)
    ]
    if query.where is not None and not call.fault("ignore_where"):
        candidates = filtered(candidates, query.where)
    return candidates[: query.limit]


def _date(call: Call, name: str) -> dt.date:
    text = call.parameters.get(name)
    if text is None:
        raise ApiError(400, f"{name} is a required parameter")
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass  # The refusal below is the same for an impossible date and for one of another form.
    raise ApiError(400, f"{name} is not a date of the form yyyy-mm-dd: {text}")


def _event_names(call: Call) -> frozenset[str] | None:
    text = call.parameters.get("event")
    if text is None:
        return None
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ApiError(400, "Invalid JSON Format: event")
    return frozenset(names)


def _limit(call: Call) -> int | None:
    text = call.parameters.get("limit")
    if text is None:
        return None
    if not text.isdecimal() or not 0 < int(text) <= _MOST_EVENTS:
        raise ApiError(400, f"limit is not a number from 1 to {_MOST_EVENTS}: {text}")
    return int(text)


def _time_in_ms(call: Call) -> bool:
    text = call.parameters.get("time_in_ms", "false").lower()
    if text not in _FLAGS:
        raise ApiError(400, f"time_in_ms is not a boolean: {text}")
    return _FLAGS[text]
