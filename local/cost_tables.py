"""The tables of `docs/costs.md`, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from local.costs import ITEMS, PRICES, PROFILES, QUERIES, people_dollars, query_dollars, total
from local.maintenance_costs import (
    collected_pays_after,
    queries_until_settled_pays,
    settled_dollars,
)
from local.markdown import table
from local.volumes import DEADLINE_SECONDS, GB, SIZES, TIMES, Volume, most_events_a_day

# The three sizes of the page, each with an interval that holds its fullest hour.
VOLUMES = (Volume(10**5, 60), Volume(10**7, 60), Volume(10**9, 5))
_LENGTHS = (60, 30, 15, 10, 5, 4)
_PEOPLE_DAYS = (30, 365)
_SHARES = {"all: the day was fetched again": 1.0, "an hour of it": 1 / 24, "1 %": 0.01}


def parts() -> dict[str, str]:
    """Each table by the name of its place on the page."""
    return {
        "prices": table(("price", "for each", "source"), _prices()),
        "facts": table(("what", "value", "where it is from"), _facts()),
        "bill": table(("item", "quantity", *_heads()), _bill()),
        "intervals": table(("", *_heads()), _intervals()),
        "lengths": table(
            ("`export.interval_minutes`", "most events a day", "exports an hour"), _lengths()
        ),
        "queries": table(("a query of `events`, read whole", *_heads()), _queries()),
        "people": table(
            (f"for {PROFILES:,} profiles", *(f"{days} snapshots kept" for days in _PEOPLE_DAYS)),
            _people(),
        ),
        "settle": table(("`settle`, a month", *_heads()), _settle()),
        "collect": table(
            ("share of a day's rows that is superseded", "first 90 days", "later"), _collect()
        ),
    }


def _heads() -> list[str]:
    return [f"{volume.events:,} a day" for volume in VOLUMES]


def _prices() -> Iterator[tuple[str, ...]]:
    for name, price in PRICES.items():
        dollars = f"{price.dollars:.7f}".rstrip("0").rstrip(".")
        yield f"{name}: ${dollars}", price.unit, f"<{price.source}>"


def _facts() -> Iterator[tuple[str, ...]]:
    for fact in (*SIZES, *TIMES):
        yield fact.meaning, f"{fact.value:,}", fact.origin


def _bill() -> Iterator[tuple[str, ...]]:
    for item in ITEMS:
        cells = (
            f"{_number(item.quantity(volume))}: {_dollars(item.dollars(volume))}"
            for volume in VOLUMES
        )
        yield item.name, f"`{item.how}` ({PRICES[item.price].unit})", *cells
    yield "**Together, a month**", "", *(f"**{_dollars(total(volume))}**" for volume in VOLUMES)


def _intervals() -> Iterator[tuple[str, ...]]:
    yield "`export.interval_minutes`", *(f"{volume.interval_minutes}" for volume in VOLUMES)
    yield "events of the fullest interval", *(_number(volume.fullest) for volume in VOLUMES)
    yield (
        f"seconds to fetch it, of {DEADLINE_SECONDS}",
        *(f"{volume.longest_export_seconds:.0f}" for volume in VOLUMES),
    )
    yield (
        "its object, of 4 GB",
        *(f"{volume.largest_object_bytes / GB:.3f} GB" for volume in VOLUMES),
    )
    yield (
        "what Mixpanel must send at least, compressed",
        *(f"{volume.needed_bytes_a_second / 1e6:.3f} MB/s" for volume in VOLUMES),
    )
    yield "exports an hour, of 40", *(f"{volume.exports_an_hour}" for volume in VOLUMES)


def _lengths() -> Iterator[tuple[str, ...]]:
    for minutes in _LENGTHS:
        exports = Volume(0, minutes).exports_an_hour
        yield f"{minutes}", f"{most_events_a_day(minutes):,}", f"{exports}"


def _queries() -> Iterator[tuple[str, ...]]:
    for name, (days, row_bytes) in QUERIES.items():
        yield name, *(_dollars(query_dollars(volume, days, row_bytes)) for volume in VOLUMES)


def _people() -> Iterator[tuple[str, ...]]:
    columns = [people_dollars(days) for days in _PEOPLE_DAYS]
    for name in columns[0]:
        yield name, *(_dollars(column[name]) for column in columns)


def _settle() -> Iterator[tuple[str, ...]]:
    columns = [settled_dollars(volume) for volume in VOLUMES]
    for name in columns[0]:
        yield name, *(_dollars(column[name]) for column in columns)
    for late in (False, True):
        says = "with late events on all days" if late else "without late events"
        counts = (f"{queries_until_settled_pays(volume, late=late):,.0f}" for volume in VOLUMES)
        yield f"such queries a month that pay for it, {says}", *counts


def _collect() -> Iterator[tuple[str, ...]]:
    for name, share in _SHARES.items():
        months = (collected_pays_after(share, is_old=is_old) for is_old in (False, True))
        yield name, *(f"{count:.1f} months" for count in months)


def _dollars(amount: float) -> str:
    if amount < 0.005:
        return "under 1 cent"
    return f"${amount:,.2f}" if amount < 100 else f"${amount:,.0f}"


def _number(quantity: float) -> str:
    if quantity < 0.001:
        return "under 0.001"
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:.3g}"
