"""Profiles and the sessions in which they are paged through."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local.http import Json
from local.mixpanel.where import UNDEFINED


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile as engage answers it: `{"$distinct_id": ..., "$properties": {...}}`."""

    wire: Json

    @property
    def distinct_id(self) -> str:
        return str(self.wire["$distinct_id"])

    def value(self, source: str, name: str) -> Json:
        """What an expression sees; both `properties` and `user` are the profile here."""
        if source == "event":
            return UNDEFINED
        if name == "$distinct_id":
            return self.wire["$distinct_id"]
        return self.wire["$properties"].get(name, UNDEFINED)

    def only(self, names: list[str] | None) -> Json:
        """The wire object with only these properties; with all for None."""
        if names is None:
            return self.wire
        properties = self.wire["$properties"]
        kept = {name: properties[name] for name in names if name in properties}
        return {"$distinct_id": self.wire["$distinct_id"], "$properties": kept}


@dataclass(frozen=True, slots=True)
class Session:
    """The results of one query as they were when it was asked."""

    session_id: str
    results: list[Json]
    page_size: int
    expires_at: float

    def page(self, number: int) -> list[Json]:
        return self.results[number * self.page_size : (number + 1) * self.page_size]


class People:
    """The profiles of a project, one for each distinct id, and the open sessions."""

    def __init__(self) -> None:
        self._profiles: dict[str, Profile] = {}
        self._sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def load(self, profiles: Iterable[Json | str | bytes]) -> int:
        """Hold these wire objects or lines; one with a known id replaces the older."""
        loaded = [Profile(_wire(profile)) for profile in profiles]
        with self._lock:
            self._profiles.update((profile.distinct_id, profile) for profile in loaded)
        return len(loaded)

    def remove(self, distinct_id: str) -> None:
        """Forget a profile, as Mixpanel does when it is deleted."""
        with self._lock:
            self._profiles.pop(distinct_id, None)

    def profiles(self) -> list[Profile]:
        with self._lock:
            return list(self._profiles.values())

    def open_session(
        self, results: list[Json], page_size: int, now: float, lifetime: float
    ) -> Session:
        number = next(self._numbers)
        session = Session(f"{int(now)}-{number:06d}", results, page_size, now + lifetime)
        with self._lock:
            self._sessions[session.session_id] = session
        return session

    def session(self, session_id: str, now: float) -> Session | None:
        """The session, unless it is unknown or over."""
        session = self._sessions.get(session_id)
        return session if session and now < session.expires_at else None

    def expire_session(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)


def _wire(profile: Json | str | bytes) -> Any:
    wire = json.loads(profile) if isinstance(profile, str | bytes) else profile
    if not isinstance(wire, dict) or not {"$distinct_id", "$properties"} <= wire.keys():
        raise ValueError(f"not a profile: {str(wire)[:80]}")
    return wire
