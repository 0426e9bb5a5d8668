"""The gRPC services that Google's clients call, as far as they are emulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import grpc
from google.iam.v1 import iam_policy_pb2
from google.protobuf import empty_pb2
from google.protobuf import message as protobuf
from google.pubsub_v1 import types

from local.faults import Faults
from local.pubsub.broker import Broker
from local.pubsub.deliveries import Lease
from local.pubsub.requests import (
    Refusal,
    check_ack_deadline,
    check_ack_ids,
    check_permissions,
    check_publish,
    check_pull,
)
from local.pubsub.subscriptions import Subscription

_PULL_WAIT_SECONDS = 0.2
_DEFAULT_PAGE_SIZE = 100


class PublisherService:
    """google.pubsub.v1.Publisher: topics and publishing."""

    def __init__(self, broker: Broker, faults: Faults) -> None:
        self._broker = broker
        self._faults = faults

    def CreateTopic(self, request: types.Topic) -> types.Topic:
        return self._broker.create_topic(request)

    def GetTopic(self, request: types.GetTopicRequest) -> types.Topic:
        return self._broker.topic(request.topic)

    def ListTopics(self, request: types.ListTopicsRequest) -> types.ListTopicsResponse:
        found = [
            topic
            for topic in self._broker.topics()
            if topic.name.startswith(f"{request.project}/")
        ]
        topics, token = _page(found, request.page_size, request.page_token)
        return types.ListTopicsResponse(topics=topics, next_page_token=token)

    def DeleteTopic(self, request: types.DeleteTopicRequest) -> empty_pb2.Empty:
        self._broker.delete_topic(request.topic)
        return empty_pb2.Empty()

    def Publish(self, request: types.PublishRequest) -> types.PublishResponse:
        check_publish(request)
        self._strike("publish_error", request)
        message_ids = self._broker.publish(request.topic, request.messages)
        self._strike("publish_lost_response", request)
        return types.PublishResponse(message_ids=message_ids)

    def _strike(self, kind: str, request: types.PublishRequest) -> None:
        for message in request.messages:
            context = dict(message.attributes) | {"topic": request.topic}
            if fault := self._faults.take(kind, **context):
                code = grpc.StatusCode[fault.get("code", "UNAVAILABLE")]
                raise Refusal(code, f"injected fault: {kind}")


class SubscriberService:
    """google.pubsub.v1.Subscriber: subscriptions, pulling and acknowledging."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def CreateSubscription(self, request: types.Subscription) -> types.Subscription:
        return self._broker.create_subscription(request)

    def GetSubscription(self, request: types.GetSubscriptionRequest) -> types.Subscription:
        return self._broker.subscription(request.subscription).config

    def ListSubscriptions(
        self, request: types.ListSubscriptionsRequest
    ) -> types.ListSubscriptionsResponse:
        found = [
            subscription.config
            for subscription in self._broker.subscriptions()
            if subscription.config.name.startswith(f"{request.project}/")
        ]
        subscriptions, token = _page(found, request.page_size, request.page_token)
        return types.ListSubscriptionsResponse(subscriptions=subscriptions, next_page_token=token)

    def DeleteSubscription(self, request: types.DeleteSubscriptionRequest) -> empty_pb2.Empty:
        self._broker.delete_subscription(request.subscription)
        return empty_pb2.Empty()

    def Pull(self, request: types.PullRequest) -> types.PullResponse:
        """Up to `max_messages`; waits a moment for the first, never for the others."""
        subscription = self._broker.subscription(request.subscription)
        check_pull(request, subscription.config)
        received: list[types.ReceivedMessage] = []
        wait = 0.0 if request.return_immediately else _PULL_WAIT_SECONDS
        while len(received) < request.max_messages and (lease := subscription.lease(wait)):
            received.append(_received(lease, subscription))
            wait = 0.0
        return types.PullResponse(received_messages=received)

    def Acknowledge(self, request: types.AcknowledgeRequest) -> empty_pb2.Empty:
        subscription = self._broker.subscription(request.subscription)
        check_ack_ids(request.ack_ids, request.subscription)
        for ack_id in request.ack_ids:
            subscription.ack(ack_id)
        return empty_pb2.Empty()

    def ModifyAckDeadline(self, request: types.ModifyAckDeadlineRequest) -> empty_pb2.Empty:
        subscription = self._broker.subscription(request.subscription)
        check_ack_ids(request.ack_ids, request.subscription)
        check_ack_deadline(request.ack_deadline_seconds)
        for ack_id in request.ack_ids:
            if request.ack_deadline_seconds:
                subscription.extend(ack_id, request.ack_deadline_seconds)
            else:
                subscription.nack(ack_id)
        return empty_pb2.Empty()


class PolicyService:
    """google.iam.v1.IAMPolicy: what the caller may do; nobody checks it here, so everything."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def TestIamPermissions(
        self, request: iam_policy_pb2.TestIamPermissionsRequest
    ) -> iam_policy_pb2.TestIamPermissionsResponse:
        """Those of the asked permissions that there are; none when the resource does not exist.

        Source: github.com/googleapis/googleapis/blob/master/google/iam/v1/iam_policy.proto
        """
        check_permissions(request.resource, request.permissions)
        exists = self._broker.exists(request.resource)
        granted = request.permissions if exists else ()
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=granted)


def publisher_handlers(service: PublisherService) -> Any:
    """The methods of `google.pubsub.v1.Publisher`; gRPC answers UNIMPLEMENTED to all others."""
    requests = {
        service.CreateTopic: types.Topic,
        service.GetTopic: types.GetTopicRequest,
        service.ListTopics: types.ListTopicsRequest,
        service.DeleteTopic: types.DeleteTopicRequest,
        service.Publish: types.PublishRequest,
    }
    return _handlers("google.pubsub.v1.Publisher", requests)


def subscriber_handlers(service: SubscriberService) -> Any:
    """The methods of `google.pubsub.v1.Subscriber`; gRPC answers UNIMPLEMENTED to all others."""
    requests = {
        service.CreateSubscription: types.Subscription,
        service.GetSubscription: types.GetSubscriptionRequest,
        service.ListSubscriptions: types.ListSubscriptionsRequest,
        service.DeleteSubscription: types.DeleteSubscriptionRequest,
        service.Pull: types.PullRequest,
        service.Acknowledge: types.AcknowledgeRequest,
        service.ModifyAckDeadline: types.ModifyAckDeadlineRequest,
    }
    return _handlers("google.pubsub.v1.Subscriber", requests)


def policy_handlers(service: PolicyService) -> Any:
    """The one emulated method of `google.iam.v1.IAMPolicy`."""
    requests = {service.TestIamPermissions: iam_policy_pb2.TestIamPermissionsRequest}
    return _handlers("google.iam.v1.IAMPolicy", requests)


def _handlers(service: str, requests: dict[Any, Any]) -> Any:
    methods = {call.__name__: _unary(call, request) for call, request in requests.items()}
    handler = grpc.method_handlers_generic_handler
    return handler(service, methods)  # type: ignore[no-untyped-call]  # grpcio has no types


def _unary(call: Callable[[Any], Any], request_type: Any) -> Any:
    def handle(request: Any, context: Any) -> Any:
        try:
            return call(request)
        except Refusal as refusal:
            context.abort(refusal.code, str(refusal))

    plain = issubclass(request_type, protobuf.Message)
    return grpc.unary_unary_rpc_method_handler(  # type: ignore[no-untyped-call]  # as above
        handle,
        request_deserializer=request_type.FromString if plain else request_type.deserialize,
        response_serializer=_serialize,
    )


def _serialize(response: Any) -> bytes:
    if isinstance(response, protobuf.Message):
        return response.SerializeToString()
    return bytes(type(response).serialize(response))


def _received(lease: Lease, subscription: Subscription) -> types.ReceivedMessage:
    return types.ReceivedMessage(
        ack_id=lease.ack_id,
        message=lease.delivery.message.to_rpc(),
        delivery_attempt=lease.attempt if subscription.has_dead_letters else 0,
    )


def _page(found: Sequence[Any], size: int, token: str) -> tuple[Sequence[Any], str]:
    start = int(token or 0)
    end = start + (size or _DEFAULT_PAGE_SIZE)
    return found[start:end], str(end) if end < len(found) else ""
