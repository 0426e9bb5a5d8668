"""Messages and objects go the way that the code relies on, and none is lost without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from google.cloud import pubsub_v1, storage

from local import resources
from local.pubsub import PubSubEmulator
from local.storage import StorageEmulator
from mixpanel_export.deadlines import DELIVERY_SECONDS
from tests.terraform.runs import State

RUNS = ("defaults", "full", "longest")
# The topic that each function's subscription is on; how both are called on the emulators.
HOPS = {
    "fetcher": ("fetch_trigger", "requests", resources.REQUESTS),
    "loader": ("load_trigger", "landed", resources.LANDED),
}
PUSH = "google_pubsub_subscription.push"
DEAD_LETTERS = "google_pubsub_subscription.dead_letters"


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


@pytest.fixture(name="state", params=RUNS)
def _state(request: pytest.FixtureRequest, states: Mapping[str, State]) -> State:
    return states[request.param]


@pytest.fixture(name="subscriber")
def _subscriber(monkeypatch: pytest.MonkeyPatch) -> Iterator[pubsub_v1.SubscriberClient]:
    """A client of the emulator with what the local stack makes there."""
    with PubSubEmulator() as emulator:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", emulator.host)
        resources.create_topics()
        for function, (_, _, topic) in HOPS.items():
            resources.create_push_subscription(topic, f"http://127.0.0.1:1/{function}")
        client = pubsub_v1.SubscriberClient()
        yield client
        client.close()


def test_every_subscription_is_known(state: State) -> None:
    """Two push, one keeps dead letters; a new one would be looked at here."""
    pushes = {f"module.{trigger}.{PUSH}" for trigger, _, _ in HOPS.values()}

    assert {*pushes, DEAD_LETTERS} == state.resources("google_pubsub_subscription").keys()


@pytest.mark.parametrize("function", HOPS)
def test_a_message_is_pushed_to_its_function(function: str, state: State) -> None:
    """Each topic's messages go to the function that understands them."""
    trigger, topic, _ = HOPS[function]
    subscription = state.resource(f"module.{trigger}.{PUSH}")
    (push,) = subscription["push_config"]
    made = state.resource(f"module.{function}.google_cloudfunctions2_function.this")

    assert state.resource(f'google_pubsub_topic.this["{topic}"]')["id"] == subscription["topic"]
    assert made["service_config"][0]["uri"] == push["push_endpoint"]
    assert made["name"] == subscription["name"]
    # The code reads the envelope.
    assert [] == push["no_wrapper"]


@pytest.mark.parametrize("function", HOPS)
def test_a_message_that_fails_is_tried_again_and_kept(function: str, state: State) -> None:
    """With pauses, for hours, and then as a dead letter, in a subscription that stays."""
    trigger = HOPS[function][0]
    subscription = state.resource(f"module.{trigger}.{PUSH}")
    (expiration,) = subscription["expiration_policy"]
    (retry,) = subscription["retry_policy"]
    (letters,) = subscription["dead_letter_policy"]
    shortest, longest = (seconds(retry[f"{end}imum_backoff"]) for end in ("min", "max"))
    pauses = [min(longest, shortest * 2**n) for n in range(letters["max_delivery_attempts"] - 1)]
    alert = state.resource(f"module.{trigger}.google_monitoring_alert_policy.delivery")
    waited = alert["conditions"][1]["condition_threshold"][0]["threshold_value"]
    topic = state.resource('google_pubsub_topic.this["dead_letters"]')

    assert "" == expiration["ttl"]
    assert topic["id"] == letters["dead_letter_topic"]
    # Whoever is told of a message that waits can still do something for it.
    assert waited < sum(pauses) < seconds(subscription["message_retention_duration"])
    assert not subscription["retain_acked_messages"]
    assert not subscription["filter"]


@pytest.mark.parametrize("function", HOPS)
def test_pubsub_may_make_dead_letters(function: str, state: State) -> None:
    """Its agent may take a message off the subscription, and publish it as a dead letter."""
    (takes,) = state.resources("google_pubsub_subscription_iam_member").keys() & {
        f"module.{HOPS[function][0]}.google_pubsub_subscription_iam_member.dead_letters"
    }
    gives = state.resource("google_pubsub_topic_iam_member.pubsub_gives_up")
    taken = state.resource(takes)

    assert ("roles/pubsub.subscriber", "roles/pubsub.publisher") == (taken["role"], gives["role"])
    assert state.resource(f"module.{HOPS[function][0]}.{PUSH}")["name"] == taken["subscription"]
    assert state.resource(DEAD_LETTERS)["name"] == gives["topic"]
    assert taken["member"] == gives["member"]


def test_dead_letters_wait_for_people(state: State) -> None:
    """Their subscription is pulled, never expires, and keeps them as long as can be."""
    letters = state.resource(DEAD_LETTERS)
    (expiration,) = letters["expiration_policy"]

    assert "" == expiration["ttl"]
    assert [] == letters["push_config"] == letters["dead_letter_policy"] == letters["retry_policy"]
    assert 31 * 86_400 == seconds(letters["message_retention_duration"])
    assert letters["name"] == state.outputs["dead_letter_subscription"]


def test_whoever_gives_up_is_heard(state: State) -> None:
    """The code gives up before its platform does, and that before Pub/Sub and the schedule do."""
    functions = state.resources("google_cloudfunctions2_function").values()
    timeouts = {each["service_config"][0]["timeout_seconds"] for each in functions}
    waits = [
        each["ack_deadline_seconds"]
        for each in state.resources("google_pubsub_subscription").values()
    ]
    waits.append(seconds(state.resource("google_cloud_scheduler_job.tick")["attempt_deadline"]))

    assert {540} == timeouts
    assert DELIVERY_SECONDS + 30 <= min(timeouts)
    assert max(timeouts) <= min(waits)


@pytest.mark.parametrize("function", HOPS)
def test_the_emulator_delivers_in_the_same_way(
    function: str, states: Mapping[str, State], subscriber: pubsub_v1.SubscriberClient
) -> None:
    """What tests see of retries and dead letters is what Terraform sets up."""
    trigger, _, name = HOPS[function]
    path = subscriber.subscription_path(resources.PROJECT_ID, name)
    local = subscriber.get_subscription(request={"subscription": path})
    made = states["defaults"].resource(f"module.{trigger}.{PUSH}")
    (retry,), (letters,) = made["retry_policy"], made["dead_letter_policy"]

    assert (
        made["ack_deadline_seconds"],
        seconds(retry["minimum_backoff"]),
        seconds(retry["maximum_backoff"]),
        letters["max_delivery_attempts"],
    ) == (
        local.ack_deadline_seconds,
        local.retry_policy.minimum_backoff.seconds,
        local.retry_policy.maximum_backoff.seconds,
        local.dead_letter_policy.max_delivery_attempts,
    )


def test_names_are_those_of_the_local_stack(states: Mapping[str, State]) -> None:
    """Without a prefix, topics and datasets are called as on the laptop."""
    outputs = states["defaults"].outputs

    assert {
        "dead_letters": resources.DEAD_LETTERS,
        "landed": resources.LANDED,
        "requests": resources.REQUESTS,
    } == outputs["topics"]
    assert {"raw": resources.RAW_DATASET, "views": resources.DATASET} == outputs["datasets"]


def notified(
    name: str, topic: str, events: Any, form: str
) -> tuple[str, str, tuple[str, ...], str]:
    return name, topic.rpartition("/")[2], tuple(events), form


def test_the_emulator_announces_the_same_objects(
    states: Mapping[str, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notifications of the bucket are those of the local stack."""
    state = states["defaults"]
    landed = state.resource('google_pubsub_topic.this["landed"]')
    made = state.resources("google_storage_notification").values()
    with StorageEmulator() as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        resources.create_bucket()
        bucket = storage.Client(resources.PROJECT_ID).bucket(resources.BUCKET)
        local = [
            notified(each.blob_name_prefix, each.topic_name, each.event_types, each.payload_format)
            for each in bucket.list_notifications()
        ]

    assert {landed["id"]} == {each["topic"] for each in made}
    assert sorted(local) == sorted(
        notified(
            each["object_name_prefix"],
            landed["name"],
            each["event_types"],
            each["payload_format"],
        )
        for each in made
    )
