"""What a deployment costs a month: the bill, item by item, from prices and volumes.

Dollars, months of 30 days, bytes, seconds. Free tiers are left out, so a small deployment looks
dearer than it is. `docs/costs.md` shows all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.volumes import (
    ALERTS,
    COLUMNS,
    FUNCTIONS,
    GIB,
    MIB,
    MONTH_DAYS,
    OBJECT_DAYS,
    PROFILE,
    ROW,
    TIB,
    YEAR_DAYS,
    Volume,
)

_MILLION, _THOUSAND = 1e6, 1e3
# A message is billed as at least 1,000 bytes, when it is published and when it is pushed.
_MESSAGE_BYTES = 2 * 1000
# BigQuery bills at least 10 MiB for each table of a query; the ledger reads both raw tables.
_LEDGER_BYTES = 2 * 10 * MIB
_ACTIVE_DAYS = 90
_EVALUATIONS = 2 * 60 * 24 * MONTH_DAYS  # A condition is evaluated every 30 s.
_IMAGES_GB = 3 * 0.4


@dataclass(frozen=True, slots=True)
class Price:
    """What Google asks for one unit."""

    dollars: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill: how its quantity comes about, and what a unit costs."""

    name: str
    how: str
    price: str
    quantity: Callable[[Volume], float]

    def dollars(self, volume: Volume) -> float:
        """A month of it."""
        return self.quantity(volume) * PRICES[self.price].dollars


_RUN = "https://cloud.google.com/run/pricing"
_STORAGE = "https://cloud.google.com/storage/pricing"
_BIGQUERY = "https://cloud.google.com/bigquery/pricing"
_ALERTING = "https://cloud.google.com/stackdriver/observability-pricing-examples"

PRICES = {
    "vCPU": Price(0.000024, "vCPU-second", _RUN),
    "memory": Price(0.0000025, "GiB-second", _RUN),
    "request": Price(0.40, "million requests", _RUN),
    "messages": Price(40.0, "TiB published or pushed", "https://cloud.google.com/pubsub/pricing"),
    "class A": Price(0.005, "thousand operations", _STORAGE),
    "objects": Price(0.020, "GiB and month", _STORAGE),
    "active": Price(0.02, "GiB and month, first 90 days", _BIGQUERY),
    "long-term": Price(0.01, "GiB and month, after 90 days", _BIGQUERY),
    "queries": Price(6.25, "TiB read", _BIGQUERY),
    "logs": Price(0.50, "GiB", "https://cloud.google.com/stackdriver/pricing"),
    "conditions": Price(0.35, "metric that a condition reads", _ALERTING),
    "points": Price(0.50, "million points returned", _ALERTING),
    "job": Price(0.10, "job", "https://cloud.google.com/scheduler/pricing"),
    "secret": Price(0.06, "secret version", "https://cloud.google.com/secret-manager/pricing"),
    "images": Price(0.10, "GB and month", "https://cloud.google.com/artifact-registry/pricing"),
}

ITEMS = (
    Item(
        "Functions, CPU",
        "seconds of each function * its vCPU",
        "vCPU",
        lambda volume: sum(volume.seconds(name) * size.vcpu for name, size in FUNCTIONS.items()),
    ),
    Item(
        "Functions, memory",
        "seconds of each function * its GiB",
        "memory",
        lambda volume: sum(volume.seconds(name) * size.gib for name, size in FUNCTIONS.items()),
    ),
    Item(
        "Functions, requests",
        "ticks + exports + loads",
        "request",
        lambda volume: (volume.ticks + volume.exports + volume.loads) / _MILLION,
    ),
    Item(
        "Pub/Sub",
        "(exports + loads) * 2 * 1000 B",
        "messages",
        lambda volume: (volume.exports + volume.loads) * _MESSAGE_BYTES / TIB,
    ),
    Item(
        "Cloud Storage, writes and lists",
        "ticks * 15 + exports * 4 + a chunk for each 8 MiB",
        "class A",
        lambda volume: (volume.ticks * 15 + volume.exports * 4 + volume.chunks) / _THOUSAND,
    ),
    Item(
        "Cloud Storage, objects",
        f"{OBJECT_DAYS} days of objects",
        "objects",
        lambda volume: volume.object_bytes_a_day * OBJECT_DAYS / GIB,
    ),
    Item(
        "BigQuery, ledger",
        "ticks * 20 MiB",
        "queries",
        lambda volume: volume.ticks * _LEDGER_BYTES / TIB,
    ),
    Item(
        "Logs",
        "(ticks * 8 + exports * 4 + loads * 3) lines of 1 KiB",
        "logs",
        lambda volume: (volume.ticks * 8 + volume.exports * 4 + volume.loads * 3) * 1024 / GIB,
    ),
    Item(
        "Alerts, metrics read",
        "one for each condition",
        "conditions",
        lambda _: ALERTS.conditions,
    ),
    Item(
        "Alerts, points",
        "series * 86400 evaluations",
        "points",
        lambda _: ALERTS.series * _EVALUATIONS / _MILLION,
    ),
    Item("Cloud Scheduler", "one", "job", lambda _: 1),
    Item("Secret Manager", "two versions, as after a rotation", "secret", lambda _: 2),
    Item("Artifact Registry", "three images of 0.4 GB", "images", lambda _: _IMAGES_GB),
    Item(
        "BigQuery, rows of 90 days",
        "90 days of rows",
        "active",
        lambda volume: volume.row_bytes_a_day * _ACTIVE_DAYS / GIB,
    ),
    Item(
        "BigQuery, older rows",
        "275 days of rows, after a year",
        "long-term",
        lambda volume: volume.row_bytes_a_day * (YEAR_DAYS - _ACTIVE_DAYS) / GIB,
    ),
)

# What analysts ask for is their own affair; these are rates: days, and bytes of each row.
QUERIES = {
    "one day, every column": (1, ROW.value),
    "30 days, without `properties`": (30, COLUMNS.value),
    "30 days, every column": (30, ROW.value),
}
# Of people each snapshot is a row for every profile, and all of them stay.
PROFILES = 100_000


def total(volume: Volume) -> float:
    """The whole month."""
    return sum(item.dollars(volume) for item in ITEMS)


def query_dollars(volume: Volume, days: int, row_bytes: float) -> float:
    """One query of the view `events` over so many days, read whole."""
    return volume.events * days * row_bytes / TIB * PRICES["queries"].dollars


def people_dollars(days: int) -> dict[str, float]:
    """What `PROFILES` cost when a snapshot of each of so many days is kept."""
    rows, read = PROFILES * days, PRICES["queries"].dollars / TIB
    return {
        "storage, a month": rows * PROFILE.value / GIB * PRICES["active"].dollars,
        "one query of `people`, every column": rows * PROFILE.value * read,
    }
