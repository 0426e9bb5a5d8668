"""What each function answers over HTTP, for a job that succeeds and for each class of failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from local import resources
from mixpanel_export.errors import (
    ExportError,
    NotOurs,
    Poison,
    RateLimited,
    Setup,
    Transient,
    status_of,
)
from mixpanel_export.intervals import MINUTE, Interval
from mixpanel_export.messages import Message
from tests.fakes.subscription import push_body
from tests.functional.running import Reply, Running, body_of


@dataclass(frozen=True)
class Case:
    """A push, what happens to it, and the answer to expect."""

    kind: type[ExportError] | None
    status: int
    starts: str
    retry_after: str | None = None
    function: str = "fetcher"
    fault: dict[str, Any] = field(default_factory=dict)
    data: Callable[[Interval], bytes] = body_of
    attributes: dict[str, str] = field(default_factory=dict)


def unknown_table(interval: Interval) -> bytes:
    return body_of(interval, table="groups")


def ends_soon(_interval: Interval) -> bytes:
    """A request for a minute that ends in two or three, too early by so much."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    return body_of(Interval(minute + 2 * MINUTE, minute + 3 * MINUTE))


CASES = {
    "success": Case(None, 200, "done"),
    "an export cut with status 200": Case(
        Transient,
        503,
        "transient_failure: the export was cut: Mixpanel says it terminated early",
        fault={"kind": "terminated_early"},
    ),
    "an interval that ends in a moment": Case(
        Transient, 503, "transient_failure: interval", data=ends_soon
    ),
    "Mixpanel 429 with Retry-After": Case(
        RateLimited,
        429,
        "rate_limited: Mixpanel answered 429",
        retry_after="17",
        fault={"kind": "status", "status": 429, "retry_after": 17},
    ),
    "Mixpanel 429 without Retry-After": Case(
        RateLimited,
        429,
        "rate_limited: Mixpanel answered 429",
        fault={"kind": "status", "status": 429},
    ),
    "Mixpanel 402: a plan without exports": Case(
        Setup,
        500,
        "setup_failure: Mixpanel answered 402",
        fault={"kind": "status", "status": 402, "body": "Upgrade your plan"},
    ),
    "Mixpanel 400 on a good request": Case(
        Poison,
        200,
        "parked: Mixpanel answered 400: no such operator; check MIXPANEL_WHERE",
        fault={"kind": "status", "status": 400, "body": "no such operator"},
    ),
    "a table nobody knows": Case(
        Poison, 200, "parked: unknown table 'groups'", data=unknown_table
    ),
    "a foreign object": Case(
        NotOurs,
        204,
        "",
        function="loader",
        attributes={
            "eventType": "OBJECT_FINALIZE",
            "bucketId": resources.BUCKET,
            "objectId": "events/notes.txt",
        },
    ),
}


def post(running: Running, case: Case, interval: Interval) -> Reply:
    moment = datetime.now(UTC)
    message = Message(case.data(interval), case.attributes, "1", moment)
    return running.post(case.function, push_body(message, 1))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_answer(case: Case, running: Running, interval: Interval) -> None:
    """The class of a failure decides the answer, and so what Pub/Sub does with the message."""
    running.hold(interval, "a", "b")
    if case.fault:
        running.mixpanel.faults.add(**case.fault)
    reply = post(running, case, interval)

    assert (case.status, case.retry_after) == (reply.status, reply.retry_after)
    assert reply.text.startswith(case.starts)
    if case.kind is Poison:
        assert 1 == len(running.dead_letters(1))


def test_every_class_is_answered() -> None:
    """No class of failure is without an example here, and each example has its class's status."""
    assert set(ExportError.__subclasses__()) == {case.kind for case in CASES.values() if case.kind}
    for case in CASES.values():
        if case.kind:
            assert status_of(case.kind("")) == case.status


def test_nothing_but_a_whole_export_is_acknowledged(running: Running, interval: Interval) -> None:
    """An answer of 200 means that the object is there."""
    running.hold(interval, "a", "b")
    running.mixpanel.faults.add("terminated_early")
    before = post(running, CASES["success"], interval), running.objects()
    after = post(running, CASES["success"], interval), len(running.objects())

    assert (503, []) == (before[0].status, before[1])
    assert (200, 1) == (after[0].status, after[1])
