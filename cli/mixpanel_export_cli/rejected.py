"""Rejects as the fetcher keeps them: which a range has, and what is in one object."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from mixpanel_export.naming import ObjectName
from mixpanel_export.series import Series


class Bucket(Protocol):
    """Where exports and their rejects are."""

    def rejected(self, series: Series, since: date, until: date) -> Iterable[ObjectName]:
        """Every version of which there are rejects, of intervals that start on these UTC days."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a small object; None if there is none."""


@dataclass(frozen=True, slots=True)
class Rejects:
    """The lines of one export that could not become rows, each with its reason.

    None if the object is damaged, so that nobody knows.
    """

    name: ObjectName
    lines: list[tuple[str, str]] | None

    @property
    def reasons(self) -> Counter[str]:
        """How many lines were refused for each reason."""
        return Counter(reason for reason, _ in self.lines or ())


def rejects(
    bucket: Bucket, series: Iterable[Series], since: datetime, until: datetime
) -> Iterator[Rejects]:
    """The rejects of every version of every interval that meets `[since, until)`, oldest first.

    Raises:
        Transient, Setup: the bucket cannot be read.
    """
    if since >= until:
        return
    last = until - timedelta(microseconds=1)
    for one in series:
        for name in bucket.rejected(one, since.date(), last.date()):
            is_met = name.interval.start < until and since < name.interval.end
            if is_met and (data := bucket.read(name.rejects_path)) is not None:
                yield Rejects(name, _lines(data))


def _lines(data: bytes) -> list[tuple[str, str]] | None:
    """The lines in an object; None if the fetcher did not write it."""
    try:
        entries = map(json.loads, gzip.decompress(data).splitlines())
        return [(str(entry["reason"]), _line(entry)) for entry in entries]
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        return None


def _line(entry: dict[str, str]) -> str:
    """The line, which may be empty; bytes that are no text as they are kept."""
    return str(entry["line"]) if "line" in entry else f"base64:{entry['line_base64']}"
