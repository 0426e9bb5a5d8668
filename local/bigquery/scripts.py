"""Scripts, cut into steps: pure text work on the tokens of sqlglot, which knows comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import sqlglot
from sqlglot import Token, TokenType

from local.bigquery.errors import ApiError, invalid_query, not_emulated
from local.bigquery.script_steps import (
    Assert,
    Declare,
    For,
    If,
    Set,
    Statement,
    Step,
    Transaction,
    TransactionAction,
    walk,
)

_DEPTH = {
    TokenType.L_PAREN: 1,
    TokenType.L_BRACKET: 1,
    TokenType.CASE: 1,
    TokenType.R_PAREN: -1,
    TokenType.R_BRACKET: -1,
    TokenType.END: -1,
}
_ACTIONS: dict[str, TransactionAction] = {
    "BEGIN": "begin",
    "BEGIN TRANSACTION": "begin",
    "COMMIT": "commit",
    "ROLLBACK": "rollback",
}
_BEYOND = frozenset(
    {"BREAK", "CALL", "CONTINUE", "ELSEIF", "EXCEPTION", "EXECUTE", "ITERATE", "LEAVE", "LOOP"}
    | {"RAISE", "REPEAT", "RETURN", "WHILE"}
)
AnyStep = TypeVar("AnyStep", bound=Step)


def statements(text: str) -> tuple[Step, ...]:
    """The steps of a script in their order; of one statement, one step.

    Raises:
        ApiError: `invalidQuery` for a syntax error, 501 for what is not emulated, such as loops
            other than FOR, blocks, exceptions and ELSEIF.
    """
    try:
        tokens = sqlglot.tokenize(text, read="bigquery")
    except sqlglot.errors.SqlglotError as error:
        raise invalid_query(f"Syntax error: {str(error).splitlines()[0]}") from error
    steps = _Reader(text, tokens).script()
    declared = [isinstance(step, Declare) for step in steps]
    if declared != sorted(declared, reverse=True):
        raise invalid_query("Variable declarations are allowed only at the start of a script")
    return steps


def expressions(steps: tuple[Step, ...]) -> Iterator[str]:
    """All statements of SQL in a script, and its conditions and values as queries for them."""
    for step in walk(steps):
        match step:
            case Statement():
                yield step.text
            case Declare():
                yield f"SELECT {step.default or 'NULL'}"
            case Set():
                yield f"SELECT {step.expression}"
            case If() | Assert():
                yield f"SELECT {step.condition}"
            case For():
                yield step.query


class _Reader:
    """Reads steps from the first token to the last."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0
        self._readers: dict[str, Callable[[int], Step]] = {
            "ASSERT": self._assert,
            "DECLARE": self._declare,
            "FOR": self._for,
            "IF": self._if,
            "SET": self._set,
        }

    def script(self) -> tuple[Step, ...]:
        steps = self._block()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return steps

    # Steps

    def _block(self) -> tuple[Step, ...]:
        """The steps up to END or ELSE, which is not read, or up to the end of the text."""
        steps: list[Step] = []
        while (word := self._word()) not in {"", "ELSE", "END"}:
            if word == ";":
                self._at += 1
            else:
                steps.append(self._step(word))
        return tuple(steps)

    def _step(self, word: str) -> Step:
        position = self._tokens[self._at].start
        if word in _BEYOND:
            raise not_emulated(f"{word} in scripts")
        if reader := self._readers.get(word):
            self._at += 1
            return reader(position)
        if action := _ACTIONS.get(word):
            return self._transaction(action, position)
        return self._ended(Statement(self._until(), position))

    def _declare(self, position: int) -> Declare:
        names = [self._name()]
        while self._word() == ",":
            self._at += 1
            names.append(self._name())
        kind = self._until("DEFAULT") or None
        default = self._after("DEFAULT") if self._word() == "DEFAULT" else None
        if not (kind or default):
            raise self._unexpected()
        return self._ended(Declare(tuple(names), kind, default, position))

    def _set(self, position: int) -> Set:
        if self._word() in {"(", "@@"}:
            raise not_emulated("SET of system variables or of several variables at once")
        return self._ended(Set(self._name(), self._after("="), position))

    def _for(self, position: int) -> For:
        row = self._name()
        self._take("IN")
        if self._word() != "(":
            raise self._unexpected()
        query = self._until("DO")
        self._take("DO")
        body = self._block()
        self._take("END")
        self._take("FOR")
        return self._ended(For(row, query, body, position))

    def _if(self, position: int) -> If:
        condition = self._until("THEN")
        self._take("THEN")
        body = self._block()
        otherwise: tuple[Step, ...] = ()
        if self._word() == "ELSE":
            self._at += 1
            otherwise = self._block()
        self._take("END")
        self._take("IF")
        return self._ended(If(condition, body, otherwise, position))

    def _assert(self, position: int) -> Assert:
        condition, description = self._until("AS"), None
        if self._word() == "AS":
            self._at += 1
            description = self._name()
        return self._ended(Assert(condition, description, position))

    def _transaction(self, action: TransactionAction, position: int) -> Transaction:
        self._at += 1
        if self._word() == "TRANSACTION":
            self._at += 1
        elif action == "begin" and self._word() not in {"", ";"}:
            raise not_emulated("blocks of BEGIN and END in scripts")
        return self._ended(Transaction(action, position))

    # Tokens

    def _word(self) -> str:
        """The next token in upper case, blanks folded; nothing at the end."""
        if self._at == len(self._tokens):
            return ""
        token = self._tokens[self._at]
        quoted = token.token_type in {TokenType.STRING, TokenType.IDENTIFIER}
        return "'" if quoted else " ".join(token.text.upper().split())

    def _name(self) -> str:
        if self._at == len(self._tokens):
            raise self._unexpected()
        self._at += 1
        return str(self._tokens[self._at - 1].text)

    def _take(self, word: str) -> None:
        if self._word() != word:
            raise self._unexpected()
        self._at += 1

    def _after(self, word: str) -> str:
        """What stands between a word and the end of the step."""
        self._take(word)
        text = self._until()
        if not text:
            raise self._unexpected()
        return text

    def _until(self, *ends: str) -> str:
        """The text up to a semicolon or one of the words, outside of brackets and CASE."""
        first, depth = self._at, 0
        while (word := self._word()) and (depth or word not in {";", *ends}):
            depth += _DEPTH.get(self._tokens[self._at].token_type, 0)
            self._at += 1
        if first == self._at:
            return ""
        return self._text[self._tokens[first].start : self._tokens[self._at - 1].end + 1]

    def _ended(self, step: AnyStep) -> AnyStep:
        if self._word() not in {"", ";"}:
            raise self._unexpected()
        return step

    def _unexpected(self) -> ApiError:
        if self._at == len(self._tokens):
            return invalid_query("Syntax error: Unexpected end of script")
        token = self._tokens[self._at]
        where = place(self._text, token.start)
        return invalid_query(f'Syntax error: Unexpected "{token.text}" at {where}')


def place(text: str, position: int) -> str:
    """A position in the text as BigQuery writes it: `[line:column]`, both from 1."""
    before = text[:position]
    return f"[{before.count(chr(10)) + 1}:{position - before.rfind(chr(10))}]"
