"""Wishes for more of the past: what one costs, whether it is worth leaving, what it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mixpanel_export import backfill
from mixpanel_export.errors import Setup
from mixpanel_export.planning import Ledger, Situation
from mixpanel_export.reconciling import decide
from mixpanel_export.standings import standings_of
from mixpanel_export.variables import EXPORT_SINCE, Refused
from mixpanel_export_cli.forecast import Progress, progress_of
from mixpanel_export_cli.surveying import Survey

_EVER = datetime(2009, 1, 1, tzinfo=UTC)  # Mixpanel was founded then.


@dataclass(frozen=True, slots=True)
class Wish:
    """What lies in the bucket: `since` is None if there is nothing, or nothing that is a date."""

    is_there: bool
    since: datetime | None


def wish_of(data: bytes | None) -> Wish:
    """The wish in these bytes of the bucket."""
    if data is None:
        return Wish(is_there=False, since=None)
    try:
        return Wish(is_there=True, since=backfill.decode(data))
    except Setup:
        return Wish(is_there=True, since=None)


def day_of(text: str) -> datetime:
    """The UTC midnight with which the wished day begins.

    Raises:
        Setup: the text is no day, or one that `EXPORT_SINCE` may not be.
    """
    try:
        return EXPORT_SINCE.read({EXPORT_SINCE.name: text or "-"})
    except Refused:
        raise Setup(f"--since is {text!r}; allowed: {EXPORT_SINCE.allowed.words}") from None


def objection(since: datetime, exported_since: datetime, wish: Wish) -> str | None:
    """Why there is nothing to do for a wish since this day; None if there is."""
    if since >= exported_since:
        rest = "; `backfill --stop` takes back the wish that there is" if wish.is_there else ""
        return f"nothing to do: EXPORT_SINCE is {exported_since:%Y-%m-%d} already{rest}"
    if wish.since == since:
        return f"nothing to do: everything since {since:%Y-%m-%d} is wished for already"
    return None


def progress_with(situation: Situation, exported_since: datetime, now: datetime) -> Progress:
    """How far the intervals that are wanted in this situation are."""
    policy, known = situation.policy, situation.known
    decision = decide(policy, now, known)
    standings = standings_of(policy, now, known, decision.gaps, exported_since)
    return progress_of(policy, Survey(policy, now, known, standings).due(), decision)


def loaded_before(ledger: Ledger, since: datetime) -> int:
    """How many intervals that start before this moment are loaded.

    Raises:
        Transient, Setup: the ledger cannot be read.
    """
    names = ledger.loaded(_EVER)
    return len({(name.series, name.interval) for name in names if name.interval.start < since})
