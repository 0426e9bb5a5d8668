"""Dead letters: what each was about, why it was given up on, and where it can go again.

A letter was parked by a function, with its `reason` as an attribute, or by Pub/Sub after the last
delivery, with attributes that say where it came from
(cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mixpanel_export.errors import ExportError, Setup
from mixpanel_export.intervals import format_moment
from mixpanel_export.messages import ExportRequest, LandedObject, Message

_REASON = "reason"
_SOURCE = "CloudPubSubDeadLetterSource"
_RESERVED = "goog"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the subscription of dead letters."""

    message: Message

    @property
    def message_id(self) -> str:
        """How the operator names it."""
        return self.message.message_id

    @property
    def is_notification(self) -> bool:
        """Whether it came from the bucket, and not from the planner or an operator."""
        return "eventType" in self.message.attributes

    @property
    def attributes(self) -> dict[str, str]:
        """Those that it had before it was given up on."""
        return {
            name: value
            for name, value in self.message.attributes.items()
            if name != _REASON and not name.startswith((_SOURCE, _RESERVED))
        }

    @property
    def data(self) -> bytes:
        """Its body."""
        return self.message.data

    @property
    def given_up_by(self) -> str:
        """Who gave up, and after how many deliveries."""
        attributes = self.message.attributes
        if f"{_SOURCE}Subscription" not in attributes:
            return "the loader" if self.is_notification else "the fetcher"
        return f"subscription {attributes[f'{_SOURCE}Subscription']}"

    @property
    def origin(self) -> str:
        """Why it was asked for; if it does not say, for a replay. Empty for a notification."""
        return "" if self.is_notification else self.attributes.get("origin", "replay")[:_LONGEST]

    @property
    def is_parked(self) -> bool:
        """Whether a function gave up on it at once, as no retry can help."""
        return _REASON in self.message.attributes

    @property
    def attempts(self) -> str:
        """How often it was delivered; a function parks what no retry can help at once."""
        return self.message.attributes.get(f"{_SOURCE}DeliveryCount", "1")

    @property
    def reason(self) -> str:
        """Why, as far as the letter says."""
        unknown = "every delivery failed: the function's log says why"
        return self.message.attributes.get(_REASON, unknown)

    @property
    def subject(self) -> str:
        """What it asked for, or which object it announced; from its attributes, for eyes."""
        attributes = self.message.attributes
        if self.is_notification:
            return attributes.get("objectId", "an object")[:_LONGEST]
        if not {"table", "start", "end"} <= attributes.keys():
            return "a message without attributes"
        series = " ".join(filter(None, (attributes["table"], attributes.get("mode"))))
        return f"{series} [{attributes['start']}, {attributes['end']})"[:_LONGEST]

    def verdict(self, bucket: str) -> str | None:
        """Why it cannot be redriven; None if it can.

        A letter that nobody understands would only come back.
        """
        original = Message(self.data, self.attributes, self.message_id, self.message.published_at)
        try:
            if self.is_notification:
                LandedObject.decode(original, bucket)
            else:
                ExportRequest.decode(self.data, self.attributes)
        except ExportError as error:
            return str(error)
        return None

    def prospect(self, bucket: str) -> str:
        """What would come of redriving it, for eyes."""
        if self.verdict(bucket) is not None:
            return "refused, drop it"
        return "in vain unless the cause is mended" if self.is_parked else "yes"

    def costs_a_request(self, bucket: str) -> bool:
        """Whether redriving it may ask Mixpanel."""
        return not self.is_notification and self.verdict(bucket) is None

    def is_replay(self, bucket: str) -> bool:
        """Whether nobody asks for it again."""
        return self.origin == "replay" and self.costs_a_request(bucket)

    def as_json(self, bucket: str) -> dict[str, object]:
        """Everything a script may want to know."""
        return {
            "message_id": self.message_id,
            "given_up_at": format_moment(self.message.published_at),
            "given_up_by": self.given_up_by,
            "attempts": int(self.attempts),
            "reason": self.reason,
            "origin": self.origin or None,
            "subject": self.subject,
            "attributes": self.attributes,
            "not_redrivable": self.verdict(bucket),
            "comes_back_unless_mended": self.is_parked,
        }


def chosen(letters: Sequence[Letter], ids: Iterable[str], *, everything: bool) -> list[Letter]:
    """The letters that the operator means.

    Raises:
        Setup: nothing is chosen, or an id that no letter has.
    """
    wanted = set(ids)
    if everything == bool(wanted):
        raise Setup("nothing was done: give message ids, or --all, and not both")
    if everything:
        return list(letters)
    if unknown := sorted(wanted - {letter.message_id for letter in letters}):
        raise Setup(
            f"nothing was done: no dead letter that can be seen has the id {', '.join(unknown)}; "
            "`dead-letters list` shows those there are"
        )
    return [letter for letter in letters if letter.message_id in wanted]
