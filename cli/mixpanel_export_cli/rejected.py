"""Rejects as the fetcher keeps them: which objects a range has, and what is in one."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from mixpanel_export.errors import NotOurs, Setup
from mixpanel_export.naming import ObjectName, day_prefix
from mixpanel_export.series import Series

_ROOT = "rejects/"


class Bucket(Protocol):
    """Where exports and their rejects are."""

    def listed(self, prefix: str) -> dict[str, dict[str, str]]:
        """The metadata of each object whose path begins so."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a small object; None if there is none."""


@dataclass(frozen=True, slots=True)
class Rejects:
    """The lines of one export that could not become rows, each with its reason."""

    name: ObjectName
    lines: list[tuple[str, str]]

    @property
    def reasons(self) -> Counter[str]:
        """How many lines were refused for each reason."""
        return Counter(reason for reason, _ in self.lines)


def rejects(
    bucket: Bucket, series: Iterable[Series], since: datetime, until: datetime
) -> Iterator[Rejects]:
    """The rejects of every version of every interval that meets `[since, until)`, oldest first.

    Raises:
        Transient, Setup: the bucket cannot be read, or an object in it is damaged.
    """
    for one in series:
        for day in _days(since, until):
            for path in bucket.listed(_ROOT + day_prefix(one, day)):
                with suppress(NotOurs):
                    name = ObjectName.parse(path.removeprefix(_ROOT))
                    if name.interval.start < until and since < name.interval.end:
                        yield Rejects(name, _lines(path, bucket.read(path)))


def _days(since: datetime, until: datetime) -> Iterator[date]:
    """The UTC days on which an interval that meets the range may start."""
    day = since.date()
    while datetime.combine(day, datetime.min.time(), since.tzinfo) < until:
        yield day
        day += timedelta(days=1)


def _lines(path: str, data: bytes | None) -> list[tuple[str, str]]:
    try:
        entries = map(json.loads, gzip.decompress(data or b"").splitlines())
        return [
            (entry["reason"], entry.get("line") or f"base64:{entry['line_base64']}")
            for entry in entries
        ]
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        raise Setup(f"object {path} was not written by the fetcher: look at it by hand") from None
