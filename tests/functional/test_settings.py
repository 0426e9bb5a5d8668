"""A function with wrong settings says all that is wrong at once, and tells no secret."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions import FunctionProcess
from tests.functional.built import require_current_bundles

# On the worker that runs the stack: starting a process is the slow part of both.
SECRET, PASSWORD = "tell-nobody-4711", "hunter2hunter2"
WRONG = {
    "EXPORT_BUCKET": "Not A Bucket",
    "DEAD_LETTER_TOPIC": "1",
    "MIXPANEL_REGION": "mars",
    "MIXPANEL_URL": f"https://someone:{PASSWORD}@mixpanel.example",
    "MIXPANEL_PROJECT_ID": "my project",
    # A blank within, as when two secrets were pasted.
    "MIXPANEL_CREDENTIALS": f"user:{SECRET} user:{SECRET}",
    "PROJECT_TIMEZONE": "../passwd",
    "SWEEP_DAYS": "7",
    "LAST_SEEN_OVERLAP_HOURS": "a day",
}
EXPECTED = [
    "GCP_PROJECT_ID is not set; allowed: a Google Cloud project id",
    "EXPORT_BUCKET is 'Not A Bucket'; allowed: a bucket name",
    "DEAD_LETTER_TOPIC is '1'; allowed: a topic name",
    "MIXPANEL_REGION is 'mars'; allowed: one of us, eu, in",
    "MIXPANEL_URL is ***; allowed: https:// and a host, without path or credentials",
    "MIXPANEL_PROJECT_ID is 'my project'; allowed: the number of the Mixpanel project",
    "MIXPANEL_CREDENTIALS is ***; allowed: `username:secret` of a service account",
    "PROJECT_TIMEZONE is '../passwd'; allowed: an IANA zone such as America/New_York, or UTC",
    "SWEEP_DAYS is '7'; allowed: 0, or a whole number from 8 to 1000",
    "LAST_SEEN_OVERLAP_HOURS is 'a day'; allowed: a whole number from 0 to 168",
]


@pytest.fixture(name="fetcher", scope="module")
def _fetcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionProcess]:
    require_current_bundles()
    log = tmp_path_factory.mktemp("settings") / "fetcher.log"
    process = FunctionProcess("fetcher", WRONG, log).start()
    yield process.wait_until_ready()
    process.kill()


def answer(process: FunctionProcess) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(process.url, data=b"{}", timeout=30)
    with answered.value as reply:
        return reply.code, reply.read().decode()


def problems(text: str) -> list[str]:
    return [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]


def log_of(path: Path) -> tuple[str, list[dict[str, str]]]:
    text = path.read_text()
    return text, [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_all_problems_at_once(fetcher: FunctionProcess) -> None:
    """Each request is answered with 500 and every problem, also in the log, until it is fixed."""
    first, second = answer(fetcher), answer(fetcher)
    _, (line, _) = log_of(fetcher.log)

    assert first == second
    assert (500, EXPECTED) == (first[0], problems(first[1]))
    assert ("ERROR", "setup_failure") == (line["severity"], line["event"])
    assert EXPECTED == problems(line["message"])


def test_secrets_are_masked(fetcher: FunctionProcess) -> None:
    """Neither the answer nor the log shows a secret, not even one that is wrong."""
    _, text = answer(fetcher)
    logged, _ = log_of(fetcher.log)

    for secret in (SECRET, PASSWORD):
        assert secret not in text + logged
