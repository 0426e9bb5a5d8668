"""What the view of identity promises, in Python: which ids of a list of events are one person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.sql.identity_events import DEVICE, Event

Link = tuple[str, str | None, str | None]

# docs.mixpanel.com/reference/import-events
NOBODY = (
    *("", "-1", "0", "00000000-0000-0000-0000-000000000000", "<nil>", "[]", "anon", "anonymous"),
    *("false", "n/a", "na", "nil", "none", "null", "true", "undefined", "unknown", "{}"),
)
_AROUND = " \t\n\f\r\"'"
_IDENTITY_EVENTS = ("$identify", "$create_alias", "$merge")
_FAILURES = {"$failure_reason", "$identity_failure_reason"}
# A user's id first, then others, then aliases and anonymous ids; of both ends of a link.
_PREFERENCE = {"anonymous": (2, 0), "alias": (2, 1), "resolved": (2, 1), "merged": (1, 1)}


def links(event: Event) -> Iterator[Link]:
    """Which ids an event says are one person's, and why."""
    given = event.properties
    if event.name not in _IDENTITY_EVENTS:
        if event.device_id is not None:
            yield owner(event.device_id, event)
        return
    if _FAILURES & given.keys():
        return
    sent_id = given.get("$distinct_id_before_identity", event.distinct_id)
    yield "merged", sent_id, event.distinct_id
    if event.name == "$identify":
        anonymous_id = str(given.get("$anon_id", given.get("$anon_distinct_id")))
        if event.device_id in (None, anonymous_id, anonymous_id.removeprefix(DEVICE)):
            yield "anonymous", anonymous_id, given.get("$identified_id", sent_id)
    elif event.name == "$create_alias":
        yield "alias", given["alias"], sent_id
    else:
        yield "merged", *given["$distinct_ids"]


def owner(device_id: str, event: Event) -> Link:
    """Whose a device is: as Mixpanel resolved it or, for want of that, who used it."""
    shown = event.distinct_id or ""
    if event.user_id is None and shown != device_id and not shown.startswith(DEVICE):
        return "resolved", DEVICE + device_id, shown
    return "anonymous", DEVICE + device_id, event.user_id


def is_somebody(given_id: str) -> bool:
    """Whether an id can stand for one person."""
    bare = given_id.removeprefix(DEVICE).strip(_AROUND)
    return bare.lower() not in NOBODY and not bare.startswith(("[", '{"'))


def kept_links(events: Iterable[Event]) -> Iterator[tuple[int, str, str, str]]:
    """All; but an alias stays with whom it was linked first, an anonymous id unless resolved."""
    first: dict[tuple[str, str], str] = {}
    stated = [
        (event.moment, kind, one, other)
        for event in events
        for kind, one, other in links(event)
        if one and other and one != other and is_somebody(one) and is_somebody(other)
    ]
    for moment, kind, one, other in sorted(stated, key=lambda link: (link[1] != "resolved", link)):
        taken = "anonymous" if kind == "resolved" else kind, one
        if kind == "merged" or first.setdefault(taken, other) == other:
            yield moment, kind, one, other


def resolved(events: Iterable[Event]) -> dict[str, str]:
    """Each linked id, and the one that stands for all that are linked with it."""
    group: dict[str, set[str]] = {}
    preference: dict[str, tuple[int, int, str]] = {}
    for moment, kind, *pair in kept_links(events):
        for each, rank in zip(pair, _PREFERENCE[kind], strict=True):
            preference[each] = min((rank, moment, each), preference.get(each, (9, 0, "")))
        together = set[str]().union(*(group.get(each, {each}) for each in pair))
        group.update(dict.fromkeys(together, together))
    return {each: min(ids, key=preference.__getitem__) for each, ids in group.items()}
