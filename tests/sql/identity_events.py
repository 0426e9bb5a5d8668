"""Events that say something of identity, and some that do not, as Mixpanel exports them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = Any

DEVICE = "$device:"
"""How the distinct_id begins of whoever is known by a device only."""

BEFORE = "$distinct_id_before_identity"
"""The property that holds what `distinct_id` was before Mixpanel resolved it."""

_BEGINNING = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """What Mixpanel processed so many seconds into a day, when it happened."""

    moment: int
    name: str = "Order"
    distinct_id: str | None = None
    device_id: str | None = None
    user_id: str | None = None
    properties: dict[str, Json] = field(default_factory=dict)

    def row(self) -> dict[str, Json]:
        """Its raw row, as the fetcher writes it."""
        moment = (_BEGINNING + timedelta(seconds=self.moment)).isoformat()
        return {
            "time": moment,
            "event_name": self.name,
            "distinct_id": self.distinct_id,
            "device_id": self.device_id,
            "user_id": self.user_id,
            "processing_time": moment,
            "properties": self.properties,
        }


def used(
    moment: int,
    device_id: str | None,
    user_id: str | None = None,
    *,
    distinct_id: str | None = None,
    **more: Json,
) -> Event:
    """Somebody did something on a device; its `distinct_id` is as yet unresolved by default."""
    unresolved = user_id if user_id or device_id is None else DEVICE + device_id
    return Event(moment, "Order", distinct_id or unresolved, device_id, user_id, more)


def identify(
    moment: int,
    anonymous_id: Json,
    user_id: Json,
    *,
    device_id: str | None = None,
    distinct_id: str | None = None,
    **more: Json,
) -> Event:
    """An anonymous id turned out to be a user's; its `distinct_id` is the user's by default."""
    properties = {"$anon_id": anonymous_id, "$identified_id": user_id} | more
    return Event(moment, "$identify", distinct_id or str(user_id), device_id, None, properties)


def alias(moment: int, new_id: Json, distinct_id: str, **more: Json) -> Event:
    """Who is known by one id gets another one."""
    return Event(moment, "$create_alias", distinct_id, properties={"alias": new_id} | more)


def merge(moment: int, one: Json, other: Json, **more: Json) -> Event:
    """Two ids turned out to be one person's."""
    return Event(moment, "$merge", properties={"$distinct_ids": [one, other]} | more)
