"""From the text of a segmentation expression to its tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from local.mixpanel.where.semantics import ExpressionError

_TOKEN = re.compile(
    r"""
    (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<symbol>[=!<>]=|[-+*/%<>()\[\],])
    """,
    re.VERBOSE | re.DOTALL,
)
# Mixpanel's own scripts write AND and OR in capitals.
_KEYWORDS = {
    spelling: word for word in ("and", "or", "not", "in") for spelling in (word, word.upper())
}

Kind = Literal["string", "number", "name", "symbol", "end"]


class Token(NamedTuple):
    """One word of an expression; keywords are symbols, in lower case; strings are unquoted."""

    kind: Kind
    text: str
    position: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, ended by one of kind `end`.

    Raises:
        ExpressionError: the text has a character that begins no token.
    """
    position = _after_blanks(text, 0)
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"unexpected {text[position]!r} at character {position}")
        yield _token(match)
        position = _after_blanks(text, match.end())
    yield Token("end", "", position)


def _after_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _token(match: re.Match[str]) -> Token:
    text, position = match[0], match.start()
    if match["string"] is not None:
        return Token("string", re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL), position)
    if match["number"] is not None:
        return Token("number", text, position)
    if text in _KEYWORDS:
        return Token("symbol", _KEYWORDS[text], position)
    return Token("name" if match["name"] is not None else "symbol", text, position)
