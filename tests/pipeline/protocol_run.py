"""One random life of the pipeline: trouble first, then peace, and what must be true at the end."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from mixpanel_export.errors import Setup, Transient
from mixpanel_export.intervals import Interval
from tests.fakes.journal import Crash
from tests.fakes.subscription import FakeSubscription
from tests.fakes.warehouse import Ending
from tests.pipeline.protocol_model import HOUR, NOT_OVER, NOW, Running, Violation, World, view

STEPS = 80
_MOST_RUNNING = 6
_PATIENCE = 5_000
_TICKS_TO_HEAL = 3  # A load that fails, a replay of it that is late, and a second look.
_CUTS = (
    b"export terminated early\n",
    b'{"error": "[terminated early]"}\n',
    b'{"event": "Sign up", "properties": {"time"\n',
    b'{"event": "Sign up", "prop',
)
_FAILURES = ("backendError", "rateLimitExceeded", "notFound", "internalError", "invalid")
_WHAT_HAPPENS = (
    *("deliver",) * 24,
    *("go on",) * 50,
    *("end a job",) * 12,
    *("replay",) * 5,
    *("repeat",) * 3,
    *("cut",) * 3,
    *("pass time",) * 2,
    *("plan",) * 2,
    "ask too early",
)
_PAUSES = (1, 1, 1, 2, 5)  # Mostly every effect is a chance to switch; longer runs save time.
_END = NOW.replace(minute=0)
_INTERVALS = tuple(Interval(_END - n * HOUR, _END - n * HOUR + HOUR) for n in (1, 2))


def live(rng: Random, sabotage: Callable[[World], None] = lambda _: None) -> World:
    """A whole life: deliveries that repeat, overlap, crash and fail; then everything drains.

    Raises:
        Violation: a promise was broken on the way or at the end.
    """
    world = World(rng)
    sabotage(world)
    try:
        for interval in _INTERVALS:
            world.correct(interval)
            world.ask(interval, rng.choice(["schedule", "heal", "backfill", "replay"]))
        for _ in range(STEPS):
            _trouble(world)
        world.spoiled.clear()
        drain(world)
        for _ in range(_TICKS_TO_HEAL):
            world.clock.move(HOUR.total_seconds())
            world.plan()
            drain(world)
        _judge(world)
    finally:
        for running in world.running:
            running.delivery.go_on(fault=Crash())
    return world


def _trouble(world: World) -> None:
    """One random event."""
    rng = world.rng
    match rng.choice(_WHAT_HAPPENS):
        case "deliver" if len(world.running) < _MOST_RUNNING:
            _deliver(world)
        case "deliver" | "go on" if world.running:
            running = rng.choice(world.running)
            world.go_on(running, rng.choice(_PAUSES), _fault(world, running))
        case "end a job":
            _end_a_job(world)
        case "replay":
            interval = rng.choice(_INTERVALS)
            world.correct(interval)
            world.ask(interval, rng.choice(["replay", "replay", "verify", "heal", "backfill"]))
        case "repeat":
            _repeat(world, rng.choice([world.requests, world.landings]))
        case "cut":
            world.spoiled.append(rng.choice(_CUTS))
        case "pass time" if world.clock.now() - NOW < HOUR / 2:  # Or the horizon would pass.
            world.clock.move(rng.choice([1, 200, 600]))
        case "plan":
            world.plan()
        case "ask too early":
            world.ask(NOT_OVER, "replay")


def _deliver(world: World) -> None:
    if both := [inbox for inbox in (world.requests, world.landings) if inbox.waiting]:
        inbox = world.rng.choice(both)
        world.deliver(inbox, world.rng.choice(list(inbox.waiting.values())))


def _fault(world: World, running: Running) -> BaseException | None:
    """A crash here and now, or an effect that fails; after the effect: a lost answer."""
    kind = world.rng.randrange(20)
    if kind == 0:
        world.crashes[running.delivery.at] += 1
        return Crash()
    if kind == 1 and running.delivery.at != "start":
        return world.rng.choice([Transient("made up"), Setup("made up"), RuntimeError("made up")])
    return None


def _end_a_job(world: World) -> None:
    if running := world.warehouse.running():
        is_failing = world.rng.randrange(4) == 0
        reason = world.rng.choice(_FAILURES) if is_failing else None
        world.warehouse.end(world.rng.choice(running), Ending(reason))
        world.check()


def _repeat(world: World, subscription: FakeSubscription) -> None:
    """Pub/Sub forgets an acknowledgement."""
    if subscription.acknowledged:
        posted = world.rng.choice(list(subscription.acknowledged.values()))
        subscription.waiting[posted.message.message_id] = posted


def drain(world: World) -> None:
    """No more trouble: everything that is under way comes to its end."""
    for _ in range(_PATIENCE):
        for subscription in (world.requests, world.landings):
            for posted in list(subscription.waiting.values()):
                if not any(running.posted is posted for running in world.running):
                    world.deliver(subscription, posted)
        for running in list(world.running):
            world.go_on(running, pauses=8)
        jobs = world.warehouse.running()
        for job_id in jobs:
            world.warehouse.end(job_id, Ending())
            world.check()
        if not (world.running or jobs or world.requests.waiting or world.landings.waiting):
            break
    else:
        raise Violation("stuck", [running.delivery.at for running in world.running])


def _judge(world: World) -> None:
    """Every interval shows its newest version, whatever had failed: nothing needs a person."""
    shown = {Interval.parse(*span): found for span, found in view(world.warehouse.rows).items()}
    for interval in _INTERVALS:
        newest = max(world.landed_versions(interval), default=0)
        if not newest:
            raise Violation("lost", f"{interval} never landed")
        version = shown[interval][0] if interval in shown else 0
        if version != newest:
            raise Violation("stale", f"{interval} shows {version}, not {newest}")
    if NOT_OVER in shown:
        raise Violation("early", NOT_OVER)
    _judge_content(world, shown)


def _judge_content(world: World, shown: dict[Interval, Any]) -> None:
    """What is shown is what Mixpanel holds, as far as somebody looked after its last change."""
    for interval in _INTERVALS:
        held = world.source[interval].insert_ids
        rows = [row["insert_id"] for row in shown[interval][1]]
        if rows != held:
            raise Violation("outdated", f"{interval} shows {rows}, not {held}")
