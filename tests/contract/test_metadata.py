"""Google's own client signs in at the metadata server, as often as it likes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from google.auth.compute_engine import Credentials
from google.auth.transport.requests import Request

from local.metadata import MetadataServer

_HOST = "metadata.google.internal"


class Rerouted:
    """A transport of Google's that finds the metadata server at another address."""

    def __init__(self, session: requests.Session, address: str) -> None:
        self._request, self._address = Request(session), address

    def __call__(self, url: str, **details: Any) -> Any:
        return self._request(url.replace(_HOST, self._address), **details)


@pytest.fixture(name="transport")
def _transport() -> Iterator[Rerouted]:
    with MetadataServer() as server, requests.Session() as session:
        yield Rerouted(session, server.environment["GCE_METADATA_HOST"])


def test_signing_in_again(transport: Rerouted) -> None:
    """The client gets a token, and another when that has expired or two threads ask at once.

    It asks for the account as `default` at first, and by its e-mail from then on.
    """
    credentials = Credentials()
    asked_as = []
    for _ in range(2):
        asked_as.append(credentials.service_account_email)
        credentials.token = None
        credentials.refresh(transport)
        assert credentials.valid

    assert ["default", "local"] == asked_as
