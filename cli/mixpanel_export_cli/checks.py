"""What `doctor` looks at, apart from how each outside system is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import HOUR, Interval, aligned
from mixpanel_export.settings import Credentials, FetcherSettings
from mixpanel_export_cli.deployment import CREDENTIALS, Deployment
from mixpanel_export_cli.findings import Finding
from mixpanel_export_cli.zones import Stamp, zone_finding

# docs.mixpanel.com/reference/project-secret
_SECRETS_END = date(2027, 3, 3)
_MOST_SKEW = timedelta(seconds=30)
_EMULATORS = ("BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")
_CORRECT = "correct the variable in Terraform, and apply"


class Granted(Protocol):
    """Asks an outside system what the operator may do."""

    def __call__(self, permissions: Sequence[str], /) -> Sequence[str]:
        """Those of the permissions that the operator has."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something in Google Cloud, and what the tool needs to do with it."""

    subject: str
    permissions: tuple[str, ...]
    role: str
    granted: Granted

    def look(self) -> Iterator[Finding]:
        """Whether the operator may do it."""
        missing = set(self.permissions) - set(self.granted(self.permissions))
        if missing:
            yield Finding(
                "problem",
                self.subject,
                f"does not exist, or {', '.join(sorted(missing))} is not granted to you",
                f"compare the name with what Terraform applied, and grant yourself {self.role}",
            )
        else:
            yield Finding("ok", self.subject, "is there, and you may use it")


def settings_findings(deployment: Deployment, credentials: str | None) -> Iterator[Finding]:
    """Whether each function can read its environment."""
    functions: dict[str, Callable[[], object]] = {
        "planner": lambda: deployment.planner,
        "fetcher": lambda: deployment.fetcher(credentials),
        "loader": lambda: deployment.loader,
    }
    for name, read in functions.items():
        subject = f"settings of the {name}"
        try:
            read()
        except Setup as error:
            yield Finding("problem", subject, str(error), _CORRECT)
        else:
            yield Finding("ok", subject, "are complete")


def agreement_findings(deployment: Deployment) -> Iterator[Finding]:
    """Whether the functions speak of one project, one bucket and one place."""
    planner, fetcher, loader = deployment.planner, deployment.fetcher(), deployment.loader
    named = {
        "GCP_PROJECT_ID": {planner.project_id, fetcher.project_id, loader.project_id},
        "EXPORT_BUCKET": {planner.bucket, fetcher.bucket, loader.bucket},
        "BIGQUERY_LOCATION": {planner.location, loader.location},
        "DEAD_LETTER_TOPIC": {fetcher.dead_letter_topic, loader.dead_letter_topic},
        "SWEEP_DAYS": {str(planner.sweep_days), str(fetcher.sweep_days)},
    }
    for name, values in named.items():
        if len(values) > 1:
            said = f"{name} differs between the functions: {', '.join(sorted(values))}"
            yield Finding("problem", "settings together", said, "give all functions one value")
    if all(len(values) == 1 for values in named.values()):
        yield Finding("ok", "settings together", "agree")


def reach_findings(deployment: Deployment, env: Mapping[str, str]) -> Iterator[Finding]:
    """Whether Google's clients reach the deployment, and not an emulator in its place."""
    said = ", ".join(sorted(name for name in _EMULATORS if env.get(name)))
    if deployment.emulators:
        yield Finding("ok", "place", "emulators on this machine")
    elif said:
        todo = f"unset {said}, or choose the local stack with --local"
        yield Finding("problem", "place", f"{said} is set: you reach an emulator", todo)
    else:
        yield Finding("ok", "place", "Google Cloud")


def secret_findings(credentials: Credentials, today: date) -> Iterator[Finding]:
    """Whether the credentials of Mixpanel will last."""
    if not credentials.is_project_secret:
        yield Finding("ok", "kind of credentials", "a service account")
        return
    is_over = today >= _SECRETS_END
    yield Finding(
        "problem" if is_over else "warning",
        "kind of credentials",
        f"a project secret, which Mixpanel retires on {_SECRETS_END}",
        "create a service account in Mixpanel and store its username:secret instead",
    )


def sample_findings(
    settings: FetcherSettings, stamps: Sequence[Stamp], clock_ahead: timedelta | None
) -> Iterator[Finding]:
    """What one answer of Mixpanel tells."""
    yield Finding("ok", "Mixpanel", f"answers project {settings.mixpanel_project_id}")
    yield zone_finding(stamps, settings.project_timezone)
    if clock_ahead is None:
        return
    seconds = clock_ahead.total_seconds()
    if abs(clock_ahead) > _MOST_SKEW:
        said = f"is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} Mixpanel's"
        yield Finding("warning", "clock of this machine", said, "set it by a time server")
    else:
        yield Finding("ok", "clock of this machine", "agrees with Mixpanel's")


def skipped() -> Iterable[Finding]:
    """What is said in place of asking Mixpanel without credentials."""
    todo = f"export {CREDENTIALS}=username:secret of a service account, and call again"
    yield Finding("warning", "Mixpanel", f"not asked: {CREDENTIALS} is not set", todo)


def newest_settled_hour(now: datetime, settle: timedelta) -> Interval:
    """The last whole hour whose rows Mixpanel shows by now."""
    end = aligned(now - settle, HOUR)
    return Interval(end - HOUR, end)
