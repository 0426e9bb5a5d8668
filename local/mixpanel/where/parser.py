"""From a segmentation expression to a function that evaluates it.

From loose to tight: or, and, not, comparisons and `in`, sums, products, unary minus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from local.mixpanel.where.lexer import Token, tokens
from local.mixpanel.where.semantics import (
    COMPARISONS,
    FUNCTIONS,
    LOGICAL_AND,
    LOGICAL_OR,
    PRODUCTS,
    SUMS,
    ExpressionError,
    Record,
    UnsupportedExpressionError,
    Value,
    logical_not,
    negate,
    truth,
)

Expression = Callable[[Record], Value]
Condition = Callable[[Record], bool]
Operator = Callable[[Value, Value], Value]

_LEVELS: Final = (LOGICAL_OR, LOGICAL_AND, COMPARISONS, SUMS, PRODUCTS)
_NOT_LEVEL: Final = _LEVELS.index(COMPARISONS)
_SOURCES: Final = ("properties", "user", "event")
_BOOLEANS: Final = {"true": True, "false": False}
_UNDOCUMENTED: Final = ("any", "has_prefix")


def parse(text: str) -> Expression:
    """The function that computes this expression for a record.

    Raises:
        ExpressionError: the text is not an expression.
        UnsupportedExpressionError: it uses what Mixpanel has, but does not document.
    """
    parser = _Parser(text)
    expression = parser.level(0)
    parser.expect("end", "")
    return expression


def condition(text: str) -> Condition:
    """The function that says whether a record matches; undefined is no match.

    The function raises `ExpressionError` when the expression's value is of another type.
    """
    expression = parse(text)
    return lambda record: truth(expression(record))


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _accept(self, symbol: str) -> bool:
        found = self._token.kind == "symbol" and self._token.text == symbol
        self._next += found
        return found

    def expect(self, kind: str, text: str) -> None:
        if (self._token.kind, self._token.text) != (kind, text):
            raise _unexpected(self._token)
        self._next += 1

    def level(self, depth: int) -> Expression:
        """Everything that binds at least as tightly as the operators of this level."""
        if depth == len(_LEVELS):
            return self._unary()
        if depth == _NOT_LEVEL and self._accept("not"):
            operand = self.level(depth)
            return lambda record: logical_not(operand(record))
        left = self.level(depth + 1)
        while self._token.kind == "symbol" and self._token.text in _LEVELS[depth]:
            operator = _LEVELS[depth][self._take().text]
            left = _binary(operator, left, self.level(depth + 1))
        return left

    def _unary(self) -> Expression:
        if self._accept("-"):
            operand = self._unary()
            return lambda record: negate(operand(record))
        return self._primary()

    def _primary(self) -> Expression:
        token = self._take()
        match token.kind:
            case "string":
                return _literal(token.text)
            case "number":
                return _literal(int(token.text) if token.text.isdigit() else float(token.text))
            case "name":
                return self._named(token)
            case _:
                return self._enclosed(token)

    def _enclosed(self, token: Token) -> Expression:
        if token.text == "(":
            inner = self.level(0)
            self.expect("symbol", ")")
            return inner
        if token.text == "[":
            items = self._items("]")
            return lambda record: [item(record) for item in items]
        raise _unexpected(token)

    def _named(self, token: Token) -> Expression:
        if token.text in _BOOLEANS:
            return _literal(_BOOLEANS[token.text])
        if token.text in _SOURCES:
            return self._subscript(token.text)
        if token.text in _UNDOCUMENTED:
            raise UnsupportedExpressionError(f"{token.text}()")
        if token.text in FUNCTIONS:
            return self._call(token.text)
        raise _unexpected(token)

    def _subscript(self, source: str) -> Expression:
        self.expect("symbol", "[")
        if self._token.kind != "string":
            raise _unexpected(self._token)
        name = self._take().text
        self.expect("symbol", "]")
        if source == "event" and name != "$time":
            raise UnsupportedExpressionError(f'event["{name}"]')
        return lambda record: record.value(source, name)

    def _call(self, name: str) -> Expression:
        counts, apply = FUNCTIONS[name]
        self.expect("symbol", "(")
        arguments = self._items(")")
        if len(arguments) not in counts:
            raise ExpressionError(f"{name}() does not take {len(arguments)} arguments")
        return lambda record: apply(*(argument(record) for argument in arguments))

    def _items(self, closing: str) -> list[Expression]:
        items: list[Expression] = []
        while not self._accept(closing):
            if items:
                self.expect("symbol", ",")
            items.append(self.level(0))
        return items


def _unexpected(token: Token) -> ExpressionError:
    found = repr(token.text) if token.kind != "end" else "end"
    return ExpressionError(f"syntax error: unexpected {found} at character {token.position}")


def _literal(value: Value) -> Expression:
    return lambda _record: value


def _binary(operator: Operator, left: Expression, right: Expression) -> Expression:
    return lambda record: operator(left(record), right(record))
