"""How much of everything a number of events a day makes: measured where it can be, else assumed.

Bytes, seconds, and months of 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
GB = 10**9
MONTH_DAYS, YEAR_DAYS = 30, 365
_HOUR_MINUTES, _DAY_MINUTES = 60, 1440
_MILLION = 1_000_000

# Given: by the code, by Terraform and by BigQuery.
DEADLINE_SECONDS = 500
OBJECT_DAYS = 30
_CHUNK_BYTES = 8 * MIB
# cloud.google.com/bigquery/docs/loading-data-cloud-storage-json: 4 GB.
_LARGEST_OBJECT_BYTES = 4 * GB


class Fact(NamedTuple):
    """A number that the arithmetic rests on, and where it is from."""

    value: int
    meaning: str
    origin: str


_LINES = "measured on lines like those in `tests/data/samples`"
_MADE_UP = "measured on a million made-up events of this size"
_GUESS = "assumed; not measured in the cloud"
LINE = Fact(1_100, "bytes of an event as Mixpanel exports it", _LINES)
EXPORT = Fact(200, "bytes of it as Mixpanel sends it, compressed", _MADE_UP)
OBJECT = Fact(280, "bytes of its row in an object, compressed", _MADE_UP)
ROW = Fact(1_200, "bytes of its row in BigQuery, as BigQuery bills them", _LINES)
COLUMNS = Fact(170, "bytes of it without `properties`", _LINES)
KEYS = Fact(110, "bytes of it that the view `events` reads, whatever is asked for", _LINES)
ASKED = Fact(21, "bytes of its `time` and `event_name`", _LINES)
PROFILE = Fact(900, "bytes of the row of a profile in BigQuery", "assumed; profiles differ much")
ROW_MICROSECONDS = Fact(
    50,
    "microseconds of a vCPU for each row",
    "25 measured on a server; doubled, as a vCPU of Cloud Run may be slower",
)
EXPORT_WAIT = Fact(20, "seconds of an export besides its rows, most of it waiting", _GUESS)
LOAD_WAIT = Fact(20, "seconds of a load job, however small", _GUESS)
LOAD_SPEED = Fact(10, "MiB of an object that a load job reads each second", _GUESS)
TICK = Fact(10, "seconds of a tick", _GUESS)
PEAK = Fact(2, "times as many events in the fullest interval as in the average one", _GUESS)
SIZES = (LINE, EXPORT, OBJECT, ROW, COLUMNS, KEYS, ASKED, PROFILE)
TIMES = (ROW_MICROSECONDS, EXPORT_WAIT, LOAD_WAIT, LOAD_SPEED, TICK, PEAK)


class Size(NamedTuple):
    """What an instance of a function has."""

    vcpu: float
    gib: float


class Alerts(NamedTuple):
    """What Monitoring evaluates: conditions, and the series they look at."""

    conditions: int
    series: int


# As Terraform makes them with its defaults; `tests/terraform/test_costs.py` compares.
FUNCTIONS = {"planner": Size(1, 1), "fetcher": Size(1, 0.5), "loader": Size(0.5, 0.5)}
ALERTS = Alerts(31, 39)


@dataclass(frozen=True, slots=True)
class Volume:
    """So many events a day, in intervals of this length; everything else follows."""

    events: int
    interval_minutes: int

    @property
    def ticks(self) -> float:
        """Calls of the planner in a month: one for each interval, and at least one an hour."""
        return _DAY_MINUTES / min(_HOUR_MINUTES, self.interval_minutes) * MONTH_DAYS

    @property
    def loads(self) -> float:
        """Objects in a month: one for each interval, and one a day for the sweep."""
        return (self._intervals + 1) * MONTH_DAYS

    @property
    def exports(self) -> float:
        """Exports in a month: the loads, and the second looks, which land nothing new."""
        return (2 * self._intervals + 1) * MONTH_DAYS

    @property
    def exports_an_hour(self) -> int:
        """What live traffic costs of Mixpanel's 60, and one for the sweep."""
        return 2 * -(-_HOUR_MINUTES // self.interval_minutes) + 1

    @property
    def object_bytes_a_day(self) -> float:
        """What lands each day."""
        return self.events * OBJECT.value

    @property
    def row_bytes_a_day(self) -> float:
        """By what the raw table grows each day."""
        return self.events * ROW.value

    @property
    def chunks(self) -> float:
        """Chunks of uploads in a month; a second look uploads what it then drops."""
        return 2 * self.object_bytes_a_day * MONTH_DAYS / _CHUNK_BYTES

    def seconds(self, function: str) -> float:
        """For how long instances of a function work in a month."""
        return {
            "planner": self.ticks * TICK.value,
            "fetcher": self.exports * EXPORT_WAIT.value
            + 2 * self.events * MONTH_DAYS * ROW_MICROSECONDS.value / _MILLION,
            "loader": self.loads * LOAD_WAIT.value
            + self.object_bytes_a_day * MONTH_DAYS / (LOAD_SPEED.value * MIB),
        }[function]

    @property
    def fullest(self) -> float:
        """Events of the fullest interval."""
        return PEAK.value * self.events / self._intervals

    @property
    def longest_export_seconds(self) -> float:
        """For how long the fullest interval is fetched; `DEADLINE_SECONDS` is the end."""
        return EXPORT_WAIT.value + self.fullest * ROW_MICROSECONDS.value / _MILLION

    @property
    def largest_object_bytes(self) -> float:
        """The object of the fullest interval; BigQuery loads 4 GB of one compressed file."""
        return self.fullest * OBJECT.value

    @property
    def fits(self) -> bool:
        """Whether the fullest interval can be fetched in time and loaded."""
        return (
            self.longest_export_seconds <= DEADLINE_SECONDS
            and self.largest_object_bytes <= _LARGEST_OBJECT_BYTES
        )

    @property
    def needed_bytes_a_second(self) -> float:
        """How fast Mixpanel must send for the fullest interval to be there in time."""
        return self.fullest * EXPORT.value / (DEADLINE_SECONDS - EXPORT_WAIT.value)

    @property
    def _intervals(self) -> float:
        return _DAY_MINUTES / self.interval_minutes


def most_events_a_day(interval_minutes: int) -> int:
    """How many events a day intervals of this length can bring, in whole millions."""
    by_time = (DEADLINE_SECONDS - EXPORT_WAIT.value) * _MILLION // ROW_MICROSECONDS.value
    by_size = _LARGEST_OBJECT_BYTES // OBJECT.value
    events = min(by_time, by_size) * _DAY_MINUTES // (PEAK.value * interval_minutes)
    return events // _MILLION * _MILLION
