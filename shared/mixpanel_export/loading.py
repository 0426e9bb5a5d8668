"""The loader's job: append one landed object to its table, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.errors import ExportError, Poison, Setup, Transient
from mixpanel_export.intervals import format_moment
from mixpanel_export.journal import Log
from mixpanel_export.messages import LandedObject, Message

# cloud.google.com/bigquery/docs/error-messages. A job that failed for one of these wrote
# nothing and may be tried again under a new id; other failures would only repeat themselves
# until somebody has mended their cause and the notification is published again.
TRANSIENT_REASONS = frozenset(
    {
        "aborted",
        "backendError",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "quotaExceeded",
        "rateLimitExceeded",
        "resourcesExceeded",
        "stopped",
        "tableUnavailable",
        "timeout",
    }
)
SETUP_REASONS = frozenset(
    {"accessDenied", "billingNotEnabled", "billingTierLimitExceeded", "blocked", "notFound"}
)
_WRONG_COUNT = "outputRows"  # Not BigQuery's word: to BigQuery the job succeeded.
_FIRST_POLL_SECONDS = 0.1
_LONGEST_POLL_SECONDS = 4.0
_MAX_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class LoadJob:
    """A load job as BigQuery reports it.

    `adopted` when its id was taken before this delivery asked for it; `reason` is None unless
    the job is done and failed, `output_rows` unless it is done and succeeded. `ended_at` is when
    it was done, by BigQuery's clock in UTC.
    """

    job_id: str
    uris: tuple[str, ...]
    table: str
    adopted: bool
    done: bool
    reason: str | None = None
    error: str | None = None
    output_rows: int | None = None
    ended_at: datetime | None = None


class Warehouse(Protocol):
    """BigQuery."""

    def start(self, job_id: str, uri: str, table: str) -> LoadJob:
        """Start the load job with this id, or return the one that already has it."""

    def look(self, job_id: str) -> LoadJob:
        """The job as it is now, which is not new to the caller."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Appends a landed object under a job id made from its name.

    BigQuery runs at most one job per id, and a load job commits all of its rows or none. So
    deliveries may repeat, overlap and die at any point: all of them meet at the same job. A
    notification published again after a job failed is the wish to try again with the next id.
    """

    warehouse: Warehouse
    bucket: str
    environment: str
    clock: Clock
    log: Log

    def handle(self, message: Message) -> None:
        """Load the object that the notification names, and return once its rows are visible.

        Raises:
            NotOurs: not a landed export; acknowledged.
            Poison: BigQuery cannot take these rows, or took another number of them; parked. The
                former is tried again when the notification is published again.
            Transient: the job failed for a passing reason or still runs; delivered again.
            Setup: table or permission is missing; delivered again until a person acts.
        """
        deadline = Deadline.of_delivery(self.clock)
        landed = LandedObject.decode(message, self.bucket)
        job = self._latest_attempt(landed, message.published_at, deadline)
        is_loaded = job.done and job.adopted
        for seconds in _poll_seconds():
            if job.done:
                break
            deadline.check(f"waiting for job {job.job_id}")
            self.clock.sleep(seconds)
            job = self.warehouse.look(job.job_id)
        if job.reason is not None:
            raise _failure(job)
        if job.output_rows != landed.row_count + 1:
            raise Poison(
                f"job {job.job_id} loaded {job.output_rows} rows, but {landed.name.path} holds "
                f"{landed.row_count} and a marker: replay its interval",
                job_id=job.job_id,
                job_reason=_WRONG_COUNT,
            )
        self._report("already_loaded" if is_loaded else "loaded", landed, job, message)

    def _latest_attempt(
        self, landed: LandedObject, published_at: datetime, deadline: Deadline
    ) -> LoadJob:
        """Start the first attempt whose id is free, or join the first not to be passed over.

        A failed job wrote nothing but has burnt its id. The next id is taken only after seeing
        the failure of an earlier delivery, so that deliveries side by side share one job.
        """
        for attempt in range(_MAX_ATTEMPTS):
            job_id = landed.name.job_id(self.environment, attempt)
            deadline.check(f"starting job {job_id}")
            job = self.warehouse.start(job_id, landed.uri, landed.name.series.table)
            if job.uris != (landed.uri,) or job.table != landed.name.series.table:
                raise Poison(
                    f"job id {job_id} belongs to another load, so nothing was loaded: "
                    "give each environment its own name, and the planner loads it again"
                )
            if not (job.adopted and _is_passed_over(job, published_at)):
                return job
        raise Poison(
            f"{landed.name.path} failed to load {_MAX_ATTEMPTS} times: mend the cause; "
            "the planner fetches its interval again within a day, or replay it now"
        )

    def _report(self, event: str, landed: LandedObject, job: LoadJob, message: Message) -> None:
        interval = landed.name.interval
        self.log(
            "INFO",
            event,
            f"{event.replace('_', ' ')}: {landed.row_count} records",
            table=landed.name.series.table,
            mode=landed.name.series.mode,
            start=format_moment(interval.start),
            end=format_moment(interval.end),
            version=landed.name.version,
            row_count=landed.row_count,
            job_id=job.job_id,
            lag_seconds=(self.clock.now() - interval.end).total_seconds(),
            delivery_attempt=message.delivery_attempt,
        )


def _is_passed_over(job: LoadJob, published_at: datetime) -> bool:
    """Whether the failure of this attempt lets a message of this publish time try the next.

    It does if trying again helps, or if the message was published after the failure: somebody
    knew of it then, so its cause may be mended. A redelivery keeps its publish time. One moment
    is of Pub/Sub's clock, the other of BigQuery's: a difference costs an attempt or a reload.
    """
    if job.reason is None:
        return False
    was_known = job.ended_at is not None and job.ended_at < published_at
    return was_known or job.reason in TRANSIENT_REASONS | SETUP_REASONS


def _poll_seconds() -> Iterator[float]:
    """Often at first, as small loads take a second or two; then every few seconds."""
    seconds = _FIRST_POLL_SECONDS
    while True:
        yield seconds
        seconds = min(2 * seconds, _LONGEST_POLL_SECONDS)


def _failure(job: LoadJob) -> ExportError:
    text = f"job {job.job_id} failed ({job.reason}): {job.error}"
    facts = {"job_id": job.job_id, "job_reason": job.reason}
    if job.reason in TRANSIENT_REASONS:
        return Transient(f"{text}; nothing was written, the next delivery tries again", **facts)
    if job.reason in SETUP_REASONS:
        return Setup(f"{text}; create the table or grant the access that is missing", **facts)
    return Poison(
        f"{text}; nothing was written: correct the cause, and the planner loads it again", **facts
    )
