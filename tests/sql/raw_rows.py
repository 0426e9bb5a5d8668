"""Rows of the raw tables, as the fetcher writes them."""

from __future__ import annotations

from typing import Any

Json = Any


def loaded(
    mode: str, start: str, end: str, version: int, rows: list[Json], **facts: Json
) -> list[Json]:
    """What a load job makes visible at once: rows, and the marker row that counts them.

    Args:
        mode: The series of the interval.
        start: Its start, ISO 8601.
        end: Its end, exclusive.
        version: When it was requested, in microseconds.
        rows: Columns of data; each row gets its line.
        **facts: What else the marker row tells, in its properties.
    """
    frame = {"_mode": mode, "_interval_start": start, "_interval_end": end, "_version": version}
    marker = {"_line": 0, "properties": {"row_count": len(rows)} | facts}
    numbered = [{"_line": line} | row for line, row in enumerate(rows, 1)]
    return [row | frame for row in (marker, *numbered)]
