"""Who the operator is to Google."""

from __future__ import annotations

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request

from mixpanel_export.errors import Setup

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def signed_in() -> str:
    """The account that Google's clients use here, as far as it tells.

    Raises:
        Setup: there are no credentials, or they are refused.
    """
    try:
        credentials, _project = google.auth.default(scopes=_SCOPES)
        credentials.refresh(Request())
    except GoogleAuthError as error:
        raise Setup(f"Google does not know you ({type(error).__name__})") from None
    return str(getattr(credentials, "service_account_email", "") or "your own account")
