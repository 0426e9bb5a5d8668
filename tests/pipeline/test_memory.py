"""The fetcher's memory does not grow with the hour it fetches."""

from __future__ import annotations

import json
import re
import sys
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from local.demo.day import SAMPLES
from local.functions import FunctionProcess
from local.http import App, Request, Response, Server
from local.storage import StorageEmulator
from mixpanel_export.deadlines import Deadline
from mixpanel_export.fetching import Fetcher
from mixpanel_export.intervals import Interval
from mixpanel_export.journal import Severity
from mixpanel_export.messages import ExportRequest, Message
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.queries import Turn
from mixpanel_export.series import RECENT, SNAPSHOT, Series
from tests.fakes.exporter import page_body, profile
from tests.fakes.subscription import push_body
from tests.functional.built import require_current_bundles
from tests.pipeline.landing import BUCKET, PROJECT, HastyClock

_INTERVAL = Interval.parse("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z")
_FEW, _MANY = 5_000, 100_000
_A_PAGE = 2_000
_MEGABYTE = 1 << 20
_HOUR_MS = 3_600_000


def message(series: Series = RECENT) -> Message:
    request = ExportRequest(series, _INTERVAL, "replay")
    return Message(request.data, request.attributes, "1", datetime.now(UTC))


def event_lines(count: int) -> Iterator[bytes]:
    """Copies of a real line, each with an id and a processing time of its own, of the hour."""
    path = SAMPLES / "01_export_flutter_ist_2022.ndjson"
    event = json.loads(path.read_text().split("\n", 1)[0])
    varied = {"$insert_id": "<id>", "mp_processing_time_ms": "<ms>"}
    event["properties"] |= varied | {"time": _INTERVAL.start_ms}
    head, middle, tail = re.split('"?<id>"?|"?<ms>"?', json.dumps(event, sort_keys=True))
    for number in range(count):
        moment = _INTERVAL.start_ms + number % _HOUR_MS
        yield f'{head}"{number:08x}-client"{middle}{moment}{tail}\n'.encode()


def short_lines(count: int) -> Iterator[bytes]:
    """The smallest events there are: small objects are the ones that Python counts."""
    moment = _INTERVAL.start_ms
    times = f'"time":{moment},"mp_processing_time_ms":{moment}'
    line = f'{{"event":"e","properties":{{{times},"n":%d}}}}\n'
    for number in range(count):
        yield (line % number).encode()


def in_chunks(lines: Iterator[bytes], size: int = 64 << 10) -> Iterator[bytes]:
    chunk = bytearray()
    for line in lines:
        chunk += line
        if len(chunk) >= size:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)


class Flood:
    """An export API that makes its events up while it sends them: `project_id` is how many."""

    def __init__(self) -> None:
        app = App(lambda error: Response.json({"error": str(error)}, 500))

        @app.route("GET", r"/api/2\.0/export")
        def export(request: Request) -> Response:
            body = self._body(int(request.query["project_id"]))
            return Response(200, body, {"Content-Encoding": "gzip"})

        self.server = Server(app)

    def _body(self, count: int) -> Iterator[bytes]:
        packer = zlib.compressobj(level=1, wbits=31)
        for chunk in in_chunks(event_lines(count)):
            yield packer.compress(chunk)
        yield packer.flush()


def peak_bytes(process: FunctionProcess) -> int:
    """The largest resident set that the process's worker ever had."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    statuses = [Path(f"/proc/{child}/status").read_text() for child in children]
    (peak,) = [re.findall(r"VmHWM:\s+(\d+) kB", status) for status in statuses]
    return int(peak[0]) * 1024


@pytest.fixture(name="fetchers")
def _fetchers(tmp_path: Path) -> Iterator[dict[int, FunctionProcess]]:
    """A fresh process for each number of events; nobody hears of what they land."""
    require_current_bundles()
    with ExitStack() as stack:
        flood = Flood()
        flood.server.start()
        stack.callback(flood.server.stop)
        bucket = stack.enter_context(StorageEmulator(publish=lambda *_: None))
        options = {"api_endpoint": bucket.url}
        storage.Client(PROJECT, AnonymousCredentials(), client_options=options).create_bucket(
            BUCKET
        )
        fetchers = {}
        for count in (_FEW, _MANY):
            environment = {
                "STORAGE_EMULATOR_HOST": bucket.url,
                "PUBSUB_EMULATOR_HOST": "127.0.0.1:9",  # Never called: nothing is parked.
                "GCP_PROJECT_ID": PROJECT,
                "EXPORT_BUCKET": BUCKET,
                "MIXPANEL_URL": flood.server.url,
                "MIXPANEL_PROJECT_ID": str(count),
                "MIXPANEL_CREDENTIALS": "user:secret",
                "PROJECT_TIMEZONE": "UTC",
            }
            process = FunctionProcess("fetcher", environment, tmp_path / f"{count}.log")
            fetchers[count] = process.start()
            stack.callback(process.kill)
        yield {count: process.wait_until_ready() for count, process in fetchers.items()}


def test_resident_memory(fetchers: dict[int, FunctionProcess]) -> None:
    """Twenty times as many events take no more memory, and never 200 MB."""
    peaks = {}
    for count, process in fetchers.items():
        request = urllib.request.Request(process.url, push_body(message()), method="POST")
        with urllib.request.urlopen(request, timeout=100) as response:
            assert 200 == response.status, process.log.read_text()
        assert f"retrieved: {count} records" in process.log.read_text()
        peaks[count] = peak_bytes(process)

    assert peaks[_MANY] - peaks[_FEW] < 20 * _MEGABYTE
    assert peaks[_MANY] < 200 * _MEGABYTE


class Endless:
    """A Mixpanel whose lines and pages exist only while they are looked at.

    `most_objects` is how many small objects this process had at most meanwhile, each row being
    one at least.
    """

    gzipped = False
    asked_at = _INTERVAL.end

    def __init__(self, count: int) -> None:
        self._count, self.most_objects = count, 0
        self._chunks: Iterator[bytes] = iter(())

    @contextmanager
    def export(
        self, _series: Series, _interval: Interval, _deadline: Deadline
    ) -> Iterator[Endless]:
        self._chunks = in_chunks(short_lines(self._count))
        yield self

    @contextmanager
    def page(
        self, _series: Series, _interval: Interval, turn: Turn | None, _deadline: Deadline
    ) -> Iterator[Endless]:
        number = turn.page if turn else 0
        ids = range(number * _A_PAGE, min((number + 1) * _A_PAGE, self._count))
        page = page_body(*(profile(n, plan="pro") for n in ids), page_size=_A_PAGE)
        self._chunks = iter([page])
        yield self

    def chunks(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.most_objects = max(self.most_objects, sys.getallocatedblocks())
            yield chunk


class Void:
    """A bucket that keeps nothing but the number of bytes."""

    def __init__(self) -> None:
        self.size = 0

    def landed(self, _series: Series, _since: date, _until: date) -> list[Landed]:
        return []

    def confirmed(self, _series: Series, _since: date, _until: date) -> list[ObjectName]:
        return []

    @contextmanager
    def upload(self, _path: str) -> Iterator[Void]:
        yield self

    def write(self, data: bytes) -> None:
        self.size += len(data)

    def commit(self, _metadata: dict[str, str]) -> bool:
        return True


def most_objects(count: int, series: Series) -> int:
    """How many small objects there were at most while so many rows were streamed."""
    rows: list[Any] = []

    def log(severity: Severity, event: str, message: str, **fields: Any) -> None:
        rows.append(fields["row_count"])

    source = Endless(count)
    Fetcher(source, Void(), ZoneInfo("UTC"), HastyClock(), log).handle(message(series))
    assert [count] == rows
    return source.most_objects


@pytest.mark.parametrize("series", [RECENT, SNAPSHOT], ids=str)
def test_no_list_of_rows(series: Series) -> None:
    """Two hundred thousand rows take no more objects than ten thousand: none are collected."""
    few, many = (most_objects(count, series) for count in (10_000, 200_000))

    assert many - few < 5_000
