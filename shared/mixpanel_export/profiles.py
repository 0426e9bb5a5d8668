"""From the pages of Mixpanel's engage API to rows of `mixpanel_raw.people`.

A page is JSON, with `results`, `page_size`, `session_id`, `status` and, on page 0, `total`
(docs.mixpanel.com/reference/engage-query). A session holds the profiles as they were when page
0 was asked, so whatever interval is asked for, its profiles are those of now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from mixpanel_export import safejson
from mixpanel_export.errors import Setup, Transient
from mixpanel_export.naming import ObjectName
from mixpanel_export.queries import Turn
from mixpanel_export.rows import Fetch, Rejected, Stamp, text
from mixpanel_export.safejson import Json

_ENVELOPE = 3  # The page, its results and the profile are not part of the `properties` value.
_ERROR_CHARACTERS = 300
_DATA_COLUMNS = ("distinct_id", "last_seen", "as_of", "properties")
_DATETIME_LENGTH = len("2026-11-22T08:00:00")


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the profiles of one session, asked for at `asked_at`.

    `size` is how many a page may hold, and `total` how many the session holds, where Mixpanel
    tells: other clients find `total` on page 0 only. `converted` counts the values that were
    turned into text to be safe.
    """

    profiles: list[Json]
    session_id: str | None
    size: int | None
    total: int | None
    converted: int
    asked_at: datetime

    @classmethod
    def parse(cls, body: bytes, asked_at: datetime) -> Self:
        """The page in the body of an answer with status 200.

        Raises:
            Transient: the body was cut, or is an error all the same, as it was seen to be.
            Setup: that error is about the credentials.
        """
        try:
            page, converted = safejson.parse(body, _ENVELOPE)
        except ValueError:
            raise Transient("the page of profiles was cut: it is not JSON") from None
        if not isinstance(page, dict):
            raise Transient("Mixpanel sent no page of profiles, but other JSON")
        profiles, status = page.get("results"), page.get("status", "ok")
        if page.get("error") or status != "ok":
            raise _failure(str(page.get("error") or f"status {status}"))
        if not isinstance(profiles, list):
            raise _failure("no results")
        session = page.get("session_id")
        return cls(
            profiles,
            str(session) if session else None,
            _count(page.get("page_size")),
            _count(page.get("total")),
            converted,
            asked_at,
        )

    @property
    def is_short(self) -> bool:
        """Whether more would have fitted; of a page of unknown size, whether it is empty."""
        return len(self.profiles) < (self.size or 1)

    @property
    def is_last(self) -> bool:
        """Whether no page follows; clients differ in what they go by, and all of it counts."""
        return self.is_short or self.session_id is None


def pages(ask: Callable[[Turn | None], Page]) -> Iterator[Page]:
    """Every page of one session, each asked for when the one before it is done with.

    A short page is the end. One that is not short and names no session is the end only if
    exactly as many profiles arrived as page 0 announced; nothing else tells it from a cut.

    Raises:
        Transient: fewer arrived than announced, or a page that is not short leads nowhere.
    """
    page = ask(None)
    yield page
    total, arrived, number = page.total, len(page.profiles), 0
    while not page.is_last:
        number += 1
        page = ask(Turn(number, str(page.session_id)))
        arrived += len(page.profiles)
        yield page
    is_whole = arrived >= (total or 0) if page.is_short else arrived == total
    if not is_whole:
        announced = total or "an unknown number"
        raise Transient(
            f"the profiles were cut: {arrived} of {announced} arrived; will start again"
        )


class Profiles:
    """Makes the rows of one version of one interval of people, ready to load.

    `tally.as_of`, the moment whose state they show, must be set before the first row.
    """

    def __init__(self, name: ObjectName) -> None:
        self._stamp = Stamp(name)
        self.tally = self._stamp.tally

    def row(self, profile: Json) -> bytes | Rejected:
        """The row of one profile, as a page holds it."""
        properties = profile.get("$properties") if isinstance(profile, dict) else None
        distinct_id = text(profile.get("$distinct_id")) if isinstance(profile, dict) else None
        if not distinct_id or not isinstance(properties, dict):
            self.tally.rejected += 1
            missing = "`$properties`" if distinct_id else "usable $distinct_id"
            return Rejected(f"no {missing}", is_event=False)
        content = {
            "distinct_id": distinct_id,
            "last_seen": _moment(properties.get("$last_seen")),
            "as_of": self.tally.as_of,
            "properties": properties,
        }
        return self._stamp.row(content)

    def marker(self, fetch: Fetch) -> bytes:
        """The row that commits all others."""
        return self._stamp.marker(_DATA_COLUMNS, fetch, {})


def _failure(said: str) -> Setup | Transient:
    said = f"Mixpanel answered 200: {' '.join(said.split())[:_ERROR_CHARACTERS]}"
    if "authenticat" in said.lower():
        return Setup(f"{said}; check MIXPANEL_CREDENTIALS and MIXPANEL_PROJECT_ID", status=200)
    return Transient(said, status=200)


def _count(value: Json) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if is_count else None


def _moment(last_seen: Json) -> str | None:
    """The text of a DATETIME as it was sent; None if it is not exactly of its form.

    `$last_seen` has no zone (docs.mixpanel.com/docs/data-structure/property-reference/
    default-properties), so neither has the column.
    """
    if not isinstance(last_seen, str) or len(last_seen) != _DATETIME_LENGTH:
        return None
    try:
        is_exact = datetime.fromisoformat(last_seen).isoformat() == last_seen
    except ValueError:
        return None
    return last_seen if is_exact else None
