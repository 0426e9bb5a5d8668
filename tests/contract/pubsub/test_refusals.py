"""What Pub/Sub refuses, asked of our emulator and of Google's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from google.api_core import exceptions

from tests.contract.pubsub.endpoint import PushEndpoint
from tests.contract.pubsub.implementations import PubSub


@dataclass(frozen=True)
class Refused:
    """A request, the status it must get, and by which difference Google's gives another."""

    call: Callable[[PubSub], Any]
    error: type[Exception]
    difference: str = ""
    googles: type[Exception] | None = None


REFUSED = {
    "topic name too short": Refused(
        lambda pubsub: pubsub.create_topic("t1"), exceptions.InvalidArgument
    ),
    "topic name starts with goog": Refused(
        lambda pubsub: pubsub.create_topic("google-events"), exceptions.InvalidArgument
    ),
    "topic name without project": Refused(
        lambda pubsub: pubsub.publisher.create_topic(name="topics/main"),
        exceptions.InvalidArgument,
    ),
    "topic exists": Refused(lambda pubsub: pubsub.create_topic(), exceptions.AlreadyExists),
    "no such topic to get": Refused(
        lambda pubsub: pubsub.publisher.get_topic(topic=pubsub.topic_path("nowhere")),
        exceptions.NotFound,
    ),
    "no such topic to delete": Refused(
        lambda pubsub: pubsub.publisher.delete_topic(topic=pubsub.topic_path("nowhere")),
        exceptions.NotFound,
    ),
    "no such topic to publish to": Refused(
        lambda pubsub: pubsub.publish({"data": b"x"}, topic="nowhere"), exceptions.NotFound
    ),
    "no messages": Refused(lambda pubsub: pubsub.publish(), exceptions.InvalidArgument),
    "message without data and attributes": Refused(
        lambda pubsub: pubsub.publish({"data": b"x"}, {}), exceptions.InvalidArgument
    ),
    "more than 1000 messages": Refused(
        lambda pubsub: pubsub.publish(*[{"data": b"x"}] * 1001), exceptions.InvalidArgument
    ),
    "attribute value too long": Refused(
        lambda pubsub: pubsub.publish({"attributes": {"reason": "x" * 1025}}),
        exceptions.InvalidArgument,
        "attribute limits not enforced",
    ),
    "attribute key too long": Refused(
        lambda pubsub: pubsub.publish({"attributes": {"k" * 257: "x"}}),
        exceptions.InvalidArgument,
        "attribute limits not enforced",
    ),
    "too many attributes": Refused(
        lambda pubsub: pubsub.publish({"attributes": {f"k{n}": "x" for n in range(101)}}),
        exceptions.InvalidArgument,
        "attribute limits not enforced",
    ),
    "subscription name too short": Refused(
        lambda pubsub: pubsub.subscribe("s1"), exceptions.InvalidArgument
    ),
    "subscription exists": Refused(
        lambda pubsub: pubsub.subscribe("taken"), exceptions.AlreadyExists
    ),
    "no such topic to subscribe to": Refused(
        lambda pubsub: pubsub.subscribe("new", "nowhere"), exceptions.NotFound
    ),
    "ack deadline too short": Refused(
        lambda pubsub: pubsub.subscribe("new", ack_deadline_seconds=9),
        exceptions.InvalidArgument,
        "ack deadline below 10 s accepted",
    ),
    "ack deadline too long": Refused(
        lambda pubsub: pubsub.subscribe("new", ack_deadline_seconds=601),
        exceptions.InvalidArgument,
    ),
    "too few delivery attempts": Refused(
        lambda pubsub: _subscribe_with_dead_letters(pubsub, "main", 4),
        exceptions.InvalidArgument,
        "attempts out of bounds are OUT_OF_RANGE",
        exceptions.OutOfRange,
    ),
    "too many delivery attempts": Refused(
        lambda pubsub: _subscribe_with_dead_letters(pubsub, "main", 101),
        exceptions.InvalidArgument,
        "attempts out of bounds are OUT_OF_RANGE",
        exceptions.OutOfRange,
    ),
    "no such dead-letter topic": Refused(
        lambda pubsub: _subscribe_with_dead_letters(pubsub, "nowhere", 5), exceptions.NotFound
    ),
    "backoff longer than 600 s": Refused(
        lambda pubsub: pubsub.subscribe("new", retry_policy={"maximum_backoff": "601s"}),
        exceptions.InvalidArgument,
    ),
    "shortest backoff longer than the longest": Refused(
        lambda pubsub: pubsub.subscribe(
            "new", retry_policy={"minimum_backoff": "9s", "maximum_backoff": "8s"}
        ),
        exceptions.InvalidArgument,
    ),
    "push endpoint that is no URL": Refused(
        lambda pubsub: pubsub.subscribe("new", push_config={"push_endpoint": "ftp://x"}),
        exceptions.InvalidArgument,
    ),
    "filter that does not parse": Refused(
        lambda pubsub: pubsub.subscribe("new", filter='attributes.origin == "heal"'),
        exceptions.InvalidArgument,
        "invalid filter accepted",
    ),
    "filter longer than 256 bytes": Refused(
        lambda pubsub: pubsub.subscribe("new", filter=f"attributes:{'x' * 246}"),
        exceptions.InvalidArgument,
        "invalid filter accepted",
    ),
    "no such subscription to get": Refused(
        lambda pubsub: pubsub.subscriber.get_subscription(subscription=pubsub.path("nowhere")),
        exceptions.NotFound,
    ),
    "no such subscription to delete": Refused(
        lambda pubsub: pubsub.subscriber.delete_subscription(subscription=pubsub.path("nowhere")),
        exceptions.NotFound,
    ),
    "no such subscription to pull": Refused(
        lambda pubsub: pubsub.pull("nowhere"), exceptions.NotFound
    ),
    "pull of zero messages": Refused(
        lambda pubsub: pubsub.subscriber.pull(subscription=pubsub.path("taken"), max_messages=0),
        exceptions.InvalidArgument,
    ),
    "no ack ids": Refused(
        lambda pubsub: pubsub.subscriber.acknowledge(
            subscription=pubsub.path("taken"), ack_ids=[]
        ),
        exceptions.InvalidArgument,
    ),
    "made-up ack id": Refused(
        lambda pubsub: pubsub.subscriber.acknowledge(
            subscription=pubsub.path("taken"), ack_ids=["mine"]
        ),
        exceptions.InvalidArgument,
    ),
}


def _test(pubsub: PubSub, resource: str, *permissions: str) -> list[str]:
    """Which of the permissions the caller has."""
    request = {"resource": resource, "permissions": permissions}
    return list(pubsub.publisher.test_iam_permissions(request=request).permissions)


def test_the_caller_may_do_everything(ours: PubSub) -> None:
    """Nobody checks permissions, so all that were asked about come back."""
    ours.subscribe("sub")
    topic, subscription = ours.topic_path("main"), ours.path("sub")

    assert ["pubsub.topics.publish", "pubsub.topics.get"] == _test(
        ours, topic, "pubsub.topics.publish", "pubsub.topics.get"
    )
    assert ["pubsub.subscriptions.consume"] == _test(
        ours, subscription, "pubsub.subscriptions.consume"
    )


def test_nobody_may_do_anything_with_what_is_not_there(ours: PubSub) -> None:
    """A missing resource is not NOT_FOUND here: it grants nothing, as Google documents."""
    assert [] == _test(ours, ours.topic_path("nowhere"), "pubsub.topics.publish")


@pytest.mark.parametrize(
    ("resource", "permission"),
    [
        ("main", "pubsub.subscriptions.consume"),
        ("main", "pubsub.topics.*"),
        ("main", "publish"),
        ("t1", "pubsub.topics.publish"),
    ],
    ids=["of a subscription", "wildcard", "no permission", "no such name"],
)
def test_permissions_that_do_not_exist_are_refused(
    ours: PubSub, resource: str, permission: str
) -> None:
    """A permission must be one of the resource's kind; wildcards are none."""
    with pytest.raises(exceptions.InvalidArgument):
        _test(ours, ours.topic_path(resource), permission)


def _subscribe_with_dead_letters(pubsub: PubSub, topic: str, attempts: int) -> None:
    policy = {
        "dead_letter_topic": pubsub.topic_path(topic),
        "max_delivery_attempts": attempts,
    }
    pubsub.subscribe("new", dead_letter_policy=policy)


@pytest.mark.parametrize("refused", REFUSED.values(), ids=list(REFUSED))
def test_what_is_wrong_is_refused(pubsub: PubSub, refused: Refused) -> None:
    """A request that breaks a rule gets the status Google documents for it."""
    pubsub.create_topic()
    pubsub.subscribe("taken")

    error: type[Exception] | None = refused.error
    if refused.difference and pubsub.differs(refused.difference):
        error = refused.googles
    if error is None:
        refused.call(pubsub)
    else:
        with pytest.raises(error):
            refused.call(pubsub)


def test_push_subscription_cannot_be_pulled(pubsub: PubSub, endpoint: PushEndpoint) -> None:
    """Pulling from a push subscription is refused: its messages are for the endpoint."""
    pubsub.create_topic()
    pubsub.subscribe("pushed", push_config={"push_endpoint": endpoint.url})

    if pubsub.differs("push subscription can be pulled"):
        assert pubsub.pull_nothing("pushed")
    else:
        with pytest.raises(exceptions.FailedPrecondition):
            pubsub.pull("pushed")


NOT_EMULATED: dict[str, Callable[[PubSub], Any]] = {
    "update_topic": lambda pubsub: pubsub.publisher.update_topic(
        request={"topic": {"name": pubsub.topic_path("main")}}
    ),
    "update_subscription": lambda pubsub: pubsub.subscriber.update_subscription(
        request={"subscription": {"name": pubsub.path("sub")}}
    ),
    "list_topic_subscriptions": lambda pubsub: list(
        pubsub.publisher.list_topic_subscriptions(topic=pubsub.topic_path("main"))
    ),
    "modify_push_config": lambda pubsub: pubsub.subscriber.modify_push_config(
        request={"subscription": pubsub.path("sub")}
    ),
    "seek": lambda pubsub: pubsub.subscriber.seek(request={"subscription": pubsub.path("sub")}),
    "create_snapshot": lambda pubsub: pubsub.subscriber.create_snapshot(
        name=f"{pubsub.project}/snapshots/one", subscription=pubsub.path("sub")
    ),
    "get_iam_policy": lambda pubsub: pubsub.publisher.get_iam_policy(
        request={"resource": pubsub.topic_path("main")}
    ),
    "streaming_pull": lambda pubsub: list(pubsub.subscriber.streaming_pull(iter([]))),
    "ordering": lambda pubsub: pubsub.subscribe("new", enable_message_ordering=True),
    "exactly once": lambda pubsub: pubsub.subscribe("new", enable_exactly_once_delivery=True),
    "unwrapped push": lambda pubsub: pubsub.subscribe(
        "new", push_config={"push_endpoint": "http://127.0.0.1:9/", "no_wrapper": {}}
    ),
    "schema": lambda pubsub: pubsub.publisher.create_topic(
        request={"name": pubsub.topic_path("new"), "schema_settings": {"encoding": "JSON"}}
    ),
}


@pytest.mark.parametrize("call", NOT_EMULATED.values(), ids=list(NOT_EMULATED))
def test_what_is_not_emulated_says_so(ours: PubSub, call: Callable[[PubSub], Any]) -> None:
    """Everything else answers UNIMPLEMENTED: the emulator never guesses."""
    with pytest.raises(exceptions.MethodNotImplemented):
        call(ours)
