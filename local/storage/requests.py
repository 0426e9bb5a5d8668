"""What the emulator is willing to read in a request; anything it does not know answers 501."""

from __future__ import annotations

import json
from collections.abc import Mapping

from local.http import Json, Request
from local.storage import errors

# Parameters without an effect here: no ACLs, no billing, one way to print JSON.
_EVERYWHERE = {"alt", "fields", "prettyPrint", "projection"}
_HEADERS_NOT_EMULATED = ("If-Match", "If-None-Match", "X-Goog-Encryption-Algorithm")


def require_known(request: Request, parameters: str) -> None:
    """Refuse parameters and headers whose meaning would otherwise be ignored in silence."""
    for name in request.query.keys() - _EVERYWHERE - set(parameters.split()):
        raise errors.not_emulated(f"the parameter {name} of {request.method} {request.path}")
    for name in _HEADERS_NOT_EMULATED:
        if name in request.headers:
            raise errors.not_emulated(f"the header {name}")


def require_absent(body: Mapping[str, Json], *fields: str) -> None:
    """Refuse fields whose meaning is not emulated, unless they ask for nothing."""
    for field in fields:
        if body.get(field):
            raise errors.not_emulated(f"the field {field}")


def json_object(body: bytes) -> dict[str, Json]:
    """A JSON object; an empty body is an empty one.

    Raises:
        StorageError: 400 for anything else.
    """
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise errors.StorageError(400, "parseError", "Parse Error") from error
    if not isinstance(value, dict):
        raise errors.StorageError(400, "parseError", "Parse Error")
    return value
