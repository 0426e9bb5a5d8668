"""The topics and subscriptions of all projects, and the way from one to the other."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from datetime import datetime

import grpc
from google.pubsub_v1 import types

from local.clock import Clock
from local.faults import Faults
from local.pubsub.messages import Message
from local.pubsub.pushing import Journal, Pusher
from local.pubsub.requests import Refusal, check_subscription, check_topic
from local.pubsub.subscriptions import Pace, Subscription

_DELETED_TOPIC = "_deleted-topic_"


class Broker:
    """Creates, finds and deletes topics and subscriptions, and fans out what is published."""

    def __init__(self, *, clock: Clock, faults: Faults, pace: Pace, push_concurrency: int) -> None:
        self.journal = Journal()
        self._clock = clock
        self._faults = faults
        self._pace = pace
        self._push_concurrency = push_concurrency
        self._topics: dict[str, types.Topic] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._message_ids = itertools.count(1)
        self._lock = threading.RLock()

    def create_topic(self, topic: types.Topic) -> types.Topic:
        check_topic(topic)
        with self._lock:
            if topic.name in self._topics:
                raise Refusal(grpc.StatusCode.ALREADY_EXISTS, "Topic already exists")
            self._topics[topic.name] = topic
            return topic

    def topic(self, name: str) -> types.Topic:
        with self._lock:
            if name not in self._topics:
                raise Refusal(grpc.StatusCode.NOT_FOUND, f"Topic not found ({name})")
            return self._topics[name]

    def topics(self) -> list[types.Topic]:
        with self._lock:
            return [self._topics[name] for name in sorted(self._topics)]

    def delete_topic(self, name: str) -> None:
        """Delete the topic; its subscriptions stay and deliver what they already have."""
        with self._lock:
            self.topic(name)
            del self._topics[name]
            for subscription in self._subscriptions.values():
                if subscription.config.topic == name:
                    subscription.config.topic = _DELETED_TOPIC

    def create_subscription(self, config: types.Subscription) -> types.Subscription:
        check_subscription(config)
        with self._lock:
            if config.name in self._subscriptions:
                raise Refusal(grpc.StatusCode.ALREADY_EXISTS, "Subscription already exists")
            self.topic(config.topic)
            if dead_letter_topic := config.dead_letter_policy.dead_letter_topic:
                self.topic(dead_letter_topic)
            subscription = Subscription(
                config,
                forward=self._forward,
                faults=self._faults,
                lock=self._lock,
                pace=self._pace,
            )
            self._subscriptions[config.name] = subscription
        if config.push_config.push_endpoint:
            Pusher(subscription, self.journal, self._push_concurrency).start()
        return config

    def subscription(self, name: str) -> Subscription:
        with self._lock:
            if name not in self._subscriptions:
                raise Refusal(grpc.StatusCode.NOT_FOUND, f"Subscription does not exist ({name})")
            return self._subscriptions[name]

    def subscriptions(self) -> list[Subscription]:
        with self._lock:
            return [self._subscriptions[name] for name in sorted(self._subscriptions)]

    def delete_subscription(self, name: str) -> None:
        with self._lock:
            self.subscription(name).close()
            del self._subscriptions[name]

    def exists(self, name: str) -> bool:
        """Whether this is the name of a topic or of a subscription."""
        with self._lock:
            return name in self._topics or name in self._subscriptions

    def publish(self, topic: str, drafts: Sequence[types.PubsubMessage]) -> list[str]:
        """Hand the messages to every subscription of the topic; their ids, in order."""
        with self._lock:
            self.topic(topic)
            messages = [self._accept(draft) for draft in drafts]
            for message in messages:
                self._fan_out(topic, message)
            return [message.message_id for message in messages]

    def close(self) -> None:
        for subscription in self.subscriptions():
            subscription.close()

    def _accept(self, draft: types.PubsubMessage) -> Message:
        return Message(
            message_id=str(next(self._message_ids)),
            publish_time=_in_milliseconds(self._clock.moment()),
            data=draft.data,
            attributes=dict(draft.attributes),
            ordering_key=draft.ordering_key,
        )

    def _forward(self, topic: str, message: Message) -> bool:
        """Publish a dead letter; False when its topic is gone, and the message must stay."""
        with self._lock:
            if topic not in self._topics:
                return False
            self._fan_out(topic, self._accept(message.to_rpc()))
            return True

    def _fan_out(self, topic: str, message: Message) -> None:
        for subscription in self._subscriptions.values():
            if subscription.config.topic == topic:
                subscription.offer(message)


def _in_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
