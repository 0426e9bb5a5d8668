"""What the logs never hold: secrets and row data; and the credentials that will be retired."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.bundles import FUNCTIONS
from local.functions import FunctionProcess
from local.stack import MIXPANEL_PROJECT_ID, MIXPANEL_SECRET, MIXPANEL_USERNAME
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import Message
from tests.fakes.subscription import push_body
from tests.functional.running import Running, body_of

PROJECT_SECRET = "0123456789abcdef0123456789abcdef"
MARKER = "marker-7f3a"


def everything_logged(running: Running) -> str:
    logs = [running.stack.functions[name].log.read_text() for name in FUNCTIONS]
    return "\n".join(logs)


def test_no_row_data(running: Running, interval: Interval) -> None:
    """Whatever happens to an event, nothing of it is in any function's log."""
    start = interval.start_ms
    running.hold(
        interval,
        f"{MARKER}-id",
        **{
            "distinct_id": f"{MARKER}@example.com",
            f"{MARKER} name": 2**70,  # Converted to text.
            "$city": f"{MARKER} \ud800",
        },
    )
    running.mixpanel.ingest(
        MIXPANEL_PROJECT_ID,
        f"{MARKER} event",
        interval.start,
        interval.start,
        {"nested": [MARKER]},
    )
    strange = [
        f"{MARKER} is not JSON",
        f'{{"event":"{MARKER}","properties":{{"time":1}}}}',  # No processing time.
        f'{{"event":"{MARKER}","properties":{{"mp_processing_time_ms":{start},"time":"{MARKER}"}}}}',
        f'{{"error":"{MARKER}"}}',
    ]
    # First cut by a notice, then by half a line; then whole, with lines that are rejected.
    running.mixpanel.faults.add(
        "terminated_early", after_lines=1, text=f"terminated early {MARKER}"
    )
    running.mixpanel.faults.add("terminated_early", text=f'{{"event":"{MARKER}')
    running.mixpanel.faults.add("extra_lines", skip=2, lines=strange, at=0)
    answers = running.land(interval)
    (loaded,) = running.loads(interval)
    log = everything_logged(running)

    assert [503, 503, 200] == answers
    assert (2, 4) == (loaded["row_count"], loaded["rejected"])
    assert MARKER not in log
    assert "retrieved: 2 records" in log


def test_rejects_are_kept_not_logged(running: Running, interval: Interval) -> None:
    """A line that cannot be used is kept beside its export, and the log only counts it."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("extra_lines", lines=[f"{MARKER} is not JSON"], at=0)
    running.land(interval)
    (path,) = [name for name in running.objects() if name.startswith("rejects/")]
    kept = gzip.decompress(running.content(path)).decode()
    (line,) = running.logged("fetcher", "retrieved")

    assert MARKER in kept
    assert 1 == line["rejected"]
    assert MARKER not in everything_logged(running)


def test_no_secrets(running: Running, interval: Interval) -> None:
    """Refused credentials are reported without their text, and so is every other call."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("status", status=401, body="Unable to authenticate request")
    running.mixpanel.faults.add("reset")
    answers = running.land(interval)

    assert [500, 200] == answers
    assert MIXPANEL_SECRET not in everything_logged(running)
    assert MIXPANEL_USERNAME not in everything_logged(running)


@pytest.fixture(name="with_project_secret")
def _with_project_secret(running: Running, tmp_path: Path) -> Iterator[FunctionProcess]:
    environment = running.stack.function_environment | {
        "MIXPANEL_CREDENTIALS": PROJECT_SECRET,
        "MIXPANEL_PROJECT_ID": "2",
    }
    running.mixpanel.add_project(2, service_accounts={}, api_secret=PROJECT_SECRET)
    process = FunctionProcess("fetcher", environment, tmp_path / "fetcher.log").start()
    yield process.wait_until_ready()
    process.kill()


def test_project_secret(
    running: Running, with_project_secret: FunctionProcess, interval: Interval
) -> None:
    """A project secret still works, with a warning that says when it will not and what to do."""
    message = Message(body_of(interval), {}, "1", datetime.now(UTC))
    reply = running.post("fetcher", push_body(message), url=with_project_secret.url)
    running.settle()
    log = with_project_secret.log.read_text()

    assert 200 == reply.status
    assert [200] == [call["status"] for call in running.asked()]
    assert '"severity": "WARNING", "event": "project_secret"' in log
    assert '"days_left": ' in log
    assert "2027-03-03" in log
    assert PROJECT_SECRET not in log
