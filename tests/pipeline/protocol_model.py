"""A world of fakes around the production code, and what must hold in it at every moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from mixpanel_export.delivery import Service, answer, answer_push
from mixpanel_export.fetching import Fetcher
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.loading import Loader
from mixpanel_export.messages import ExportRequest, LandedObject, Message, Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.planning import Planner
from mixpanel_export.reconciling import Policy
from mixpanel_export.series import RECENT
from tests.fakes.bucket import FakeBucket
from tests.fakes.clock import FakeClock
from tests.fakes.exporter import FakeExporter, event_line
from tests.fakes.journal import Journal
from tests.fakes.ledger import FakeLedger
from tests.fakes.subscription import ACKNOWLEDGING, FakeSubscription, Posted, notification
from tests.fakes.topics import FakeDeadLetters, FakeTopic
from tests.fakes.warehouse import FakeWarehouse
from tests.pipeline.interleaving import Delivery, Stage

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 11, 16, tzinfo=UTC)
NOT_OVER = Interval(NOW.replace(hour=20, minute=0), NOW.replace(hour=21, minute=0))
POLICY = Policy(
    lengths={RECENT: HOUR},
    since=NOW.replace(hour=9, minute=0),
    settle=HOUR / 4,
    verify_after=2 * HOUR + HOUR / 2,  # After all trouble, so that the look sees its results.
    heal_after=HOUR / 4,
    reload_after=HOUR / 20,
    heal_horizon=timedelta(days=1),
    requests_per_hour=40,
)
Span = tuple[str, str]


class Violation(AssertionError):  # noqa: N818  (of a promise; it is a finding, not an error)
    """A promise was broken; `kind` says which."""

    def __init__(self, kind: str, detail: object) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


def view(rows: Iterable[dict[str, Any]]) -> dict[Span, tuple[int, list[dict[str, Any]]]]:
    """What analysts see: of each interval, the rows of its newest version that has a marker."""
    rows = list(rows)
    newest: dict[Span, int] = {}
    for row in rows:
        if row["_line"] == 0:
            span = _span(row)
            newest[span] = max(row["_version"], newest.get(span, 0))
    shown: dict[Span, tuple[int, list[dict[str, Any]]]] = {
        span: (version, []) for span, version in newest.items()
    }
    for row in rows:
        span = _span(row)
        if row["_line"] and newest.get(span) == row["_version"]:
            shown[span][1].append(row)
    return shown


def _span(row: dict[str, Any]) -> Span:
    return row["_interval_start"], row["_interval_end"]


@dataclass(slots=True)
class Running:
    """A delivery under way, and where its answer goes."""

    delivery: Delivery
    subscription: FakeSubscription | None = None
    posted: Posted | None = None


@dataclass(slots=True)
class Source:
    """What Mixpanel holds for one interval; it changes as late corrections arrive."""

    revision: int = 0
    insert_ids: list[str] = field(default_factory=list)


class World:
    """Two subscriptions, one bucket, one warehouse, and the production code between them."""

    def __init__(self, rng: Random) -> None:
        self.rng, self.stage = rng, Stage()
        self.journal = Journal(self.stage.pause)
        self.clock = FakeClock(NOW, self.journal)
        self.bucket = FakeBucket(self.journal, self.clock.now)
        self.warehouse = FakeWarehouse(self.journal, self.bucket)
        self.warehouse.endings = None
        self.dead_letters = FakeDeadLetters(self.journal)
        self.requests, self.landings = FakeSubscription(6), FakeSubscription(4)
        self.source: dict[Interval, Source] = defaultdict(Source)
        self.spoiled: list[bytes] = []
        self.running: list[Running] = []
        self.fetched: dict[Delivery | None, list[str]] = {}
        self.content: dict[str, list[str]] = {}
        self.crashes: Counter[str] = Counter()
        self._ids = count()
        self._wrongly_landed: list[str] = []
        self._seen: dict[Span, int] = {}
        self._checked_rows = 0
        exporter = FakeExporter(self.journal, self.clock)
        exporter.content = self._export
        self.bucket.on_finalize = self._on_finalize
        requests: FakeTopic[ExportRequest] = FakeTopic(self.journal)
        requests.on_publish = self.publish
        landings: FakeTopic[LandedObject] = FakeTopic(self.journal, "reloads")
        landings.on_publish = self._announce
        ledger = FakeLedger(self.journal)
        ledger.held = self.loaded
        log, zone = self.journal.log, ZoneInfo("UTC")
        self.fetcher = Fetcher(exporter, self.bucket, zone, self.clock, log)
        self.loader = Loader(self.warehouse, "landing", "test", self.clock, log)
        self.planner = Planner(
            self.bucket, "landing", ledger, requests, landings, POLICY, self.clock, log
        )
        self.fetch, self.load = self.fetcher.handle, self.loader.handle

    def publish(self, request: ExportRequest) -> None:
        """Post a request, at a publish time no other message has."""
        self.clock.move(1e-6)
        now = self.clock.now()
        message = Message(request.data, request.attributes, f"request {next(self._ids)}", now)
        self.requests.post(message)

    def loaded(self) -> list[ObjectName]:
        """What the ledger shows: a name for each marker row."""
        return [
            ObjectName(RECENT, Interval.parse(*_span(row)), row["_version"])
            for row in self.warehouse.rows
            if row["_line"] == 0
        ]

    def ask(self, interval: Interval, origin: Origin) -> None:
        """Post a request that a person or a timer makes."""
        self.publish(ExportRequest(RECENT, interval, origin))

    def correct(self, interval: Interval) -> None:
        """Let Mixpanel hold something else for this interval from now on."""
        source = self.source[interval]
        source.revision += 1
        events = range(self.rng.randrange(4))
        source.insert_ids = [f"{interval}/{source.revision}/{n}" for n in events]

    def plan(self) -> None:
        """Start a tick of the planner."""
        now = self.clock.now()
        work = lambda: answer(lambda: self.planner.tick(now), self.journal.log)  # noqa: E731  (one line says it)
        self.running.append(Running(Delivery(work)))

    def deliver(self, subscription: FakeSubscription, posted: Posted) -> None:
        """Start a delivery; it has done nothing yet."""
        handle = self.fetch if subscription is self.requests else self.load
        body, service = posted.push(), Service(handle, self.dead_letters)
        delivery = Delivery(lambda: answer_push(body, lambda: service, self.journal.log))
        self.running.append(Running(delivery, subscription, posted))

    def go_on(self, running: Running, pauses: int = 1, fault: BaseException | None = None) -> None:
        """Let a delivery run on for some pauses; settle its message when it is over."""
        self.stage.go_on(running.delivery, pauses, fault)
        if running.delivery.is_over:
            self.running.remove(running)
            self.fetched.pop(running.delivery, None)
            if running.subscription and running.posted:
                self._settle(running.delivery, running.subscription, running.posted)
        self.check()

    def _settle(self, delivery: Delivery, subscription: FakeSubscription, posted: Posted) -> None:
        if delivery.answer is None:
            subscription.unanswered(posted)
            return
        status = delivery.answer[1]
        if status in ACKNOWLEDGING and not self._is_kept(subscription, posted.message):
            raise Violation("lost", f"{posted.message} was acknowledged")
        subscription.answered(posted, status)

    def _is_kept(self, subscription: FakeSubscription, message: Message) -> bool:
        """Whether what the message stands for has come to rest somewhere."""
        if any(dead.data == message.data and dead.reason for dead in self.dead_letters.parked):
            return True
        if subscription is self.landings:
            name = ObjectName.parse(message.attributes["objectId"])
            return any(
                row["_line"] == 0
                and row["_version"] == name.version
                and row["_interval_start"] == format_moment(name.interval.start)
                for row in self.warehouse.rows
            )
        request = ExportRequest.decode(message.data, message.attributes)
        versions = self.landed_versions(request.interval)
        if request.origin in ("replay", "verify"):
            name = ObjectName(request.series, request.interval, message.version)
            is_newest = message.version <= max(versions, default=0)
            return is_newest or name.confirmed_path in self.bucket.objects
        return bool(versions)

    def landed_versions(self, interval: Interval) -> set[int]:
        """Every version of the interval that has landed."""
        names = map(ObjectName.parse, self.content)
        return {name.version for name in names if name.interval == interval}

    def check(self) -> None:
        """What must hold after every step.

        Raises:
            Violation: it does not.
        """
        if self._wrongly_landed:
            raise Violation("wrong content", self._wrongly_landed)
        rows = self.warehouse.rows
        if len(rows) == self._checked_rows:
            return
        self._checked_rows = len(rows)
        lines = Counter((r["_interval_start"], r["_version"], r["_line"]) for r in rows)
        if twice := [line for line, times in lines.items() if times > 1]:
            raise Violation("doubled", twice)
        for span, (version, shown) in view(rows).items():
            if version < self._seen.get(span, 0):
                raise Violation("went back", span)
            self._seen[span] = version
            path = ObjectName(RECENT, Interval.parse(*span), version).path
            if self.content[path] != [row["insert_id"] for row in shown]:
                raise Violation("mixed", f"{path} shows {len(shown)} rows")

    def _export(self, interval: Interval) -> list[bytes]:
        source = self.source[interval]
        self.fetched[self.stage.current] = source.insert_ids
        chunks = [event_line(interval, insert_id) for insert_id in source.insert_ids]
        if chunks and source.revision % 2:
            chunks.insert(0, b"not an event\n")
        if self.spoiled:  # The last event is missing, and what is there instead must tell.
            return [*chunks[:-1], self.spoiled.pop()]
        return chunks

    def _on_finalize(self, path: str) -> None:
        if not path.startswith("events/"):
            return
        stored = self.bucket.objects[path]
        landed = [row["insert_id"] for row in stored.rows() if row["_line"]]
        if landed != self.fetched.get(self.stage.current):
            self._wrongly_landed.append(path)  # Raised later: here our code would answer for it.
        self.content[path] = landed
        now = self.clock.now()
        self.landings.post(notification(path, stored.metadata, f"landed {path}", now))

    def _announce(self, landed: LandedObject) -> None:
        self.clock.move(1e-6)
        now = self.clock.now()
        message_id = f"reload {next(self._ids)}"
        self.landings.post(Message(landed.data, landed.attributes, message_id, now))
