"""The `where` parameter, with Mixpanel's answers to what it cannot evaluate."""

from __future__ import annotations

from typing import TypeVar

from local.mixpanel.answers import ApiError
from local.mixpanel.calls import Call
from local.mixpanel.where import (
    Condition,
    ExpressionError,
    Record,
    UnsupportedExpressionError,
    condition,
)

AnyRecord = TypeVar("AnyRecord", bound=Record)


def parse_where(call: Call) -> Condition | None:
    """The condition of this call, or None if it sets none.

    Raises:
        ApiError: 400 if it is not an expression, 501 if its meaning is not documented.
    """
    text = call.parameters.get("where")
    if not text:
        return None
    try:
        return condition(text)
    except ExpressionError as error:
        raise ApiError(400, f"where: {error}") from error
    except UnsupportedExpressionError as error:
        raise ApiError(501, f"not emulated: {error}") from error


def filtered(records: list[AnyRecord], where: Condition) -> list[AnyRecord]:
    """The records that match.

    Raises:
        ApiError: the condition has no truth value for one of them.
    """
    try:
        return [record for record in records if where(record)]
    except ExpressionError as error:
        raise ApiError(400, f"where: {error}") from error
