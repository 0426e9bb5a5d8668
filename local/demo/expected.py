"""What `mixpanel.events` must show, worked out from what the simulator holds.

Written against Mixpanel's documents and apart from the production code, which it judges.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mixpanel_export.intervals import Interval

Row = tuple[str, ...]
_COLUMNS = ("time", "event_name", "distinct_id", "device_id", "user_id", "insert_id")


def expected_rows(
    held: Iterable[Mapping[str, Any]], intervals: Iterable[Interval], zone: ZoneInfo
) -> Counter[Row]:
    """The rows of all held events that were processed in one of the intervals.

    Of several copies with one `$insert_id` the one processed last is shown.
    """
    wanted = [(interval.start_ms, interval.end_ms) for interval in intervals]
    shown: Counter[Row] = Counter()
    latest: dict[Row, tuple[int, Row]] = {}
    for event in held:
        properties = _with_time_in_ms(event["properties"])
        processed = properties.get("mp_processing_time_ms")
        if processed is None or not any(start <= processed < end for start, end in wanted):
            continue
        row = _row(event["event"], properties, processed, zone)
        if properties.get("$insert_id") is None:
            shown[row] += 1
        else:
            key = (row[0], row[1], row[2], row[5])
            latest[key] = max(latest.get(key, (-1, row)), (processed, row))
    shown.update(row for _, row in latest.values())
    return shown


def shown_rows(rows: Iterable[Mapping[str, Any]]) -> Counter[Row]:
    """The rows of a query on the view, in the same form."""
    return Counter(
        (
            *(_shown(row[column]) for column in _COLUMNS),
            _shown(row["processing_time"]),
            json.dumps(row["properties"], sort_keys=True),
        )
        for row in rows
    )


def _row(name: str, properties: dict[str, Any], processed: int, zone: ZoneInfo) -> Row:
    wall = datetime(1970, 1, 1) + timedelta(milliseconds=properties["time"])  # noqa: DTZ001  (wall clock)
    time = wall.replace(tzinfo=zone).astimezone(UTC)
    ids = (properties.get(f"{key}") for key in ("distinct_id", "$device_id", "$user_id"))
    return (
        _shown(time),
        name,
        *(_shown(value) for value in ids),
        _shown(properties.get("$insert_id")),
        _shown(datetime.fromtimestamp(processed / 1000, UTC)),
        json.dumps(_loadable(properties), sort_keys=True),
    )


def _with_time_in_ms(properties: Mapping[str, Any]) -> dict[str, Any]:
    time = properties["time"]
    return {**properties, "time": round(time if time >= 10**11 else time * 1000)}


def _loadable(value: Any) -> Any:
    """BigQuery's JSON type holds integers of 64 bits; larger ones are kept as text."""
    match value:
        case dict():
            return {key: _loadable(item) for key, item in value.items()}
        case list():
            return [_loadable(item) for item in value]
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return "NULL" if value is None else str(value)
