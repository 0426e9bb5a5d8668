"""Segmentation expressions: the language of Mixpanel's `where` parameter."""

from __future__ import annotations

from local.mixpanel.where.parser import Condition, condition, parse
from local.mixpanel.where.semantics import (
    UNDEFINED,
    ExpressionError,
    Record,
    UnsupportedExpressionError,
)

__all__ = [
    "UNDEFINED",
    "Condition",
    "ExpressionError",
    "Record",
    "UnsupportedExpressionError",
    "condition",
    "parse",
]
