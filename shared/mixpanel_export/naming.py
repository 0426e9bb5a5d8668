"""Names that are computed, never drawn: objects in the bucket and jobs in BigQuery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from mixpanel_export.errors import NotOurs
from mixpanel_export.intervals import Interval, format_moment, parse_moment
from mixpanel_export.series import TABLES, Series

_PATH = re.compile(
    r"(?P<table>[a-z]+)(?:/(?P<mode>[a-z]+))?/date=(?P<date>\d{4}-\d\d-\d\d)/"
    r"(?P<start>\d{8}T\d{6}Z)_(?P<end>\d{8}T\d{6}Z)/(?P<version>[1-9]\d{0,18})\.ndjson\.gz"
)
CONFIRMED = "confirmed/"
_UNSAFE_IN_JOB_ID = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """The identity of one landed export: series, interval and version.

    `version` is the publish time of the request in microseconds: the same on every redelivery,
    newer for every replay.
    """

    series: Series
    interval: Interval
    version: int

    @classmethod
    def parse(cls, path: str) -> Self:
        """The name that `path` was made from.

        Raises:
            NotOurs: no `ObjectName` has this path.
        """
        match = _PATH.fullmatch(path)
        if match is None or match["table"] not in TABLES:
            raise NotOurs(f"object {path!r} does not have a name this pipeline gives")
        try:
            series = Series.named(match["table"], match["mode"])
            interval = Interval(parse_moment(match["start"]), parse_moment(match["end"]))
        except ValueError as error:
            raise NotOurs(
                f"object {path!r} does not name an interval of a series: {error}"
            ) from None
        name = cls(series, interval, int(match["version"]))
        if name.path != path:
            raise NotOurs(f"object {path!r} names a date or mode that is not its own")
        return name

    @property
    def path(self) -> str:
        """`events/date=2026-11-22/20261122T080000Z_20261122T090000Z/<version>.ndjson.gz`."""
        prefix = day_prefix(self.series, self.interval.start.date())
        return f"{prefix}{self._span}/{self.version}.ndjson.gz"

    @property
    def rejects_path(self) -> str:
        """Where the lines of this export that could not become rows are kept."""
        return f"rejects/{self.path}"

    @property
    def confirmed_path(self) -> str:
        """What a second look leaves behind when it found the rows that are live."""
        return f"{CONFIRMED}{self.path}"

    def job_id(self, environment: str, attempt: int) -> str:
        """The id of the load job for this object, at most 1,024 of `[A-Za-z0-9_-]`.

        Source: cloud.google.com/bigquery/docs/reference/rest/v2/JobReference
        """
        env = _UNSAFE_IN_JOB_ID.sub("-", environment)
        subject = self.series.path.replace("/", "-")
        return f"{env}-load-{subject}-{self._span}-{self.version}-a{attempt}"

    @property
    def _span(self) -> str:
        return f"{_compact(self.interval.start)}_{_compact(self.interval.end)}"


@dataclass(frozen=True, slots=True)
class Landed:
    """One landed version, as the bucket lists it."""

    name: ObjectName
    landed_at: datetime
    row_count: int
    digest: str


def day_prefix(series: Series, day: date) -> str:
    """The common prefix of every object whose interval starts on this UTC day."""
    return f"{series.path}/date={day.isoformat()}/"


def _compact(moment: datetime) -> str:
    return format_moment(moment).replace("-", "").replace(":", "")
