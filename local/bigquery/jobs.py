"""Jobs: every id that was ever used, and the state of what runs under it."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import duckdb

from local.bigquery.catalog import milliseconds
from local.bigquery.errors import ApiError, duplicate, invalid, not_found
from local.bigquery.store import Store
from local.clock import Clock

Json = Any

_ID = re.compile(r"[A-Za-z0-9_-]{1,1024}")
# What jobs.get without a location looks through.
_MULTI_REGIONS = ("us", "eu")


@dataclass(slots=True)
class Job:
    """One job; `resource` is replaced as a whole, so a reader never sees half a change."""

    resource: Json
    clock: Clock
    released: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        return str(self.resource["jobReference"]["jobId"])

    @property
    def location(self) -> str:
        return str(self.resource["jobReference"]["location"])

    @property
    def kind(self) -> str:
        return str(self.resource["configuration"]["jobType"]).lower()

    @property
    def configuration(self) -> Json:
        """The part of the configuration that belongs to the kind of the job."""
        return self.resource["configuration"][self.kind]

    @property
    def state(self) -> str:
        return str(self.resource["status"]["state"])

    @property
    def error(self) -> Json | None:
        return self.resource["status"].get("errorResult")

    @property
    def held(self) -> bool:
        return self.state != "DONE" and not self.released.is_set()

    @property
    def output_rows(self) -> int | None:
        rows = self.resource["statistics"].get("load", {}).get("outputRows")
        return None if rows is None else int(rows)

    def start(self) -> None:
        statistics = self.resource["statistics"] | {"startTime": milliseconds(self.clock)}
        running = {"status": {"state": "RUNNING"}, "statistics": statistics}
        self.resource = self.resource | running

    def ended(self, results: Json, error: ApiError | None = None) -> Json:
        """The resource of this job once it is DONE: with results, or with an error."""
        status: Json = {"state": "DONE"}
        if error:
            status |= {"errorResult": error.summary(), "errors": error.all()}
        end = {"endTime": milliseconds(self.clock), self.kind: results}
        statistics = self.resource["statistics"] | end
        return self.resource | {"status": status, "statistics": statistics}


class Jobs:
    """All jobs, oldest first. An id is used once for ever, also when its job failed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs = {key: Job(resource, clock) for key, resource in store.saved("job").items()}

    def add(self, project: str, job_id: str | None, location: str, configuration: Json) -> Job:
        """Take the id, before the job has any effect.

        Raises:
            ApiError: `duplicate` if the id was used before, `invalid` if it is none.
        """
        job_id = job_id or f"job_{uuid.uuid4().hex}"
        if not _ID.fullmatch(job_id):
            raise invalid(f"Invalid job ID {job_id!r}")
        reference = {"projectId": project, "jobId": job_id, "location": location}
        job = Job(
            {
                "kind": "bigquery#job",
                "id": f"{project}:{location}.{job_id}",
                "etag": uuid.uuid4().hex,
                "jobReference": reference,
                "configuration": configuration,
                "status": {"state": "PENDING"},
                "statistics": {"creationTime": milliseconds(self._clock)},
                "user_email": "local@emulator",
            },
            self._clock,
        )
        with self._lock:
            if _key(location, job_id) in self._jobs:
                raise duplicate(f"Job {project}:{location}.{job_id}")
            self._jobs[_key(location, job_id)] = job
        return job

    def get(self, project: str, job_id: str, location: str | None) -> Job:
        """The job; without a location only the multi-regions US and EU are looked through."""
        for place in (location,) if location else _MULTI_REGIONS:
            if job := self._jobs.get(_key(place, job_id)):
                return job
        where = f"{location}." if location else ""
        raise not_found(f"Job {project}:{where}{job_id}")

    def all(self) -> list[Job]:
        with self._lock:
            return list(self._jobs.values())

    def finish(self, job: Job, results: Json, error: ApiError | None = None) -> None:
        """End the job; its id stays burnt, also for the next process."""
        resource = job.ended(results, error)
        with self._store.transaction() as cursor:
            self.save(cursor, job, resource)
        job.resource = resource

    def save(self, cursor: duckdb.DuckDBPyConnection, job: Job, resource: Json) -> None:
        """Make the end of a job part of the transaction that has its effects."""
        self._store.save(cursor, "job", _key(job.location, job.id), resource)


def _key(location: str, job_id: str) -> str:
    return f"{location.casefold()}.{job_id}"
