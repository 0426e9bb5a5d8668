"""The simulator as tests and the local stack hold it in their hands."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Final, Self

from local.clock import Clock
from local.faults import Faults
from local.http import App, Json, Response, Server
from local.mixpanel import admin
from local.mixpanel.api import Api
from local.mixpanel.calls import FAULT_KINDS, Journal
from local.mixpanel.limiter import Limiter
from local.mixpanel.projects import Project
from local.mixpanel.settings import Settings

_DEFAULT_ACCOUNTS: Final = {"user": "secret"}


class MixpanelSimulator:
    """Mixpanel on a loopback port.

    `calendar` decides what today is and which events are visible, `limiter` drives the quotas;
    both follow `clock`, or real time without one, until they are set apart. `faults`, `settings`
    and the methods are also served under `/_admin/`. Times passed in are aware datetimes.
    """

    def __init__(
        self, port: int = 0, settings: Settings | None = None, clock: Clock | None = None
    ) -> None:
        self.settings = settings or Settings()
        self.calendar = Clock(follows=clock)
        self.limiter = Clock(follows=clock)
        self.faults = Faults(FAULT_KINDS)
        self._projects: dict[int, Project] = {}
        self._journal = Journal()
        self._quotas = Limiter(self.limiter, self.settings)
        app = App(on_error=_on_error)
        self.faults.install(app)
        admin.install(app, self)
        Api(
            projects=self._projects,
            settings=self.settings,
            calendar=self.calendar,
            limiter=self._quotas,
            faults=self.faults,
            journal=self._journal,
        ).install(app)
        self._server = Server(app, port)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return self._server.url

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add_project(
        self,
        project_id: int,
        timezone: str = "America/New_York",
        created: str = "2020-01-01",
        service_accounts: dict[str, str] | None = None,
        api_secret: str = "api-secret",  # noqa: S107  (guards made-up data)
    ) -> None:
        """Open an empty project; without `service_accounts` it has `user` with `secret`."""
        accounts = _DEFAULT_ACCOUNTS if service_accounts is None else service_accounts
        self._projects[project_id] = Project(
            project_id, timezone, dt.date.fromisoformat(created), dict(accounts), api_secret
        )

    def load(
        self, project_id: int, lines: Iterable[str | bytes], visible_after_seconds: float = 0
    ) -> int:
        """Hold these wire lines as they are, duplicates too; how many there were.

        An event is visible once the calendar has reached its processing time plus its lag.
        """
        return self._projects[project_id].load(lines, visible_after_seconds)

    def ingest(
        self,
        project_id: int,
        event: str,
        event_time_utc: dt.datetime,
        processing_time_utc: dt.datetime,
        properties: dict[str, Json],
        *,
        visible_after_seconds: float = 0,
    ) -> None:
        """Hold an event that happened and was processed at these moments."""
        self._projects[project_id].ingest(
            event, event_time_utc, processing_time_utc, properties, visible_after_seconds
        )

    def events(self, project_id: int) -> list[Json]:
        """The wire objects held, visible or not, `time` as stored."""
        return [event.wire() for event in self._projects[project_id].events()]

    def remove(self, project_id: int, where: str) -> int:
        """Forget the events that match this expression; how many did."""
        return self._projects[project_id].remove(where)

    def update(self, project_id: int, where: str, distinct_id: str) -> int:
        """Give the events that match to another person, as a merge of identities does."""
        return self._projects[project_id].update(where, distinct_id)

    def load_profiles(self, project_id: int, profiles: Iterable[Json | str | bytes]) -> int:
        """Hold these profiles, wire lines or objects; one with a known id replaces the older."""
        return self._projects[project_id].people.load(profiles)

    def remove_profile(self, project_id: int, distinct_id: str) -> None:
        """Forget a profile, as Mixpanel does when it is deleted."""
        self._projects[project_id].people.remove(distinct_id)

    def profiles(self, project_id: int) -> list[Json]:
        return [profile.wire for profile in self._projects[project_id].people.profiles()]

    def requests(self) -> list[Json]:
        """Every API call so far: method, path, query, status, faults and bytes of the body."""
        return self._journal.as_json()

    def usage(self) -> Json:
        """How much of each quota is used: `{project: {family: {...}}}`."""
        return self._quotas.usage()


def _on_error(error: Exception) -> Response:
    mistaken = isinstance(error, ValueError | TypeError | LookupError | json.JSONDecodeError)
    return Response.json({"error": f"{type(error).__name__}: {error}"}, 400 if mistaken else 500)
