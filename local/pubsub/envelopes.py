"""What a push endpoint receives: the wrapped message and the headers around it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from google.pubsub_v1 import types

from local.pubsub.messages import Message

_TOKEN_LIFETIME_SECONDS = 3600


def push_body(message: Message, subscription: str, delivery_attempt: int | None) -> bytes:
    """The wrapped envelope; empty fields are left out, as Google's JSON does.

    `delivery_attempt` is None on subscriptions without a dead-letter policy.
    """
    fields = {
        "data": base64.b64encode(message.data).decode(),
        "attributes": message.attributes,
        "messageId": message.message_id,
        "message_id": message.message_id,
        "publishTime": message.publish_timestamp,
        "publish_time": message.publish_timestamp,
        "orderingKey": message.ordering_key,
    }
    wrapped = {name: value for name, value in fields.items() if value}
    envelope: dict[str, Any] = {"message": wrapped, "subscription": subscription}
    if delivery_attempt is not None:
        envelope["deliveryAttempt"] = delivery_attempt
    return json.dumps(envelope).encode()


def push_headers(push_config: types.PushConfig) -> dict[str, str]:
    """The headers of a push, with a bearer token where the subscription asks for one."""
    headers = {
        "Content-Type": "application/json",
        "From": "noreply@google.com",
        "User-Agent": "CloudPubSub-Google",
    }
    if push_config.oidc_token.service_account_email:
        headers["Authorization"] = f"Bearer {_identity_token(push_config)}"
    return headers


def _identity_token(push_config: types.PushConfig) -> str:
    """An unsigned JWT with the claims of Google's: it shows who would have called."""
    now = int(time.time())
    claims = {
        "aud": push_config.oidc_token.audience or push_config.push_endpoint,
        "azp": push_config.oidc_token.service_account_email,
        "email": push_config.oidc_token.service_account_email,
        "email_verified": True,
        "exp": now + _TOKEN_LIFETIME_SECONDS,
        "iat": now,
        "iss": "https://accounts.google.com",
        "sub": push_config.oidc_token.service_account_email,
    }
    return ".".join([_encode({"alg": "none", "typ": "JWT"}), _encode(claims), ""])


def _encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
