"""Topic `export-requests` pushes here; each message becomes one object in the bucket."""

from __future__ import annotations

import functools
import os

import flask
import functions_framework

from mixpanel_export.clock import SystemClock
from mixpanel_export.delivery import Answer, Service, answer_push
from mixpanel_export.fetching import Fetcher
from mixpanel_export.mixpanel import MixpanelExporter
from mixpanel_export.publisher import Topic
from mixpanel_export.queries import Project
from mixpanel_export.settings import FetcherSettings
from mixpanel_export.storage import ExportBucket
from mixpanel_export.telemetry import log


@functools.cache
def service() -> Service:
    """The fetcher of this instance, made at its first message."""
    settings = FetcherSettings.from_env(os.environ)
    project_id, clock = settings.project_id, SystemClock()
    fetcher = Fetcher(
        MixpanelExporter(settings.credentials, Project.of(settings), clock, log),
        ExportBucket.connect(project_id, settings.bucket),
        settings.project_timezone,
        clock,
        log,
    )
    dead_letters = Topic.connect(project_id, settings.dead_letter_topic)
    return Service(fetcher.handle, dead_letters)


@functions_framework.http
def fetch(request: flask.Request) -> Answer:
    """Land the interval that the pushed message asks for."""
    return answer_push(request.get_data(), service, log)
