"""Cloud Scheduler calls this every hour; it publishes a request for each missing interval."""

from __future__ import annotations

import functools
import os

import flask
import functions_framework

from mixpanel_export.clock import SystemClock
from mixpanel_export.delivery import Answer, answer, scheduled_at
from mixpanel_export.planning import Planner
from mixpanel_export.publisher import Topic
from mixpanel_export.reconciling import Policy
from mixpanel_export.settings import PlannerSettings
from mixpanel_export.storage import ExportBucket
from mixpanel_export.telemetry import log
from mixpanel_export.warehouse import Ledger


@functools.cache
def planner() -> Planner:
    """The planner of this instance, made at its first tick."""
    settings = PlannerSettings.from_env(os.environ)
    project_id = settings.project_id
    return Planner(
        bucket=ExportBucket.connect(project_id, settings.bucket),
        bucket_name=settings.bucket,
        ledger=Ledger.connect(project_id, settings.dataset, settings.location),
        requests=Topic.connect(project_id, settings.request_topic),
        landings=Topic.connect(project_id, settings.landed_topic),
        policy=Policy.of(settings),
        clock=SystemClock(),
        log=log,
    )


@functions_framework.http
def plan(request: flask.Request) -> Answer:
    """Plan one tick, at the time it was scheduled for."""
    header = request.headers.get("X-CloudScheduler-ScheduleTime")
    return answer(lambda: planner().tick(scheduled_at(header, SystemClock())), log)
