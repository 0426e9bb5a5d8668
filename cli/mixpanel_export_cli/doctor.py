"""`mixpanel-export doctor`: what is wrong, and what helps."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from mixpanel_export.plans import Plans
from mixpanel_export.reconciling import MEMORY, Policy
from mixpanel_export.settings import PlannerSettings
from mixpanel_export.warehouse import Ledger
from mixpanel_export_cli import checks, probe, subscriber
from mixpanel_export_cli.checks import Resource
from mixpanel_export_cli.deployment import CREDENTIALS, Deployment
from mixpanel_export_cli.findings import Check, Finding, examine, is_well
from mixpanel_export_cli.identity import signed_in
from mixpanel_export_cli.operators_bucket import OperatorsBucket
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.zones import stamps

_STYLES = {"ok": "green", "warning": "yellow", "problem": "red"}
_APPLY = "apply Terraform, and compare the names with its outputs"


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Look for what is wrong; costs one export request if MIXPANEL_CREDENTIALS is set."""
    session = Session.of(context)
    findings = []
    for finding in examine(_checks(session)):
        findings.append(finding)
        if not as_json:
            _show(session, finding)
    if as_json:
        session.show_json([finding.as_json() for finding in findings])
    if not is_well(findings):
        raise typer.Exit(1)


def _checks(session: Session) -> Iterator[Check]:
    deployment = session.deployment
    credentials = os.environ.get(CREDENTIALS)
    settings = list(checks.settings_findings(deployment, credentials))
    yield Check("settings", lambda: settings, "")
    yield Check("place", lambda: [checks.place_finding(deployment)], "")
    yield Check("Google credentials", _signed_in, "run `gcloud auth application-default login`")
    if not is_well(settings):
        return
    yield Check("settings together", partial(checks.agreement_findings, deployment), "")
    for resource in _resources(deployment):
        yield Check(resource.subject, resource.look, _APPLY)
    ledger = partial(_ledger, session)
    yield Check("view of loads", ledger, f"{_APPLY}; grant yourself roles/bigquery.dataViewer")
    yield Check("planner", partial(_planner, session), _APPLY)
    if credentials:
        fetcher = deployment.fetcher(credentials)
        today = session.clock.now().date()
        secret = partial(checks.secret_findings, fetcher.credentials, today)
        yield Check("kind of credentials", secret, "")
        todo = "mend what Mixpanel complains about; the fetcher's own credentials may differ"
        yield Check("Mixpanel", partial(_sample, session, credentials), todo)
    else:
        yield Check("Mixpanel", checks.skipped, "")


def _signed_in() -> Iterable[Finding]:
    yield Finding("ok", "Google credentials", f"{signed_in()} is signed in")


def _resources(deployment: Deployment) -> Iterator[Resource]:
    """What the tool uses, with the least that it needs."""
    planner, fetcher = deployment.planner, deployment.fetcher()
    project = f"projects/{planner.project_id}"
    yield Resource(
        f"bucket {planner.bucket}",
        ("storage.objects.get", "storage.objects.list"),
        "roles/storage.objectViewer",
        partial(_granted_on_bucket, planner),
    )
    yield Resource(
        "wishes in the bucket",
        ("storage.objects.create", "storage.objects.delete"),
        "roles/storage.objectUser",
        partial(_granted_on_bucket, planner),
        without="backfill",
    )
    for topic, verb, role in (
        (planner.request_topic, "publish", "publisher"),
        (planner.landed_topic, "publish", "publisher"),
        (fetcher.dead_letter_topic, "get", "viewer"),
    ):
        yield Resource(
            f"topic {topic}",
            (f"pubsub.topics.{verb}",),
            f"roles/pubsub.{role}",
            partial(subscriber.granted, f"{project}/topics/{topic}"),
        )
    yield Resource(
        f"subscription {deployment.dead_letter_subscription}",
        ("pubsub.subscriptions.consume",),
        "roles/pubsub.subscriber",
        partial(
            subscriber.granted, f"{project}/subscriptions/{deployment.dead_letter_subscription}"
        ),
    )


def _granted_on_bucket(planner: PlannerSettings, permissions: Sequence[str]) -> list[str]:
    return OperatorsBucket.connect(planner.project_id, planner.bucket).granted(permissions)


def _ledger(session: Session) -> Iterable[Finding]:
    """A real query: it reads one partition, and only what was loaded for the future."""
    planner = session.deployment.planner
    ledger = Ledger.connect(planner.project_id, planner.dataset, planner.location)
    ledger.loaded(session.clock.now())
    yield Finding("ok", f"view {planner.dataset}.loads", "can be queried")


def _planner(session: Session) -> Iterable[Finding]:
    deployment, now = session.deployment, session.clock.now()
    planner = deployment.planner
    bucket = OperatorsBucket.connect(planner.project_id, planner.bucket)
    silence = checks.longest_silence(Policy.of(planner))
    plans, _ = Plans(bucket).around(now, max(silence, MEMORY))
    yield checks.planner_finding(plans, silence, now, deployment.planner_url)


def _sample(session: Session, credentials: str) -> Iterator[Finding]:
    settings = session.deployment.fetcher(credentials)
    session.say("asking Mixpanel for one export: it costs 1 of the 60 requests of this hour")
    hour = probe.newest_hour(session.clock.now(), session.deployment.planner.settle)
    sample = probe.sample(settings, hour, session.clock)
    yield from checks.sample_findings(settings, stamps(sample.events), sample.clock_ahead)


def _show(session: Session, finding: Finding) -> None:
    level = Text(f"{finding.level:8}", style=_STYLES[finding.level])
    session.out.print(level + Text(f"{finding.subject}: {finding.said}"), soft_wrap=True)
    if finding.level != "ok" and finding.todo:
        session.out.print(Text(f"         -> {finding.todo}"), soft_wrap=True)
