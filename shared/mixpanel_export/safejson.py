"""Any JSON text as a value that BigQuery's JSON type can hold, and how much had to be changed.

BigQuery refuses NaN and Infinity, numbers outside float64, integers outside int64..uint64, lone
surrogates, and more than 500 levels (cloud.google.com/bigquery/docs/reference/standard-sql/
data-types#json_type). One such value would fail a whole load job, so it becomes text here.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

MAX_DEPTH = 500

Json = Any

_LONGEST_INTEGER = len(str(2**64))
_LONG_INTEGER = re.compile(rb"(?:^|[-:,\[\s])[0-9]{19}")
_AS_ZEROS, _LONG_RUN = bytes.maketrans(b"123456789", b"000000000"), b"0" * 19
# A string that never ends is one token too, or each quote in it would be searched to the end.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"{_HIGH}{_LOW}|(?P<lone>{_HIGH}|{_LOW})|\\.", re.DOTALL)


def parse(text: bytes, envelope: int = 0) -> tuple[Json, int]:
    """The value of a JSON text, and how many of its parts were turned into text to be safe.

    `envelope` is how many levels around the value proper do not count towards the depth limit.
    The last of several equal keys wins. Bytes that are not UTF-8 become U+FFFD.

    Raises:
        ValueError: the text is not JSON. The message holds none of it.
    """
    deepest = MAX_DEPTH + envelope
    if not _has_long_integer(text):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # What the fast parser refuses, the careful one may still make safe.
        else:
            if text.count(b"{") + text.count(b"[") <= deepest or _is_shallow(value):
                return value, 0
    return _Careful().parse(text, deepest)


def dump(value: Json) -> bytes:
    """Compact JSON with sorted keys: equal values give equal bytes."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # It stops at 254 levels.
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def _is_shallow(value: Json) -> bool:
    """Whether the fast writer, which stops at 254 levels, gets to the bottom of it."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def _has_long_integer(text: bytes) -> bool:
    """Whether some number may not fit into 64 bits, which the fast parser would round."""
    # Nearly all lines end at the first condition, which is twenty times as fast as the search.
    return _LONG_RUN in text.translate(_AS_ZEROS) and _LONG_INTEGER.search(text) is not None


class _Careful:
    """Python's own parser, with a say in every number, every string and the depth."""

    def __init__(self) -> None:
        self.converted = 0

    def parse(self, text: bytes, deepest: int) -> tuple[Json, int]:
        decoded = text.decode("utf-8", "replace")
        if decoded.encode("utf-8", "replace") != text:
            self.converted += 1
        try:
            value = json.loads(
                self._cut_deep(_ESCAPE.sub(self._surrogate, decoded), deepest),
                strict=False,
                parse_int=self._integer,
                parse_float=self._number,
                parse_constant=self._constant,
            )
        except ValueError:
            raise ValueError("not JSON") from None
        return value, self.converted

    def _integer(self, digits: str) -> int | str:
        if len(digits) <= _LONGEST_INTEGER and -(2**63) <= int(digits) < 2**64:
            return int(digits)
        self.converted += 1
        return digits

    def _number(self, digits: str) -> float | str:
        value = float(digits)
        if math.isfinite(value):
            return value
        self.converted += 1
        return digits

    def _constant(self, name: str) -> str:
        self.converted += 1
        return name

    def _surrogate(self, escape: re.Match[str]) -> str:
        if not escape["lone"]:
            return escape[0]
        self.converted += 1
        return r"\ufffd"

    def _cut_deep(self, text: str, deepest: int) -> str:
        """Replace each object or list below the deepest level by its own text, as a string.

        Works on the text, because a value deep enough would exhaust any recursive parser.

        Raises:
            ValueError: such an object or list has no end.
        """
        if text.count("{") + text.count("[") <= deepest:
            return text
        parts, depth, copied, cut_at = [], 0, 0, 0
        for token in _TOKEN.finditer(text):
            if token[0] in "{[":
                depth += 1
                if depth == deepest + 1:
                    parts.append(text[copied : token.start()])
                    cut_at = token.start()
            elif token[0] in "}]":
                if depth == deepest + 1:
                    parts.append(json.dumps(text[cut_at : token.end()]))
                    copied = token.end()
                    self.converted += 1
                depth -= 1
        if depth > deepest:
            raise ValueError("cut within its deepest part")
        parts.append(text[copied:])
        return "".join(parts)
