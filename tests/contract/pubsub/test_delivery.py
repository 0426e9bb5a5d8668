"""How Pub/Sub delivers, asked of our emulator and of Google's own."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import pytest

from tests.contract.pubsub.endpoint import Push, PushEndpoint
from tests.contract.pubsub.implementations import PubSub


def test_topics_and_subscriptions_can_be_listed_until_deleted(pubsub: PubSub) -> None:
    """Lists page through the project's own topics and subscriptions."""
    topics = [pubsub.create_topic(name) for name in ("alpha", "beta", "gamma")]
    paths = [pubsub.subscribe(name, "alpha") for name in ("one-sub", "two-sub")]

    page = {"project": pubsub.project, "page_size": 2}
    listed = pubsub.publisher.list_topics(request=page)
    assert topics == sorted(topic.name for topic in listed)
    subscriptions = pubsub.subscriber.list_subscriptions(request=page | {"page_size": 1})
    assert paths == sorted(subscription.name for subscription in subscriptions)

    pubsub.publisher.delete_topic(topic=topics[1])
    pubsub.subscriber.delete_subscription(subscription=paths[0])
    listed = pubsub.publisher.list_topics(request=page)
    assert [topics[0], topics[2]] == sorted(topic.name for topic in listed)
    subscriptions = pubsub.subscriber.list_subscriptions(request=page)
    assert [paths[1]] == [subscription.name for subscription in subscriptions]


def test_subscription_outlives_its_topic(pubsub: PubSub) -> None:
    """A subscription whose topic was deleted still delivers what it has."""
    pubsub.create_topic()
    path = pubsub.subscribe("orphan")
    pubsub.publish({"data": b"last words"})

    pubsub.publisher.delete_topic(topic=pubsub.topic_path("main"))

    orphan = pubsub.subscriber.get_subscription(subscription=path)
    assert "_deleted-topic_" == orphan.topic
    assert b"last words" == pubsub.pull("orphan")[0].message.data


def test_every_subscription_gets_every_message_once_acknowledged(pubsub: PubSub) -> None:
    """Subscriptions are independent: acknowledging in one leaves the other's copy alone."""
    pubsub.create_topic()
    first, _ = pubsub.subscribe("first-sub"), pubsub.subscribe("second-sub")
    ids = pubsub.publish({"data": b"\x00\xff"}, {"attributes": {"origin": "replay"}})

    received = pubsub.pull("first-sub", 2)
    pubsub.subscriber.acknowledge(subscription=first, ack_ids=[item.ack_id for item in received])

    assert ids == [item.message.message_id for item in received]
    assert [b"\x00\xff", b""] == [item.message.data for item in received]
    assert {"origin": "replay"} == dict(received[1].message.attributes)
    assert [0, 0] == [item.delivery_attempt for item in received]
    assert pubsub.pull_nothing("first-sub")
    assert ids == [item.message.message_id for item in pubsub.pull("second-sub", 2)]


def test_high_level_publisher_is_understood(pubsub: PubSub) -> None:
    """The batching client of the production code gets an id for every future."""
    topic = pubsub.create_topic()
    pubsub.subscribe("sub")

    futures = [pubsub.publisher.publish(topic, b"x", number=str(n)) for n in range(20)]
    ids = [future.result(timeout=10) for future in futures]

    assert sorted(ids) == sorted(item.message.message_id for item in pubsub.pull("sub", 20))


@pytest.mark.parametrize("deadline", [0, 1], ids=["nack", "deadline passes"])
def test_message_not_acknowledged_comes_again(pubsub: PubSub, deadline: int) -> None:
    """A nack, or the end of the ack deadline, brings the very same message back."""
    pubsub.create_topic()
    path = pubsub.subscribe("sub")
    pubsub.publish({"data": b"again"})

    first = pubsub.pull("sub")[0]
    pubsub.subscriber.modify_ack_deadline(
        subscription=path, ack_ids=[first.ack_id], ack_deadline_seconds=deadline
    )
    if deadline:
        assert pubsub.pull_nothing("sub")
    second = pubsub.pull("sub")[0]

    assert first.ack_id != second.ack_id
    assert first.message == second.message


def test_push_wraps_the_message(pubsub: PubSub, endpoint: PushEndpoint) -> None:
    """The endpoint gets the wrapped envelope, with both spellings of id and time."""
    pubsub.create_topic()
    path = pubsub.subscribe("sub", push_config={"push_endpoint": endpoint.url})
    (message_id,) = pubsub.publish({"data": b"hello", "attributes": {"table": "events"}})

    (push,) = endpoint.wait_for(1)

    published = push.message["publishTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", published)
    assert "/push" == push.path
    assert "application/json" == push.headers["Content-Type"]
    assert {
        "message": {
            "data": base64.b64encode(b"hello").decode(),
            "attributes": {"table": "events"},
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": published,
            "publish_time": published,
        },
        "subscription": path,
    } == push.envelope


def test_push_leaves_out_empty_fields(pubsub: PubSub, endpoint: PushEndpoint) -> None:
    """A message without data has no `data`, one without attributes no `attributes`."""
    pubsub.create_topic()
    pubsub.subscribe("sub", push_config={"push_endpoint": endpoint.url})
    ids = pubsub.publish({"attributes": {"only": "this"}}, {"data": b"only this"})

    pushes = {push.message["messageId"]: push.message for push in endpoint.wait_for(2)}

    if pubsub.differs("empty fields present in push"):
        assert not pushes[ids[0]]["data"]
        assert {} == pushes[ids[1]]["attributes"]
    else:
        assert "data" not in pushes[ids[0]]
        assert "attributes" not in pushes[ids[1]]


def test_push_carries_the_ordering_key(pubsub: PubSub, endpoint: PushEndpoint) -> None:
    """A message's ordering key is part of the envelope."""
    pubsub.create_topic()
    pubsub.subscribe("sub", push_config={"push_endpoint": endpoint.url})
    pubsub.publish({"data": b"x", "ordering_key": "one by one"})

    (push,) = endpoint.wait_for(1)

    expected = None if pubsub.differs("orderingKey missing in push") else "one by one"
    assert expected == push.message.get("orderingKey")


@pytest.mark.parametrize("audience", ["", "https://audience.example"])
def test_push_identifies_itself(pubsub: PubSub, endpoint: PushEndpoint, audience: str) -> None:
    """With `oidc_token` the push carries a token of that account for that audience."""
    account = "push@project.iam.gserviceaccount.com"
    token = {"service_account_email": account, "audience": audience}
    pubsub.create_topic()
    pubsub.subscribe("sub", push_config={"push_endpoint": endpoint.url, "oidc_token": token})
    pubsub.publish({"data": b"x"})

    (push,) = endpoint.wait_for(1)

    if pubsub.differs("no OIDC header"):
        assert push.headers["Authorization"] is None
    else:
        claims = _claims(push)
        assert (audience or endpoint.url) == claims["aud"]
        assert account == claims["email"]
        assert claims["email_verified"]
        assert claims["iat"] < claims["exp"]


def _claims(push: Push) -> dict[str, Any]:
    scheme, token = push.headers["Authorization"].split()
    assert "Bearer" == scheme
    _, claims, _ = token.split(".")
    return dict(json.loads(base64.urlsafe_b64decode(claims + "==")))


def test_only_five_statuses_acknowledge_a_push(pubsub: PubSub, endpoint: PushEndpoint) -> None:
    """102, 200, 201, 202 and 204 acknowledge; every other answer is a nack."""
    statuses = ["102", "200", "201", "202", "203", "204", "206", "301", "400", "404", "429", "500"]
    acks = {"102", "200", "201", "202", "204"}
    if pubsub.differs("202 is a nack, 203 an ack"):
        acks ^= {"202", "203"}
    nacks = set(statuses) - acks
    seen: set[str] = set()

    def answer(push: Push) -> int:
        status = push.attributes["status"]
        again = status in seen
        seen.add(status)
        return 204 if again else int(status)

    endpoint.answer = answer
    pubsub.create_topic()
    pubsub.subscribe("sub", push_config={"push_endpoint": endpoint.url})
    pubsub.publish(*[{"attributes": {"status": status}} for status in statuses])

    endpoint.wait_for(len(statuses) + len(nacks))
    time.sleep(0.3)

    delivered = [push.attributes["status"] for push in endpoint.pushes]
    assert nacks == {status for status in statuses if delivered.count(status) == 2}
    assert len(statuses) + len(nacks) == len(delivered)


def test_message_that_keeps_failing_is_dead_lettered(
    pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """After the fifth failure the message moves to the dead-letter topic, and says whence."""
    endpoint.answer = lambda _push: 500
    pubsub.create_topic()
    pubsub.create_topic("dead")
    pubsub.subscribe("graves", "dead")
    policy = {"dead_letter_topic": pubsub.topic_path("dead"), "max_delivery_attempts": 5}
    pubsub.subscribe("sub", push_config={"push_endpoint": endpoint.url}, dead_letter_policy=policy)
    pubsub.publish({"data": b"poison", "attributes": {"origin": "schedule"}})

    letter = pubsub.pull("graves", seconds=20)[0].message
    time.sleep(0.3)

    pushes = endpoint.pushes
    attempts = [push.envelope.get("deliveryAttempt") for push in pushes]
    missing = pubsub.differs("deliveryAttempt missing in push")
    assert ([None] * 5 if missing else [1, 2, 3, 4, 5]) == attempts
    assert 1 == len({push.message["messageId"] for push in pushes})
    assert 1 == len({push.message["publishTime"] for push in pushes})
    assert b"poison" == letter.data
    assert letter.message_id != pushes[0].message["messageId"]
    source = "CloudPubSubDeadLetterSource"
    published = letter.attributes[f"{source}TopicPublishTime"]
    assert pushes[0].message["publishTime"].rstrip("Z") in published
    assert {
        "origin": "schedule",
        f"{source}DeliveryCount": "5",
        f"{source}Subscription": "sub",
        f"{source}SubscriptionProject": pubsub.project.removeprefix("projects/"),
        f"{source}TopicPublishTime": published,
    } == dict(letter.attributes)


def test_filter_drops_what_does_not_match(pubsub: PubSub, endpoint: PushEndpoint) -> None:
    """Push and pull subscriptions with a filter get only what matches it."""
    wanted = 'attributes.origin = "heal"'
    pubsub.create_topic()
    pubsub.subscribe("pulled", filter=wanted)
    pubsub.subscribe("pushed", filter=wanted, push_config={"push_endpoint": endpoint.url})
    origins = ["schedule", "heal", "backfill", "heal"]
    pubsub.publish(*[{"attributes": {"origin": origin}} for origin in origins])

    expected = origins if pubsub.differs("filter not applied") else ["heal", "heal"]
    received = pubsub.pull("pulled", len(expected))
    pushes = endpoint.wait_for(len(expected))

    assert expected == [item.message.attributes["origin"] for item in received]
    assert sorted(expected) == sorted(push.attributes["origin"] for push in pushes)
    assert pubsub.pull_nothing("pulled")
