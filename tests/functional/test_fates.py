"""What becomes of a published message: acknowledged, delivered again, parked, or given up on."""

from __future__ import annotations

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local import resources
from local.stack import MIXPANEL_PROJECT_ID, MIXPANEL_SECRET, MIXPANEL_USERNAME, PROJECT_TIMEZONE
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ExportRequest
from mixpanel_export.series import RECENT
from tests.functional.running import Running, wait_until

_MOST_DELIVERIES = 20


def use_credentials(running: Running, secret: str) -> None:
    """Replace Mixpanel's project by an empty one that knows only this secret."""
    running.mixpanel.add_project(
        MIXPANEL_PROJECT_ID,
        timezone=PROJECT_TIMEZONE,
        service_accounts={MIXPANEL_USERNAME: secret},
    )


def test_success(running: Running, interval: Interval) -> None:
    """A request is delivered once, and its rows are there when it is acknowledged."""
    running.hold(interval, "a", "b", None)

    assert [200] == running.land(interval)
    assert ["a", "b", None] == running.shown(interval)
    assert [200] == [each["status"] for each in running.deliveries(resources.LANDED)]
    (retrieved,) = running.logged("fetcher", "retrieved")
    assert "retrieved: 3 records" == retrieved["message"]
    (loaded,) = running.logged("loader", "loaded")
    assert "loaded: 3 records" == loaded["message"]


def test_transient(running: Running, interval: Interval) -> None:
    """A cut export is delivered again and then lands, once."""
    running.hold(interval, "a", "b")
    running.mixpanel.faults.add("terminated_early")

    assert [503, 200] == running.land(interval)
    assert ["a", "b"] == running.shown(interval)
    assert 1 == len(running.objects())
    assert ["WARNING"] == [
        line["severity"] for line in running.logged("fetcher", "transient_failure")
    ]


def test_server_errors(running: Running, interval: Interval) -> None:
    """Mixpanel's 5xx are tried again within a delivery, and each attempt is logged."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("status", status=500)
    running.mixpanel.faults.add("status", status=502, body="<html>Bad Gateway</html>")

    assert [200] == running.land(interval)
    attempts = running.logged("fetcher", "mixpanel_response")
    assert [500, 502, 200] == [line["status"] for line in attempts]
    assert ["WARNING", "WARNING", "INFO"] == [line["severity"] for line in attempts]
    assert {"/api/2.0/export"} == {line["endpoint"] for line in attempts}


def test_rate_limited(running: Running, interval: Interval) -> None:
    """A 429 is not tried again within a delivery; the next delivery lands the interval."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("status", status=429)

    assert [429, 200] == running.land(interval)
    assert [429, 200] == [call["status"] for call in running.asked()]
    assert [429] == [line["status"] for line in running.logged("fetcher", "rate_limited")]
    assert ["a"] == running.shown(interval)


def test_wrong_credentials(running: Running, interval: Interval) -> None:
    """Requests wait for a person who corrects the credentials, and then heal by themselves."""
    use_credentials(running, "another-secret")
    message_id = running.ask(interval)
    wait_until(lambda: len(running.answers(message_id)) > 2)
    use_credentials(running, MIXPANEL_SECRET)
    running.hold(interval, "a")
    running.settle()
    *failed, last = running.answers(message_id)

    assert ({500}, 200) == (set(failed), last)
    assert ["a"] == running.shown(interval)
    assert {("ERROR", 400)} == {
        (line["severity"], line["status"]) for line in running.logged("fetcher", "setup_failure")
    }


def test_missing_table(running: Running, interval: Interval) -> None:
    """Landed objects wait for a table that a person makes, and then load by themselves."""
    running.hold(interval, "a")
    client = bigquery.Client(resources.PROJECT_ID, AnonymousCredentials())
    missing = client.get_table(f"{resources.RAW_DATASET}.events")
    table = bigquery.Table(missing.reference, missing.schema)
    table.time_partitioning = missing.time_partitioning
    table.clustering_fields = missing.clustering_fields
    client.delete_table(missing)
    running.ask(interval)
    wait_until(lambda: len(running.deliveries(resources.LANDED)) > 2)
    client.create_table(table)
    running.settle()
    *failed, last = (each["status"] for each in running.deliveries(resources.LANDED))

    assert ({500}, 200) == (set(failed), last)
    assert ["a"] == running.shown(interval)
    assert {"notFound"} == {job["error"]["reason"] for job in running.jobs() if job["error"]}
    failures = running.logged("loader", "setup_failure")
    assert {"notFound"} == {line["job_reason"] for line in failures}


def test_given_up(running: Running, interval: Interval) -> None:
    """After twenty deliveries Pub/Sub keeps the message, as it was published, as a dead letter."""
    request = ExportRequest(RECENT, interval, "heal")
    running.stack.storage.faults.add(
        "error", status=403, reason="forbidden", times=999, match={"operation": "list"}
    )
    answers = running.land(interval, "heal")
    (letter,) = running.dead_letters(1)

    assert _MOST_DELIVERIES * [500] == answers
    assert request.data == letter.data
    assert request.attributes.items() <= letter.attributes.items()
    assert str(_MOST_DELIVERIES) == letter.attributes["CloudPubSubDeadLetterSourceDeliveryCount"]
    assert [] == running.objects()


def test_dead_letter_published_again(running: Running, interval: Interval) -> None:
    """A dead letter that is published again as it is lands its interval: draining is replaying."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("status", status=400, body="not today")
    parked = running.land(interval)
    (letter,) = running.dead_letters(1)
    again = running.publish(resources.REQUESTS, letter.data, **letter.attributes)
    running.settle()

    assert [200] == parked
    assert [200] == running.answers(again)
    assert ["a"] == running.shown(interval)


def test_poison(running: Running, interval: Interval) -> None:
    """A message no retry can help is parked with its reason, whole, and delivered only once."""
    data, attributes = b"not a request \xff", {"origin": "schedule", "note": "by hand"}
    message_id = running.publish(resources.REQUESTS, data, **attributes)
    running.settle()
    (letter,) = running.dead_letters(1)

    assert [200] == running.answers(message_id)
    assert data == letter.data
    assert attributes | {"reason": "the message body is not JSON"} == letter.attributes
    assert ["ERROR"] == [line["severity"] for line in running.logged("fetcher", "parked")]


def test_parking_fails(running: Running, interval: Interval) -> None:
    """A poison message that could not be parked is not acknowledged: it must not be lost."""
    running.stack.pubsub.faults.add(
        "publish_error", code="DATA_LOSS", match={"topic": resources.DEAD_LETTERS}
    )
    message_id = running.publish(resources.REQUESTS, b"not a request")
    running.settle()

    assert [503, 200] == running.answers(message_id)
    assert 1 == len(running.dead_letters(1))


def test_not_ours(running: Running) -> None:
    """A foreign object under our prefix is acknowledged at its first delivery and logged once."""
    running.put("events/notes.txt", b"not an export")
    running.settle()

    assert [204] == [each["status"] for each in running.deliveries(resources.LANDED)]
    (line,) = running.logged("loader")
    assert ("INFO", "not_ours") == (line["severity"], line["event"])
    assert [] == running.jobs()
