"""Calls of the macros in macros.sql."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlglot import exp

# What stands for nodes of a class of sqlglot.
Rewritings = dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]]

DEFINITIONS = Path(__file__).with_name("macros.sql")

_SCHEMA = "_emulator"


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of a macro."""
    function = exp.Anonymous(this=name, expressions=[each.copy() for each in arguments])
    return exp.Dot(this=exp.to_identifier(_SCHEMA), expression=function)


def strict(value: exp.Expr, converted: exp.Expr, message: str) -> exp.Expr:
    """The converted value, or an error if there is none."""
    made = call("strict", value, converted, exp.Literal.string(message))
    made.meta.update(converted.meta)
    return made


def fail(message: str) -> exp.Expr:
    """An error when it is evaluated."""
    return call("fail", exp.Literal.string(message))


def nullable(value: exp.Expr) -> exp.Expr:
    """The expression, marked as one that is NULL where the function of BigQuery would fail."""
    value.meta["nullable"] = True
    return value


def is_nullable(value: exp.Expr) -> bool:
    """Whether `SAFE.` before the function means nothing more."""
    return bool(value.meta.get("nullable"))
