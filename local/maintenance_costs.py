"""What the scheduled queries of `maintenance` cost, and from when on they pay.

Dollars, months of 30 days, bytes; of queries that are billed by bytes.
"""

from __future__ import annotations

from local.costs import ITEMS, PRICES, query_dollars
from local.volumes import ASKED, GIB, KEYS, MONTH_DAYS, ROW, TIB, Volume

_SWEEP_DAYS, _SETTLED_AFTER_DAYS, _WEEK = 100, 7, 7
_STORED = ("BigQuery, rows of 90 days", "BigQuery, older rows")
_ACTIVE_MONTHS = 3  # A partition that is changed costs the price of new rows for so long.

_ONCE = "each day once"
_AGAIN = "all days of the last 100 again, once a week"
_COPY = "the copy, after a year"
_SAVED = "what one query of `time` and `event_name` over 30 days costs less"


def settled_dollars(volume: Volume) -> dict[str, float]:
    """What `settle` costs, and what it saves.

    Settling a day reads its partition; settling it again also deletes the rows of before, which is
    billed like reading where a table is clustered
    (https://cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables).
    """
    again = (_SWEEP_DAYS - _SETTLED_AFTER_DAYS) / _WEEK * MONTH_DAYS
    return {
        _ONCE: query_dollars(volume, MONTH_DAYS, ROW.value),
        _AGAIN: again * query_dollars(volume, 1, 2 * ROW.value),
        _COPY: sum(item.dollars(volume) for item in ITEMS if item.name in _STORED),
        _SAVED: query_dollars(volume, MONTH_DAYS, KEYS.value - ASKED.value),
    }


def queries_until_settled_pays(volume: Volume, *, late: bool) -> float:
    """How many such queries a month save what `settle` costs; with late events on every day."""
    dollars = settled_dollars(volume)
    return (dollars[_ONCE] + dollars[_COPY] + late * dollars[_AGAIN]) / dollars[_SAVED]


def collected_pays_after(share: float, *, is_old: bool) -> float:
    """Months until what `collect` deletes of a partition would have cost as much to keep.

    `share` is what is superseded, as a part of what is live. Collecting rewrites the partition. An
    old one, which nobody has changed for 90 days, then costs the price of new rows again.
    """
    stored = PRICES["long-term" if is_old else "active"].dollars / GIB
    rewritten = (1 + share) * PRICES["queries"].dollars / TIB
    renewed = (PRICES["active"].dollars - PRICES["long-term"].dollars) / GIB * _ACTIVE_MONTHS
    return (rewritten + is_old * renewed) / (share * stored)
