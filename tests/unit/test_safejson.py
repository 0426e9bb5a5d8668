from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mixpanel_export.safejson import MAX_DEPTH, dump, parse
from tests.strategies import Wild, json_values, wild_values


def exact(value: Any) -> str:
    """Text that tells 1 from 1.0 and from True, and 0.0 from -0.0, unlike `==`."""
    return json.dumps(value, sort_keys=True)


@given(wild_values)
def test_any_json_becomes_safe_and_changes_are_counted(wild: Wild) -> None:
    """What BigQuery can hold is kept exactly, the rest becomes text, and each change counts."""
    value, converted = parse(wild.text.encode())

    assert exact(wild.kept) == exact(value)
    assert wild.converted == converted


@given(wild_values)
def test_what_is_dumped_is_read_back_unchanged(wild: Wild) -> None:
    """A safe value survives BigQuery's own reading of it: strict JSON, in UTF-8, on one line."""
    text = dump(parse(wild.text.encode())[0])

    assert exact(wild.kept) == exact(json.loads(text.decode()))
    assert b"\n" not in text
    assert (json.loads(text), 0) == parse(text)


@pytest.mark.parametrize(
    ("text", "value", "converted"),
    [
        pytest.param(b"9223372036854775807", 2**63 - 1, 0, id="int64's last"),
        pytest.param(b"18446744073709551615", 2**64 - 1, 0, id="uint64's last"),
        pytest.param(b"18446744073709551616", "18446744073709551616", 1, id="one more"),
        pytest.param(b"-9223372036854775808", -(2**63), 0, id="int64's first"),
        pytest.param(b"-9223372036854775809", "-9223372036854775809", 1, id="one less"),
        pytest.param(
            b'{"id":"[9223372036854775808"}', {"id": "[9223372036854775808"}, 0, id="a text"
        ),
        pytest.param(
            b'{"n": 18446744073709551616}', {"n": "18446744073709551616"}, 1, id="inside"
        ),
        pytest.param(b"9" * 5000, "9" * 5000, 1, id="more digits than Python converts"),
        pytest.param(b"1e308", 1e308, 0, id="a large float"),
        pytest.param(b"1e309", "1e309", 1, id="a float too large"),
        pytest.param(b"-1e309", "-1e309", 1, id="a float too small"),
        pytest.param(b"1e-400", 0.0, 0, id="a float too close to 0 is 0"),
        pytest.param(b"9" * 400 + b".5", "9" * 400 + ".5", 1, id="a fraction too large"),
        pytest.param(b"NaN", "NaN", 1, id="NaN"),
        pytest.param(b"Infinity", "Infinity", 1, id="Infinity"),
        pytest.param(b"-Infinity", "-Infinity", 1, id="-Infinity"),
        pytest.param(rb'"\ud83d"', "\ufffd", 1, id="a lone high surrogate"),
        pytest.param(rb'"\udE00"', "\ufffd", 1, id="a lone low surrogate"),
        pytest.param(rb'"\ude00\ud83d"', "\ufffd\ufffd", 2, id="a pair in the wrong order"),
        pytest.param(rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600", 1, id="one before a pair"),
        pytest.param(rb'"\ud83d\u0041"', "\ufffdA", 1, id="one before a letter"),
        pytest.param(rb'"\\ud83d"', r"\ud83d", 0, id="a backslash and letters"),
        pytest.param(rb'{"\ud83d":1}', {"\ufffd": 1}, 1, id="one in a key"),
        pytest.param(b'"\xff\xfe"', "\ufffd\ufffd", 1, id="not UTF-8: once per text"),
        pytest.param(b'"\xed\xa0\xbd"', "\ufffd\ufffd\ufffd", 1, id="a surrogate as bytes"),
        pytest.param('"\ufffd"'.encode(), "\ufffd", 0, id="U+FFFD itself"),
        pytest.param(b'"\x06\t"', "\x06\t", 0, id="raw control characters"),
        pytest.param(b'{"a":1,"a":2}', {"a": 2}, 0, id="the last of equal keys wins"),
        pytest.param(b'{"a":NaN,"a":2}', {"a": 2}, 1, id="also by the careful parser"),
        pytest.param(b' [ 1 ,\t"b" ]\r', [1, "b"], 0, id="white space"),
    ],
)
def test_each_oddity_has_its_treatment(text: bytes, value: object, converted: int) -> None:
    """The table of everything that BigQuery's JSON type refuses, and its near misses."""
    found = parse(text)

    assert (exact(value), converted) == (exact(found[0]), found[1])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"a":', id="cut"),
        pytest.param(b'{"a":"b', id="cut in a string"),
        pytest.param(b'{"a":"b\\', id="cut in an escape"),
        pytest.param(b"{'a':1}", id="Python, not JSON"),
        pytest.param(b"[1,]", id="a comma too many"),
        pytest.param(b"01", id="a leading zero"),
        pytest.param(b'"\\x41"', id="an escape JSON lacks"),
        pytest.param(b"{}{}", id="two values"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b"<html>502</html>", id="a page"),
        pytest.param(b"terminated early", id="a notice"),
        pytest.param(b"[" * 2_000, id="deep and never closed"),
        pytest.param(b'{"a":' * 100_000, id="very deep and never closed"),
        pytest.param(b"[" * 600 + b"]" * 599, id="deep, one end missing"),
        pytest.param(b"[" * 600 + b"]" * 601, id="deep, one end too many"),
        pytest.param(b"[" * 600 + b'"' + b"]" * 600, id="deep, ends within a string"),
        pytest.param(b"]" * 600 + b"[" * 600, id="inside out"),
        pytest.param(b"[" * 502 + b"NaN}", id="deep, wrong end"),
    ],
)
def test_text_that_is_not_json_is_refused_without_repeating_it(text: bytes) -> None:
    """The message is always the same words, so that no data gets into a log."""
    with pytest.raises(ValueError, match=r"\Anot JSON\Z") as caught:
        parse(text)

    assert caught.value.__cause__ is None


@given(st.binary() | wild_values.map(lambda wild: wild.text.encode()), st.data())
@example(b"[" * 502, None)
def test_no_bytes_make_it_raise_anything_else(text: bytes, data: st.DataObject | None) -> None:
    """Arbitrary bytes, and JSON cut anywhere, are parsed to what can be dumped, or refused."""
    if data:
        text = text[: data.draw(st.integers(0, len(text)))]
    try:
        value, _ = parse(text)
    except ValueError:
        return

    assert exact(value) == exact(json.loads(dump(value).decode()))


OPEN = {"list": b"[", "object": b'{"k":', "both": b'[{"k":'}
CLOSE = {"list": b"]", "object": b"}", "both": b"}]"}


def nested(kind: str, times: int, inner: bytes = b"") -> bytes:
    """A value in so many lists, objects, or both."""
    return OPEN[kind] * times + (inner or b"0") + CLOSE[kind] * times


def innermost(value: Any) -> tuple[int, Any]:
    """How deep a value is nested, and what is at the bottom, without recursion."""
    depth = 0
    while isinstance(value, (dict, list)):
        depth, value = depth + 1, (value["k"] if isinstance(value, dict) else value[0])
    return depth, value


@pytest.mark.parametrize("kind", OPEN)
@pytest.mark.parametrize(
    ("times", "envelope"),
    [(1, 0), (250, 0), (253, 0), (255, 0), (499, 1), (500, 0), (501, 1), (499, 0)],
)
def test_values_within_the_depth_limit_are_kept(kind: str, times: int, envelope: int) -> None:
    """The 500th level is kept, and dumped, although the fast library gives up at 254."""
    times = times // 2 if kind == "both" else times
    text = nested(kind, times)

    value, converted = parse(text, envelope)

    assert 0 == converted
    assert text == dump(value)


@pytest.mark.parametrize("kind", OPEN)
@pytest.mark.parametrize("envelope", [0, 1])
@pytest.mark.parametrize("times", [502, 503, 1_000, 50_000])
def test_what_is_deeper_becomes_its_own_text(kind: str, times: int, envelope: int) -> None:
    """The value keeps 500 levels; the 501st is a string that holds the rest as it came."""
    text = nested(kind, times, b'"]\\"["')

    value, converted = parse(text, envelope)

    depth, rest = innermost(value)
    assert (MAX_DEPTH + envelope, 1) == (depth, converted)
    assert text == dump(value).replace(dump(rest), rest.encode())


def test_each_deep_part_is_cut_and_counted() -> None:
    """Siblings below the limit are cut one by one, and what lies between them stays."""
    deep = nested("list", 2, b'"\\ud83d"')
    text = nested("list", MAX_DEPTH - 1, b"[" + deep + b",1," + deep + b",[[]]]")

    value, converted = parse(text)

    while isinstance(value[0], list):
        value = value[0]
    assert [r'[["\ufffd"]]', 1, r'[["\ufffd"]]', "[[]]"] == value
    assert 5 == converted  # Two surrogates and three parts.


def test_brackets_in_strings_do_not_count() -> None:
    """Text that looks nested is no nesting."""
    text = json.dumps(["[{" * 1_000, '\\"[' * 1_000]).encode()

    value, converted = parse(text)

    assert (json.loads(text), 0) == (value, converted)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"[" * 600 + b'"' + b'\\"' * 200_000, id="quotes in a string without end"),
        pytest.param(b'["' + b"[" * 600 + b'",' * 200_000, id="quotes after a string"),
        pytest.param(b'"' + b"\\ud83d" * 100_000, id="surrogates"),
        pytest.param(b"[" * 400_000, id="brackets"),
    ],
)
def test_it_takes_time_in_proportion_to_the_text(text: bytes) -> None:
    """No line can hold up a delivery: the quadratic search it once had took minutes here."""
    began = time.process_time()

    with pytest.raises(ValueError, match="not JSON"):
        parse(text)

    assert time.process_time() - began < 5


@given(json_values)
def test_equal_values_give_equal_bytes(value: Any) -> None:
    """The order of keys does not matter: digests compare contents, deep ones too."""
    members: Any = {"b": value, "a": [value], "": {"z": value, "y": 1}}
    other: Any = {"": {"y": 1, "z": value}, "a": [value], "b": value}

    assert dump(members) == dump(other)
    for _ in range(260):
        members, other = [members], [other]
    assert dump(members) == dump(other)


@given(json_values)
def test_both_dumpers_agree(value: Any) -> None:
    """A value too deep for the fast library means the same as dumped by the other."""
    for _ in range(260):
        value = [value]

    with pytest.raises(orjson.JSONEncodeError):
        orjson.dumps(value)
    assert exact(value) == exact(json.loads(dump(value).decode()))
