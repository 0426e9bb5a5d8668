"""The steps of a script: statements of SQL, and what the procedural language has around them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language. A `position`
counts the characters of the script before the step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

TransactionAction: TypeAlias = Literal["begin", "commit", "rollback"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of SQL, without its semicolon."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Declare:
    """`DECLARE names [type] [DEFAULT expression]`: without a type, that of the expression."""

    names: tuple[str, ...]
    type: str | None
    default: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Set:
    """`SET name = expression`."""

    name: str
    expression: str
    position: int


@dataclass(frozen=True, slots=True)
class For:
    """`FOR row IN (query) DO ... END FOR`: in it, `row` is a STRUCT of the query's columns."""

    row: str
    query: str
    body: tuple[Step, ...]
    position: int


@dataclass(frozen=True, slots=True)
class If:
    """`IF condition THEN ... [ELSE ...] END IF`."""

    condition: str
    body: tuple[Step, ...]
    otherwise: tuple[Step, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """`BEGIN`, `COMMIT` or `ROLLBACK`, each with or without the word TRANSACTION."""

    action: TransactionAction
    position: int


@dataclass(frozen=True, slots=True)
class Assert:
    """`ASSERT condition [AS 'description']`."""

    condition: str
    description: str | None
    position: int


Step: TypeAlias = Statement | Declare | Set | For | If | Transaction | Assert


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """All steps in the order of the text, those inside of others right after them."""
    for step in steps:
        yield step
        if isinstance(step, For):
            yield from walk(step.body)
        elif isinstance(step, If):
            yield from walk(step.body)
            yield from walk(step.otherwise)
