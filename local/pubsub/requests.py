"""What Pub/Sub refuses, and with which status."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Collection
from typing import Any

import grpc
from google.pubsub_v1 import types

from local.pubsub.backoff import Backoff
from local.pubsub.filters import InvalidFilterError, parse_filter

_NAME = re.compile(
    r"projects/[^/]+/(topics|subscriptions)/(?!goog)[A-Za-z][\w.~+%-]{2,254}", re.ASCII
)

# The rest of these messages would change behaviour that is not emulated. Retention, expiry and
# labels are harmless: nothing here lives long enough.
_TOPIC_FIELDS = frozenset({"name", "labels", "message_retention_duration"})
_SUBSCRIPTION_FIELDS = frozenset(
    {
        "name",
        "topic",
        "push_config",
        "ack_deadline_seconds",
        "message_retention_duration",
        "labels",
        "expiration_policy",
        "filter",
        "dead_letter_policy",
        "retry_policy",
    }
)
_PUSH_FIELDS = frozenset({"push_endpoint", "oidc_token"})

_MANAGED = frozenset({"delete", "get", "getIamPolicy", "setIamPolicy", "update"})
_PERMISSIONS = {  # cloud.google.com/pubsub/docs/access-control
    "topics": _MANAGED | {"attachSubscription", "detachSubscription", "publish", "updateTag"},
    "subscriptions": _MANAGED | {"consume"},
}

_MAX_MESSAGES = 1000
_MAX_ATTRIBUTES = 100
_MAX_KEY_BYTES = 256
_MAX_VALUE_BYTES = 1024


class Refusal(Exception):  # noqa: N818  (a status for the caller, not an error in the emulator)
    """The request ends with this gRPC status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_topic(topic: types.Topic) -> None:
    """Refuse names and settings that a topic cannot have."""
    _check_name("topics", topic.name)
    _check_fields(topic, _TOPIC_FIELDS)


def check_subscription(config: types.Subscription) -> None:
    """Refuse settings that Google refuses, and fill in the default ack deadline."""
    _check_name("subscriptions", config.name)
    _check_fields(config, _SUBSCRIPTION_FIELDS)
    _check_fields(config.push_config, _PUSH_FIELDS)
    config.ack_deadline_seconds = config.ack_deadline_seconds or 10
    check_ack_deadline(config.ack_deadline_seconds, shortest=10)
    _check_endpoint(config.push_config.push_endpoint)
    _check_dead_letter_policy(config)
    _check_retry_policy(config)
    try:
        parse_filter(config.filter)
    except InvalidFilterError as error:
        raise _invalid(str(error)) from error


def check_ack_deadline(seconds: int, shortest: int = 0) -> None:
    """Refuse ack deadlines out of bounds, in seconds."""
    if not shortest <= seconds <= 600:
        raise _invalid(f"ack_deadline_seconds out of bounds: {seconds} not in {shortest}..600")


def check_publish(request: types.PublishRequest) -> None:
    """Refuse empty or oversized requests and messages."""
    if not 1 <= len(request.messages) <= _MAX_MESSAGES:
        raise _invalid(f"A publish request takes 1 to {_MAX_MESSAGES} messages")
    for message in request.messages:
        if not message.data and not message.attributes:
            raise _invalid("Some messages are empty: each needs data or an attribute")
        _check_attributes(dict(message.attributes))


def check_pull(request: types.PullRequest, config: types.Subscription) -> None:
    """Refuse pulls of nothing, and from subscriptions that push."""
    if request.max_messages <= 0:
        raise _invalid("No max_messages specified")
    if config.push_config.push_endpoint:
        message = "This method is not supported for push subscriptions"
        raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, message)


def check_ack_ids(ack_ids: Collection[str], subscription: str) -> None:
    """Refuse ack ids that this subscription never gave out."""
    if not ack_ids:
        raise _invalid("No ack ids specified")
    for ack_id in ack_ids:
        # One that is past its deadline is well-formed, and silently without effect.
        if not re.fullmatch(re.escape(subscription) + r":\d+", ack_id):
            raise _invalid(f"Invalid ack id (ack_id={ack_id})")


def check_permissions(resource: str, permissions: Collection[str]) -> None:
    """Refuse permissions that topics or subscriptions do not have, such as wildcards."""
    match = _NAME.fullmatch(resource)
    if match is None:
        raise _invalid(f"Invalid resource name: (name={resource})")
    known = _PERMISSIONS[match[1]]
    for permission in permissions:
        service, _, rest = permission.partition(".")
        kind, _, verb = rest.partition(".")
        if (service, kind) != ("pubsub", match[1]) or verb not in known:
            raise _invalid(f"Permission {permission} is not valid for this resource.")


def _check_name(collection: str, name: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None or match[1] != collection:
        raise _invalid(f"Invalid [{collection}] name: (name={name})")


def _check_fields(message: Any, known: Collection[str]) -> None:
    set_fields = {field.name for field, _ in type(message).pb(message).ListFields()}
    if unknown := sorted(set_fields.difference(known)):
        raise Refusal(grpc.StatusCode.UNIMPLEMENTED, f"not emulated: {', '.join(unknown)}")


def _check_attributes(attributes: dict[str, str]) -> None:
    if len(attributes) > _MAX_ATTRIBUTES:
        raise _invalid(f"A message takes at most {_MAX_ATTRIBUTES} attributes")
    for key, value in attributes.items():
        if not key or len(key.encode()) > _MAX_KEY_BYTES or key.startswith("goog"):
            raise _invalid(f"Invalid attribute key {key!r}")
        if len(value.encode()) > _MAX_VALUE_BYTES:
            raise _invalid(f"The value of attribute {key!r} exceeds {_MAX_VALUE_BYTES} bytes")


def _check_endpoint(endpoint: str) -> None:
    url = urllib.parse.urlsplit(endpoint)
    if endpoint and (url.scheme not in {"http", "https"} or not url.hostname):
        raise _invalid(f"Unsupported push_endpoint: {endpoint}")


def _check_dead_letter_policy(config: types.Subscription) -> None:
    attempts = config.dead_letter_policy.max_delivery_attempts
    if attempts and not 5 <= attempts <= 100:
        raise _invalid(f"max_delivery_attempts out of bounds: {attempts} not in 5..100")


def _check_retry_policy(config: types.Subscription) -> None:
    backoff = Backoff.of(config)
    if not 0 <= backoff.shortest <= backoff.longest <= 600:
        raise _invalid("retry_policy wants 0s <= minimum_backoff <= maximum_backoff <= 600s")


def _invalid(message: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, message)
