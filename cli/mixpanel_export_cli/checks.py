"""What `doctor` looks at, apart from how each outside system is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from mixpanel_export.allowed import PROJECT_SECRETS_END
from mixpanel_export.errors import Setup
from mixpanel_export.intervals import HOUR
from mixpanel_export.plans import Plan
from mixpanel_export.reconciling import Policy
from mixpanel_export.settings import Credentials, FetcherSettings
from mixpanel_export_cli.deployment import CREDENTIALS, Deployment
from mixpanel_export_cli.findings import Finding
from mixpanel_export_cli.times import lasting, shown
from mixpanel_export_cli.zones import Stamp, zone_finding

_MOST_SKEW = timedelta(seconds=30)
_CORRECT = "correct the variable in Terraform, and apply"


class Granted(Protocol):
    """Asks an outside system what the operator may do."""

    def __call__(self, permissions: Sequence[str], /) -> Sequence[str]:
        """Those of the permissions that the operator has."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something in Google Cloud, and what the tool needs to do with it.

    `without` is what does not work otherwise, if that is not the tool as a whole.
    """

    subject: str
    permissions: tuple[str, ...]
    role: str
    granted: Granted
    without: str = ""

    def look(self) -> Iterator[Finding]:
        """Whether the operator may do it."""
        missing = set(self.permissions) - set(self.granted(self.permissions))
        if missing:
            consequence = f", so {self.without} will not work" if self.without else ""
            yield Finding(
                "warning" if self.without else "problem",
                self.subject,
                f"does not exist, or {', '.join(sorted(missing))} is not granted to you"
                f"{consequence}",
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


def place_finding(deployment: Deployment) -> Finding:
    """What Google's clients reach."""
    kind = "emulators on this machine" if deployment.emulators else "Google Cloud"
    return Finding("ok", "place", f"{kind}, {deployment.place}")


def longest_silence(policy: Policy) -> timedelta:
    """How long a planner that works may go without a plan: a few of the shortest intervals.

    It leaves a plan whenever there is something to ask for, and each interval is that once.
    """
    return max(HOUR, 3 * min(policy.lengths.values())) + policy.settle


def planner_finding(
    plans: Sequence[Plan], silence: timedelta, now: datetime, planner_url: str
) -> Finding:
    """Whether the planner plans, as far as these plans tell."""
    newest = max((plan.made_at for plan in plans), default=None)
    if newest is not None and now - newest <= silence:
        return Finding("ok", "planner", f"made its newest plan at {shown(newest)}")
    since = f"since {shown(newest)}" if newest else f"for more than {lasting(silence)}"
    return Finding(
        "warning",
        "planner",
        f"has not planned {since}, although intervals have settled",
        f"look at its log, and whether Cloud Scheduler calls {planner_url}",
    )


def secret_findings(credentials: Credentials, today: date) -> Iterator[Finding]:
    """Whether the credentials of Mixpanel will last."""
    if not credentials.is_project_secret:
        yield Finding("ok", "kind of credentials", "a service account")
        return
    is_over = today >= PROJECT_SECRETS_END
    yield Finding(
        "problem" if is_over else "warning",
        "kind of credentials",
        f"a project secret, which Mixpanel retires on {PROJECT_SECRETS_END}",
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
