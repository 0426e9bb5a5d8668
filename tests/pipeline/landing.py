"""The production fetcher in this process, between Mixpanel's simulator and a bucket."""

from __future__ import annotations

import gzip
import itertools
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from local.mixpanel import MixpanelSimulator
from local.storage import StorageEmulator
from mixpanel_export.fetching import Fetcher
from mixpanel_export.intervals import Interval
from mixpanel_export.journal import Severity
from mixpanel_export.messages import ExportRequest, Message, Origin
from mixpanel_export.mixpanel import MixpanelExporter
from mixpanel_export.queries import Project
from mixpanel_export.series import RECENT, Series
from mixpanel_export.settings import Credentials
from mixpanel_export.storage import ExportBucket

PROJECT, BUCKET = "local-project", "exports"
_UTC = ZoneInfo("UTC")
_UNREACHED = 10**6
_INTERVAL = Interval.parse("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z")
_LONGEST_SLEEP_SECONDS = 0.02
_numbers = itertools.count(1)


class HastyClock:
    """Real time, `speed` times as fast, in which nobody sleeps for long."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))


@dataclass
class Landing:
    """A project of its own in Mixpanel, one interval of it, and a bucket of its own."""

    mixpanel: MixpanelSimulator
    storage: StorageEmulator
    project_id: int = field(default_factory=lambda: next(_numbers))
    interval: Interval = _INTERVAL
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mixpanel.add_project(self.project_id, created="2024-01-01")
        options = {"api_endpoint": self.storage.url}
        client = storage.Client(PROJECT, AnonymousCredentials(), client_options=options)
        self.bucket = client.create_bucket(f"{BUCKET}-{self.project_id}")
        self.exports = ExportBucket(client, self.bucket.name)
        self.message = self.ask(RECENT, self.interval)

    def hold(self, count: int, **properties: Any) -> None:
        """Let Mixpanel hold this many events."""
        for number in range(count):
            moment = self.interval.start + timedelta(seconds=number)
            content = {"distinct_id": f"user-{number}", "$insert_id": f"{number:08}"} | properties
            self.mixpanel.ingest(self.project_id, "Paid", moment, moment, content)

    def fetch(self, speed: float = 1.0, message: Message | None = None) -> None:
        """One delivery of the request, or of this message, as the function does it."""
        clock = HastyClock(speed)
        exporter = self.exporter(clock)
        Fetcher(exporter, self.exports, _UTC, clock, self._log).handle(message or self.message)

    def ask(
        self, series: Series, interval: Interval, origin: Origin = "schedule", late: int = 0
    ) -> Message:
        """A request for this interval, published that many seconds after its end."""
        request = ExportRequest(series, interval, origin)
        published = interval.end + timedelta(seconds=late)
        return Message(request.data, request.attributes, "1", published)

    def exporter(self, clock: HastyClock | None = None) -> MixpanelExporter:
        """What asks Mixpanel about this project."""
        project = Project(
            export_url=self.mixpanel.url,
            query_url=self.mixpanel.url,
            project_id=str(self.project_id),
            zone=_UTC,
            sweep_days=100,
            last_seen_overlap=timedelta(days=1),
        )
        credentials = Credentials("user", "secret")
        return MixpanelExporter(credentials, project, clock or HastyClock(), self._log)

    def objects(self) -> list[str]:
        """Everything anyone can see in the bucket."""
        return [blob.name for blob in self.bucket.list_blobs()]

    def landed(self) -> list[dict[str, Any]]:
        """The properties of the rows that landed, in order of their ids."""
        (path,) = [name for name in self.objects() if name.startswith("events/")]
        return _by_id(row["properties"] for row in self.rows(path))

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The rows of one object, without the marker, which counts them."""
        stored = gzip.decompress(self.bucket.blob(path).download_as_bytes(raw_download=True))
        *rows, marker = [json.loads(line) for line in stored.splitlines()]
        assert (0, len(rows)) == (marker["_line"], marker["properties"]["row_count"])
        return rows

    def held(self) -> list[dict[str, Any]]:
        """The properties of the events that Mixpanel holds, as exported, in the same order."""
        held = [event["properties"] for event in self.mixpanel.events(self.project_id)]
        return _by_id(event | {"time": event["time"] * 1000} for event in held)

    def chunks_sent(self) -> int:
        """How many chunks of uploads the bucket has got since `count_chunks`."""
        with urllib.request.urlopen(f"{self.storage.url}/_admin/faults", timeout=10) as response:
            return _UNREACHED - int(json.load(response)[-1]["skip"])

    def count_chunks(self) -> None:
        """Begin to count the chunks: a fault that never strikes counts what it lets through."""
        match = {"operation": "upload_chunk", "bucket": self.bucket.name}
        self.storage.faults.add("error", skip=_UNREACHED, match=match)

    def asked(self) -> list[dict[str, Any]]:
        """The calls to Mixpanel about this project."""
        calls = self.mixpanel.requests()
        return [call for call in calls if call["query"]["project_id"] == str(self.project_id)]

    def _log(self, severity: Severity, event: str, message: str, **fields: Any) -> None:
        self.lines.append({"severity": severity, "event": event, "message": message} | fields)


def _by_id(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["$insert_id"]))


@contextmanager
def landing_emulators() -> Iterator[tuple[MixpanelSimulator, StorageEmulator]]:
    """Mixpanel without quotas, and storage that notifies nobody."""
    with MixpanelSimulator() as mixpanel, StorageEmulator(publish=lambda *_: None) as bucket:
        quotas = ("export_per_hour", "export_per_second", "query_per_hour")
        mixpanel.settings.change(dict.fromkeys(quotas, 10**6))
        yield mixpanel, bucket


def landing_fixtures() -> tuple[Any, Any]:
    """`emulators`, a module's; `landing`, a test's own, whose faults end with it."""

    @pytest.fixture(name="emulators", scope="module")
    def emulators() -> Iterator[tuple[MixpanelSimulator, StorageEmulator]]:
        with landing_emulators() as started:
            yield started

    @pytest.fixture(name="landing")
    def landing(emulators: tuple[MixpanelSimulator, StorageEmulator]) -> Iterator[Landing]:
        yield Landing(*emulators)
        for emulator in emulators:
            emulator.faults.clear()

    return emulators, landing
