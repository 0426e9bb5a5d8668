"""The filter language: what matches, and what is not in it."""

from __future__ import annotations

import pytest

from local.pubsub.filters import InvalidFilterError, parse_filter

HEAL = {"origin": "heal", "table": "events", "iana.org/language_tag": "en"}

MATCHES = [
    ("", True),
    # Presence; keys are case-sensitive, odd ones are quoted.
    ("attributes:origin", True),
    ("attributes:Origin", False),
    ('attributes:"iana.org/language_tag"', True),
    # Equality of whole values.
    ('attributes.origin = "heal"', True),
    ('attributes.origin="heal"', True),
    ('attributes.origin = "hea"', False),
    ('attributes."iana.org/language_tag" = "en"', True),
    ('attributes.missing = ""', False),
    # Inequality; an absent attribute differs from every value.
    ('attributes.origin != "heal"', False),
    ('attributes.origin != "replay"', True),
    ('attributes.missing != "heal"', True),
    # Prefixes.
    ('hasPrefix(attributes.origin, "he")', True),
    ('hasPrefix(attributes.origin, "")', True),
    ('hasPrefix(attributes.origin, "eal")', False),
    ('hasPrefix(attributes.missing, "")', False),
    # NOT binds to the next test only; a minus is the same.
    ("NOT attributes:missing", True),
    ("-attributes:origin", False),
    ("NOT attributes:origin AND attributes:missing", False),
    ("NOT attributes:missing OR attributes:origin", True),
    ("NOT (attributes:missing OR attributes:origin)", False),
    # Chains, and mixtures in parentheses.
    ("attributes:origin AND attributes:table AND attributes:missing", False),
    ("attributes:missing OR attributes:other OR attributes:table", True),
    ("attributes:origin OR (attributes:table AND attributes:missing)", True),
    ("(attributes:origin OR attributes:table) AND attributes:missing", False),
    # Escapes in strings.
    ('attributes.origin = "\\x68\\145\\u0061l"', True),
    ('attributes.origin = "\\"heal\\""', False),
    # Exactly 256 bytes.
    (f"attributes:{'x' * 245}", False),
]

INVALID = [
    "origin",
    "attributes",
    "attributes:",
    "attributes.origin",
    'attributes.origin == "heal"',
    'attributes.origin < "heal"',
    "attributes.origin = heal",
    "attributes.origin = 'heal'",
    'attributes.origin = "heal',
    'attributes.origin = "\\q"',
    "attributes.origin = 1",
    'data = "heal"',
    'hasPrefix(attributes.origin "he")',
    'hasPrefix(attributes:origin, "he")',
    'hasSuffix(attributes.origin, "al")',
    # Google has no order between AND and OR.
    "attributes:a AND attributes:b OR attributes:c",
    "attributes:a OR attributes:b AND attributes:c",
    "(attributes:a AND attributes:b OR attributes:c)",
    # Operators are upper case, between two operands, inside balanced parentheses.
    "attributes:a and attributes:b",
    "attributes:a AND",
    "AND attributes:a",
    "attributes:a attributes:b",
    "NOT NOT attributes:a",
    "(attributes:a",
    "attributes:a)",
    "()",
    " ",
    f"attributes:{'x' * 246}",
]


@pytest.mark.parametrize(("expression", "matches"), MATCHES)
def test_filter_selects_by_attributes(expression: str, matches: bool) -> None:
    """A filter decides on the attributes alone, as Google documents it."""
    assert matches == parse_filter(expression)(HEAL)


@pytest.mark.parametrize("expression", INVALID)
def test_what_is_not_a_filter_is_refused(expression: str) -> None:
    """An expression outside the language raises; it never means something by accident."""
    with pytest.raises(InvalidFilterError):
        parse_filter(expression)
