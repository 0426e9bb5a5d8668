"""Topic `landed-objects` pushes here; each new object is appended to its BigQuery table."""

from __future__ import annotations

import functools
import os

import flask
import functions_framework

from mixpanel_export.clock import SystemClock
from mixpanel_export.delivery import Answer, Service, answer_push
from mixpanel_export.loading import Loader
from mixpanel_export.publisher import Topic
from mixpanel_export.settings import LoaderSettings
from mixpanel_export.telemetry import log
from mixpanel_export.warehouse import RawDataset


@functools.cache
def service() -> Service:
    """The loader of this instance, made at its first message."""
    settings = LoaderSettings.from_env(os.environ)
    loader = Loader(
        RawDataset.connect(settings.project_id, settings.dataset, settings.location),
        settings.bucket,
        settings.environment,
        SystemClock(),
        log,
    )
    dead_letters = Topic.connect(settings.project_id, settings.dead_letter_topic)
    return Service(loader.handle, dead_letters)


@functions_framework.http
def load(request: flask.Request) -> Answer:
    """Load the object that the pushed notification names."""
    return answer_push(request.get_data(), service, log)
