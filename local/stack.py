"""The whole pipeline on this machine: emulators here, functions in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local import resources
from local.bigquery import BigQueryEmulator
from local.bundles import FUNCTIONS
from local.calls import call_planner
from local.clock import Clock
from local.functions import FunctionProcess
from local.metadata import MetadataServer
from local.mixpanel import MixpanelSimulator
from local.pubsub import PubSubEmulator
from local.storage import StorageEmulator
from mixpanel_export.intervals import format_moment
from mixpanel_export.messages import ExportRequest
from mixpanel_export.publisher import Topic

MIXPANEL_PROJECT_ID = 1
MIXPANEL_USERNAME, MIXPANEL_SECRET = "exporter.1a2b3c.mp-service-account", "local-secret"
CREDENTIALS = f"{MIXPANEL_USERNAME}:{MIXPANEL_SECRET}"
PROJECT_TIMEZONE = "America/New_York"


class Stack:
    """Everything running, wired as Terraform wires it, in a directory of its own.

    `pace` shortens the minutes that Pub/Sub waits between deliveries; `settings` override the
    functions' environment. The emulators show the time of `clock`.
    """

    def __init__(
        self, directory: Path, *, pace: float = 0.005, settings: dict[str, str] | None = None
    ) -> None:
        self.directory, self._settings = directory, settings or {}
        self.warehouse = directory / "warehouse.duckdb"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.clock = Clock()
        self.pubsub = PubSubEmulator(time_scale=pace, clock=self.clock)
        self.storage = StorageEmulator(clock=self.clock)
        self.bigquery = BigQueryEmulator(database=str(self.warehouse), clock=self.clock)
        self.mixpanel = MixpanelSimulator(clock=self.clock)
        self.mixpanel.calendar.follow(None)  # The functions' own today is the real one.
        self._metadata = MetadataServer()
        self.functions: dict[str, FunctionProcess] = {}
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for emulator in (
                self.pubsub,
                self.storage,
                self.bigquery,
                self.mixpanel,
                self._metadata,
            ):
                stack.enter_context(emulator)
            stack.enter_context(_environment(self.environment))
            self._start_functions(stack)
            self.mixpanel.add_project(
                MIXPANEL_PROJECT_ID,
                timezone=PROJECT_TIMEZONE,
                service_accounts={MIXPANEL_USERNAME: MIXPANEL_SECRET},
            )
            resources.create_topics()
            resources.create_bucket()
            resources.create_datasets(self.function_environment)
            self._connect_functions()
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit.close()

    @property
    def environment(self) -> dict[str, str]:
        """What Google's clients need to find the emulators."""
        return {
            "PUBSUB_EMULATOR_HOST": self.pubsub.host,
            "STORAGE_EMULATOR_HOST": self.storage.url,
            "BIGQUERY_EMULATOR_HOST": self.bigquery.url,
            "GOOGLE_CLOUD_PROJECT": resources.PROJECT_ID,
        }

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        """What `terraform output -json` says of a deployment, and how to reach this one."""
        hidden = self.emulators.keys() | {"MIXPANEL_CREDENTIALS"}
        shown = {k: v for k, v in self.function_environment.items() if k not in hidden}
        functions = {f"{name}_environment": shown for name in FUNCTIONS}
        values = functions | {
            "dead_letter_subscription": resources.DEAD_LETTERS,
            "planner_url": self.functions["planner"].url,
            "emulators": self.emulators,
        }
        return {name: {"value": value} for name, value in values.items()}

    @property
    def emulators(self) -> dict[str, str]:
        """What Google's clients need to find the emulators, and credentials for them."""
        return self.environment | self._metadata.environment

    @property
    def function_environment(self) -> dict[str, str]:
        """What Terraform gives the functions, and where the emulators are."""
        return (
            self.emulators
            | {
                "GCP_PROJECT_ID": resources.PROJECT_ID,
                "EXPORT_BUCKET": resources.BUCKET,
                "BIGQUERY_LOCATION": resources.LOCATION,
                "EXPORT_SINCE": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}",
                "ENVIRONMENT": "local",
                "MIXPANEL_URL": self.mixpanel.url,
                "MIXPANEL_PROJECT_ID": str(MIXPANEL_PROJECT_ID),
                "MIXPANEL_CREDENTIALS": CREDENTIALS,
                "PROJECT_TIMEZONE": PROJECT_TIMEZONE,
                "LOG_EXECUTION_ID": "true",
            }
            | self._settings
        )

    def tick(self, at: datetime) -> None:
        """Call the planner as Cloud Scheduler does; it must answer 200."""
        call_planner(self.functions["planner"].url, format_moment(at))

    def publish(self, request: ExportRequest) -> None:
        """Ask for an interval, as an operator does by hand."""
        Topic.connect(resources.PROJECT_ID, resources.REQUESTS).publish([request])

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query in BigQuery's SQL."""
        client = bigquery.Client(resources.PROJECT_ID, AnonymousCredentials())
        return [dict(row) for row in client.query_and_wait(sql)]

    def wait_until_idle(self, seconds: float = 30.0) -> None:
        """Return when every message has been acknowledged or has become a dead letter."""
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 3:  # A notification may be on its way from the bucket to its topic.
            if time.monotonic() > deadline:
                raise TimeoutError(f"still busy after {seconds:.0f} s: {self.subscriptions()}")
            quiet = quiet + 1 if self._is_idle() else 0
            time.sleep(0.02)

    def subscriptions(self) -> dict[str, Any]:
        """Pub/Sub's own counts for each subscription."""
        return _get(f"{self.pubsub.admin_url}/_admin/subscriptions")

    def _is_idle(self) -> bool:
        counts = self.subscriptions()
        names = (resources.REQUESTS, resources.LANDED)
        return (
            not any(
                count["outstanding"]
                for name, count in counts.items()
                if name.rpartition("/")[2] in names
            )
            and self.storage.is_idle
        )

    def _start_functions(self, stack: ExitStack) -> None:
        for name in FUNCTIONS:
            log = self.directory / f"{name}.log"
            function = FunctionProcess(name, self.function_environment, log).start()
            stack.callback(function.kill)
            self.functions[name] = function

    def _connect_functions(self) -> None:
        for function in self.functions.values():
            function.wait_until_ready()
        resources.create_push_subscription(resources.REQUESTS, self.functions["fetcher"].url)
        resources.create_push_subscription(resources.LANDED, self.functions["loader"].url)

    def log_lines(self, function: str) -> list[dict[str, Any]]:
        """The structured log lines of a function so far."""
        text = (self.directory / f"{function}.log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables of this process for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as response:
        content: dict[str, Any] = json.load(response)
        return content
