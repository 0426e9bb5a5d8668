"""Who is calling: service accounts and project secrets in HTTP Basic."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator

from local.mixpanel.answers import ApiError
from local.mixpanel.projects import Project


class UnauthenticatedError(Exception):
    """No credentials, or none that this project knows."""


def authenticate(
    authorization: str | None, project_id: str | None, projects: Collection[Project]
) -> Project:
    """The project that the caller may read.

    Raises:
        UnauthenticatedError: the credentials are missing or wrong.
        ApiError: a service account did not say which project it means.
    """
    for user, secret in _credentials(authorization):
        for project in projects:
            named = project_id == str(project.project_id)
            is_secret = user == project.api_secret != "" and not secret
            if is_secret and (named or project_id is None):
                return project
            if secret and project.service_accounts.get(user) == secret:
                if project_id is None:
                    raise ApiError(400, "project_id is required with a service account")
                if named:
                    return project
    raise UnauthenticatedError


def _credentials(authorization: str | None) -> Iterator[tuple[str, str]]:
    """User and secret, decoded and, since Mixpanel takes that too, as they stand."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    for credential in (decoded, value):
        if credential:
            user, _, secret = credential.partition(":")
            yield user, secret
