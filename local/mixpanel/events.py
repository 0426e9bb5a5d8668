"""One stored event, held as the line it goes out as."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Final

from local.http import Json
from local.mixpanel.where.semantics import UNDEFINED, is_number

DAY_SECONDS: Final = 86_400
_FIRST_MILLISECONDS: Final = 10**11  # As seconds this would be the year 5138.

_WIRE_FORM = re.compile(
    rb'(?P<head>\{"event":"(?:[^"\\]|\\.)*","properties":\{"time":)'
    rb"(?P<time>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
    rb"(?P<tail>[,}].*)",
    re.DOTALL,
)


@dataclass(slots=True)
class Event:
    """A line cut in three around its time, which is the only part that depends on the call.

    `time` is in seconds, as stored: the wall clock of the project's zone if the project is old.
    """

    name: str
    head: bytes
    stored_time: bytes
    tail: bytes
    time: float
    visible_at: float
    _known: dict[str, Json] = field(default_factory=dict)

    @classmethod
    def from_line(cls, line: str | bytes, visible_after_seconds: float = 0) -> Event:
        """The event on this wire line; its bytes are kept if it has Mixpanel's form.

        It is visible this long after it was processed, or always if that is not known.

        Raises:
            ValueError: not an event.
        """
        raw = (line.encode() if isinstance(line, str) else line).rstrip(b"\r\n")
        wire = _parsed(raw)
        match = _WIRE_FORM.fullmatch(raw) or _WIRE_FORM.fullmatch(encode(wire))
        if match is None:
            raise ValueError(f"the event's time is not a number: {raw[:80]!r}")
        time = wire["properties"]["time"]
        if _in_milliseconds(match["time"]):
            time = time / 1000 if time % 1000 else time // 1000
        processed_ms = wire["properties"].get("mp_processing_time_ms", UNDEFINED)
        processed = processed_ms / 1000 if is_number(processed_ms) else -math.inf
        return cls(
            name=wire["event"],
            head=match["head"],
            stored_time=match["time"],
            tail=match["tail"] + b"\n",
            time=time,
            visible_at=processed + visible_after_seconds,
            _known={"mp_processing_time_ms": processed_ms},
        )

    @property
    def day(self) -> int:
        """Days from 1970-01-01 to the date of the stored time."""
        return math.floor(self.time // DAY_SECONDS)

    def line(self, *, in_milliseconds: bool) -> bytes:
        """The line as exported, newline included; seconds keep the fraction they came with."""
        if in_milliseconds:
            return b"%b%d%b" % (self.head, round(self.time * 1000), self.tail)
        if _in_milliseconds(self.stored_time):
            return b"%b%d%b" % (self.head, math.floor(self.time), self.tail)
        return self.head + self.stored_time + self.tail

    def wire(self) -> Json:
        """The wire object, time as stored."""
        return json.loads(self.head + self.stored_time + self.tail)

    def value(self, source: str, name: str) -> Json:
        """What an expression sees; there are no profiles beside exported events."""
        if source == "user":
            return UNDEFINED
        if source == "event" or name in ("time", "$time"):
            return self.time
        if name not in self._known:
            # Remembered one by one: whole parsed events would be ten times the size of the line.
            self._known[name] = self.wire()["properties"].get(name, UNDEFINED)
        return self._known[name]

    def of_person(self, distinct_id: str) -> Event:
        """This event after a merge of identities has given it to someone else."""
        wire = self.wire()
        before = wire["properties"].get("distinct_id", "")
        wire["properties"] |= {
            "distinct_id": distinct_id,
            "$is_reshuffled": True,
            "$distinct_id_before_identity": before,
        }
        merged = Event.from_line(encode(wire))
        merged.visible_at = self.visible_at
        return merged


def encode(wire: Json) -> bytes:
    """The line of a wire object: compact, time first, distinct_id second, the rest by bytes."""
    properties = wire["properties"]
    first = [name for name in ("time", "distinct_id") if name in properties]
    rest = sorted(properties.keys() - set(first), key=lambda name: name.encode(errors="replace"))
    ordered = {name: properties[name] for name in (*first, *rest)}
    return compact({"event": wire["event"], "properties": ordered})


def compact(value: Json) -> bytes:
    """JSON without blanks; escapes are used only where UTF-8 cannot carry the string."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _parsed(raw: bytes) -> Json:
    wire = json.loads(raw)
    if (
        isinstance(wire, dict)
        and isinstance(wire.get("event"), str)
        and isinstance(wire.get("properties"), dict)
    ):
        return wire
    raise ValueError(f"not an event: {raw[:80]!r}")


def _in_milliseconds(time: bytes) -> bool:
    return time.lstrip(b"-").isdigit() and abs(int(time)) >= _FIRST_MILLISECONDS
