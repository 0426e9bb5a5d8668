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
from mixpanel_export.settings import PlannerSettings
from mixpanel_export.storage import ExportBucket
from mixpanel_export.telemetry import log


@functools.cache
def planner() -> Planner:
    """The planner of this instance, made at its first tick."""
    settings = PlannerSettings.from_env(os.environ)
    project_id = settings.project_id
    return Planner(
        bucket=ExportBucket.connect(project_id, settings.bucket),
        requests=Topic.connect(project_id, settings.request_topic),
        interval=settings.interval,
        settle=settings.settle,
        horizon=settings.horizon,
        max_requests=settings.max_requests_per_tick,
        clock=SystemClock(),
        log=log,
    )


@functions_framework.http
def plan(request: flask.Request) -> Answer:
    """Plan one tick, at the time it was scheduled for."""
    header = request.headers.get("X-CloudScheduler-ScheduleTime")
    return answer(lambda: planner().tick(scheduled_at(header, SystemClock())), log)
