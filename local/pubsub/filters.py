"""The filter language of subscriptions: expressions over a message's attributes.

    expression = factor { "AND" factor } | factor { "OR" factor }
    factor     = [ "NOT" | "-" ] ( "(" expression ")" | test )
    test       = "attributes" ":" key
               | "attributes" "." key ( "=" | "!=" ) string
               | "hasPrefix" "(" "attributes" "." key "," string ")"

NOT binds tightest. AND and OR have no order between them: Google wants parentheses where they
meet, so such a mix without them is refused here too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

Predicate = Callable[[Mapping[str, str]], bool]

MAX_BYTES = 256

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\\n]
            |\\(?:["'\\abfnrtv]|x[0-9a-fA-F]{2}|[0-7]{1,3}|u[0-9a-fA-F]{4}))*")
        |(?P<word>\w[\w-]*)
        |(?P<sign>!=|[=:.,()-])
    )""",
    re.VERBOSE | re.ASCII,
)


class InvalidFilterError(ValueError):
    """The expression is not in the filter language; the subscription must not be created."""


def parse_filter(expression: str) -> Predicate:
    """The test that a message's attributes must pass; the empty expression lets all through.

    Raises:
        InvalidFilterError: not in the language, or longer than 256 bytes.
    """
    if not expression:
        return lambda _attributes: True
    if len(expression.encode()) > MAX_BYTES:
        raise InvalidFilterError(f"the filter is longer than {MAX_BYTES} bytes")
    return _Parser(expression).parse()


class _Parser:
    """Recursive descent, one method per rule of the grammar above."""

    def __init__(self, expression: str) -> None:
        self._tokens = _tokenize(expression)
        self._next = 0

    def parse(self) -> Predicate:
        predicate = self._expression()
        if self._next < len(self._tokens):
            raise self._unexpected()
        return predicate

    def _expression(self) -> Predicate:
        factors = [self._factor()]
        operator = self._peek()
        if operator not in {"AND", "OR"}:
            return factors[0]
        while self._accept(operator):
            factors.append(self._factor())
        if operator == "AND":
            return lambda attributes: all(factor(attributes) for factor in factors)
        return lambda attributes: any(factor(attributes) for factor in factors)

    def _factor(self) -> Predicate:
        negated = self._accept("NOT") or self._accept("-")
        if self._accept("("):
            predicate = self._expression()
            self._expect(")")
        else:
            predicate = self._test()
        return (lambda attributes: not predicate(attributes)) if negated else predicate

    def _test(self) -> Predicate:
        if self._accept("hasPrefix"):
            return self._prefix_test()
        self._expect("attributes")
        if self._accept(":"):
            key = self._key()
            return lambda attributes: key in attributes
        return self._value_test()

    def _prefix_test(self) -> Predicate:
        self._expect("(")
        self._expect("attributes")
        self._expect(".")
        key = self._key()
        self._expect(",")
        prefix = self._string()
        self._expect(")")
        return lambda attributes: key in attributes and attributes[key].startswith(prefix)

    def _value_test(self) -> Predicate:
        self._expect(".")
        key = self._key()
        if self._accept("="):
            value = self._string()
            return lambda attributes: attributes.get(key) == value
        self._expect("!=")
        value = self._string()
        # An absent attribute differs from every value.
        return lambda attributes: attributes.get(key) != value

    def _key(self) -> str:
        token = self._peek()
        if re.fullmatch(r"\w[\w-]*", token, re.ASCII):
            self._next += 1
            return token
        return self._string()

    def _string(self) -> str:
        token = self._peek()
        if not token.startswith('"'):
            raise self._unexpected()
        self._next += 1
        return str(ast.literal_eval(token))

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _accept(self, token: str) -> bool:
        accepted = self._peek() == token
        self._next += accepted
        return accepted

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._unexpected()

    def _unexpected(self) -> InvalidFilterError:
        found = self._peek() or "the end"
        return InvalidFilterError(f"invalid filter: unexpected {found} at token {self._next + 1}")


def _tokenize(expression: str) -> list[str]:
    tokens = []
    text = expression.rstrip()
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidFilterError(f"invalid filter at character {position + 1}")
        tokens.append(match[0].strip())
        position = match.end()
    return tokens
