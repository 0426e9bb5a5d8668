"""What the loader makes of notifications: ours, foreign ones, and broken ones."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from local import resources
from mixpanel_export.intervals import Interval
from mixpanel_export.naming import ObjectName
from tests.functional.running import Running

_SPAN = "20250102T080000Z_20250102T090000Z"
OURS = f"events/date=2025-01-02/{_SPAN}/1.ndjson.gz"
NOTIFICATION = {
    "eventType": "OBJECT_FINALIZE",
    "payloadFormat": "JSON_API_V1",
    "bucketId": resources.BUCKET,
    "objectId": OURS,
}


def notify(
    running: Running, data: bytes = b"{}", changes: dict[str, str] | None = None
) -> list[int | None]:
    attributes = NOTIFICATION | (changes or {})
    message_id = running.publish(resources.LANDED, data, **attributes)
    running.settle()
    return running.answers(message_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"objectId": "events/notes.txt"},
        {"objectId": ""},
        # What the fetcher itself writes beside landed objects.
        {"objectId": f"rejects/{OURS}"},
        {"objectId": "incoming/5f0c"},
        # Nearly ours.
        {"objectId": f"{OURS}.bak"},
        {"objectId": f"people/date=2025-01-02/{_SPAN}/1.ndjson.gz"},
        {"objectId": f"events/date=2025-01-03/{_SPAN}/1.ndjson.gz"},
        {"objectId": f"events/date=2025-01-02/{_SPAN}/01.ndjson.gz"},
        {"objectId": OURS.replace("T090000Z", "T091700Z")},
        {"eventType": "OBJECT_DELETE"},
        {"eventType": "OBJECT_METADATA_UPDATE"},
        {"bucketId": "another-bucket"},
    ],
    ids=str,
)
def test_foreign(changes: dict[str, str], running: Running) -> None:
    """What is not a new export of ours is acknowledged, logged once, and starts no job."""
    answers = notify(running, changes=changes)

    assert [204] == answers
    assert ["not_ours"] == [line["event"] for line in running.logged("loader")]
    assert [] == running.jobs()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the notification is not JSON"),
        (b"[]", "the notification is JSON, but not an object"),
        (b"{}", "carries no row_count"),
        (b'{"metadata":{"row_count":3}}', "carries no row_count"),
        (b'{"metadata":{"row_count":"-1"}}', "carries no row_count"),
        (b'{"metadata":{"row_count":"' + b"9" * 5000 + b'"}}', "carries no row_count"),
    ],
    ids=["nothing", "a list", "no metadata", "a number", "negative", "endless"],
)
def test_without_row_count(data: bytes, reason: str, running: Running) -> None:
    """An object under our name that does not say how many rows it holds is parked, not loaded."""
    answers = notify(running, data)
    (letter,) = running.dead_letters(1)

    assert [200] == answers
    assert data == letter.data
    assert NOTIFICATION.items() <= letter.attributes.items()
    assert reason in letter.attributes["reason"]
    assert [] == running.jobs()


def test_put_by_hand(running: Running) -> None:
    """An object put under our name by hand is parked: its metadata do not vouch for it."""
    running.put(OURS, gzip.compress(b"{}\n"))
    running.settle()
    (letter,) = running.dead_letters(1)

    assert OURS == json.loads(letter.data)["name"]
    assert [] == running.jobs()


def test_redelivered(running: Running, interval: Interval) -> None:
    """A finalize notification that comes again days later finds its job done and adds no row."""
    running.hold(interval, "a", None)
    running.land(interval)
    (path,) = running.objects()
    again: dict[str, Any] = {"metadata": {"row_count": "2"}}
    answers = notify(running, json.dumps(again).encode(), {"objectId": path})

    assert [200] == answers
    assert 1 == len(running.jobs())
    assert 3 == running.stored(interval)
    (line,) = running.logged("loader", "already_loaded")
    assert ObjectName.parse(path).version == line["version"]


def test_wrong_row_count(running: Running, interval: Interval) -> None:
    """A count that does not fit what was loaded is parked, however often the job is adopted."""
    running.hold(interval, "a")
    running.land(interval)
    (path,) = running.objects()
    answers = notify(running, b'{"metadata":{"row_count":"2"}}', {"objectId": path})
    (letter,) = running.dead_letters(1)

    assert [200] == answers
    assert "loaded 2 rows" in letter.attributes["reason"]
    assert 1 == len(running.jobs())
