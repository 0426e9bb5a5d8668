"""`/api/query/engage`: profiles, page by page."""

from __future__ import annotations

import json
from typing import Final

from local.clock import Clock
from local.http import Json, Response
from local.mixpanel.answers import ApiError
from local.mixpanel.calls import Call
from local.mixpanel.delivery import struck_bytes
from local.mixpanel.events import compact
from local.mixpanel.filters import filtered, parse_where
from local.mixpanel.people import People, Session
from local.mixpanel.settings import Settings

PARAMETERS: Final = frozenset(
    {
        "project_id",
        "distinct_id",
        "distinct_ids",
        "where",
        "output_properties",
        "session_id",
        "page",
        "page_size",
        "verbose",
    }
)
_DEFAULT_PAGE_SIZE: Final = 1000


def engage(call: Call, people: People, clock: Clock, settings: Settings) -> Response:
    """One page of profiles; `total` only on the first.

    Raises:
        ApiError: the parameters are not as documented, or the session is over.
    """
    if fault := call.fault("error_with_200"):
        return _json(call, {"error": fault.get("error", "Internal error"), "status": "failure"})
    number = _count(call, "page", default=0)
    session_id = call.parameters.get("session_id")
    if session_id:
        session = _running_session(call, people, session_id, clock)
    elif number:
        raise ApiError(400, "session_id is required for a page above 0")
    else:
        session = _new_session(call, people, clock, settings)
    body = {
        "page": number,
        "page_size": session.page_size,
        "results": session.page(number),
        "session_id": session.session_id,
        "status": "ok",
    }
    return _json(call, body if number else body | {"total": len(session.results)})


def _new_session(call: Call, people: People, clock: Clock, settings: Settings) -> Session:
    size = _count(call, "page_size", default=_DEFAULT_PAGE_SIZE, least=1)
    return people.open_session(_results(call, people), size, clock.now(), settings.session_seconds)


def _running_session(call: Call, people: People, session_id: str, clock: Clock) -> Session:
    if call.fault("expire_session"):
        people.expire_session(session_id)
    session = people.session(session_id, clock.now())
    if session is None:
        raise ApiError(400, f"session_id is unknown or expired: {session_id}")
    return session


def _results(call: Call, people: People) -> list[Json]:
    profiles = people.profiles()
    wanted = _names(call, "distinct_ids")
    if "distinct_id" in call.parameters:
        wanted = [*(wanted or []), call.parameters["distinct_id"]]
    if wanted is not None:
        profiles = [profile for profile in profiles if profile.distinct_id in wanted]
    where = parse_where(call)
    if where is not None and not call.fault("ignore_where"):
        profiles = filtered(profiles, where)
    properties = _names(call, "output_properties")
    return [profile.only(properties) for profile in profiles]


def _names(call: Call, parameter: str) -> list[str] | None:
    text = call.parameters.get(parameter)
    if text is None:
        return None
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list):
        raise ApiError(400, f"Invalid JSON Format: {parameter}")
    return [str(name) for name in names]


def _count(call: Call, parameter: str, *, default: int, least: int = 0) -> int:
    text = call.parameters.get(parameter, str(default))
    if not text.isdecimal() or int(text) < least:
        raise ApiError(400, f"{parameter} is not a whole number from {least}: {text}")
    return int(text)


def _json(call: Call, body: Json) -> Response:
    headers = {"Content-Type": "application/json"}
    return Response(200, struck_bytes(call, [compact(body)]), headers)
