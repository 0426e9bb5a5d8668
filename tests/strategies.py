"""What the property tests draw from: the input spaces of the pipeline's own vocabulary."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ORIGINS, ExportRequest
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import SERIES

DAY_MINUTES = 24 * 60
LENGTHS = tuple(timedelta(minutes=n) for n in range(1, DAY_MINUTES + 1) if DAY_MINUTES % n == 0)
# Both halves of the year, no daylight saving, half hours, quarter hours, a day across the date
# line, and zones whose change falls on midnight or is half an hour.
ZONES = (
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/Chicago",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
)
_SURROGATES = range(0xD800, 0xE000)


def moments(first_year: int = 1990, last_year: int = 2099) -> st.SearchStrategy[datetime]:
    """Moments in UTC, to the microsecond."""
    first = datetime(first_year, 1, 1)  # noqa: DTZ001  (Hypothesis adds the zone)
    last = datetime(last_year, 12, 31)  # noqa: DTZ001
    return st.datetimes(first, last, timezones=st.just(UTC))


lengths = st.sampled_from(LENGTHS)


@st.composite
def intervals(draw: st.DrawFn, of_length: st.SearchStrategy[timedelta] = lengths) -> Interval:
    """Every valid interval."""
    length = draw(of_length)
    moment = draw(moments())
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + (moment - midnight) // length * length
    return Interval(start, start + length)


versions = st.integers(1, 10**18)
object_names = st.builds(ObjectName, st.sampled_from(SERIES), intervals(), versions)
requests = st.builds(ExportRequest, st.sampled_from(SERIES), intervals(), st.sampled_from(ORIGINS))
environments = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True)


@st.composite
def chunked(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The same bytes, cut anywhere, with empty pieces too."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    edges = [0, *cuts, len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@dataclass(frozen=True)
class Wild:
    """JSON text as it may come, what must be kept of it, and how much of it had to change."""

    text: str
    kept: Any
    converted: int = 0


def _integer(number: int) -> Wild:
    fits = -(2**63) <= number < 2**64
    return Wild(str(number), number if fits else str(number), not fits)


def _float(number: float) -> Wild:
    if math.isfinite(number):
        return Wild(repr(number), number)
    text = json.dumps(number)  # Python's own dialect: NaN, Infinity, -Infinity.
    return Wild(text, text, 1)


def _string(parts: Sequence[str]) -> Wild:
    """Escapes may form a pair across parts; Python's parser, unlike others, keeps lone ones."""
    text = f'"{"".join(parts)}"'
    value: str = json.loads(text, strict=False)
    lone = sum(ord(c) in _SURROGATES for c in value)
    kept = "".join("\ufffd" if ord(c) in _SURROGATES else c for c in value)
    return Wild(text, kept, lone)


def _list(items: Sequence[Wild]) -> Wild:
    text = f"[{','.join(item.text for item in items)}]"
    return Wild(text, [item.kept for item in items], sum(item.converted for item in items))


def _object(members: Sequence[tuple[Wild, Wild]]) -> Wild:
    text = "{" + ", ".join(f"{key.text}: {value.text}" for key, value in members) + "}"
    converted = sum(key.converted + value.converted for key, value in members)
    return Wild(text, {key.kept: value.kept for key, value in members}, converted)


_strings = st.lists(
    st.text(max_size=4).map(lambda text: json.dumps(text, ensure_ascii=False)[1:-1])
    | st.text(max_size=4).map(lambda text: json.dumps(text)[1:-1])
    | st.sampled_from(
        [r"\ud83d", r"\ude00", r"\uD83D\uDE00", r"\\ud800", "\x06", "\u2028", r"\u0000", r"\/"]
    ),
    max_size=4,
).map(_string)
_leaves = (
    st.sampled_from([Wild("null", None), Wild("true", True), Wild("false", False)])
    | st.integers(-(2**70), 2**70).map(_integer)
    | st.sampled_from([10**18 - 1, 10**18, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1]).map(
        _integer
    )
    | st.floats().map(_float)
    | st.sampled_from(
        [
            Wild("1e400", "1e400", 1),
            Wild("-1E+999", "-1E+999", 1),
            Wild("1e-400", 0.0),
            Wild("-0.0", -0.0),
            Wild("1" * 4400, "1" * 4400, 1),  # Longer than Python would convert at all.
            Wild("0." + "3" * 40, float("0." + "3" * 40)),
        ]
    )
    | _strings
)
_members = st.tuples(_strings, st.deferred(lambda: wild_values))
wild_objects = st.lists(_members, max_size=3).map(_object)
wild_values: st.SearchStrategy[Wild] = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(_list)
        | st.lists(st.tuples(_strings, inner), max_size=3).map(_object)
    ),
    max_leaves=5,
)
