"""BigQuery: one job per id for ever, and a job's rows appear together or not at all.

The pause in which a taken id has no job yet (404 after 409) is hidden by the real edge, which
waits or raises Transient; here that is a fault at step `start` or `look`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from mixpanel_export.loading import LoadJob
from tests.fakes.bucket import FakeBucket
from tests.fakes.journal import Journal


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ends, and at which look it is found ended; 0 is when it starts."""

    reason: str | None = None
    look: int = 1
    output_rows: int | None = None


class FakeWarehouse:
    """Tables in one dataset.

    A job ends as `endings` says for its id, else well at the first look; unless `endings` is
    None: then it runs until somebody calls `end`.
    """

    def __init__(self, journal: Journal, bucket: FakeBucket) -> None:
        self.journal, self._bucket = journal, bucket
        self.jobs: dict[str, LoadJob] = {}
        self.rows: list[dict[str, Any]] = []
        self.endings: dict[str, Ending] | None = {}
        self._looks: Counter[str] = Counter()

    def start(self, job_id: str, uri: str, table: str) -> LoadJob:
        self.journal.before("start")
        is_known = job_id in self.jobs
        if not is_known:
            self.jobs[job_id] = LoadJob(job_id, (uri,), table, adopted=False, done=False)
            self._end_if_due(job_id)
        self.journal.after("start", f"{'found' if is_known else 'started'} {job_id}")
        return replace(self.jobs[job_id], adopted=is_known)

    def look(self, job_id: str) -> LoadJob:
        self.journal.before("look")
        self._looks[job_id] += 1
        self._end_if_due(job_id)
        job = self.jobs[job_id]
        state = "running" if not job.done else "failed" if job.reason else "done"
        self.journal.after("look", f"looked: {job_id} is {state}")
        return job

    def _end_if_due(self, job_id: str) -> None:
        if self.endings is not None:
            ending = self.endings.get(job_id, Ending())
            if self._looks[job_id] >= ending.look:
                self.end(job_id, ending)

    def end(self, job_id: str, ending: Ending) -> None:
        """Let a running job commit all its rows at once, or fail and leave none."""
        job = self.jobs[job_id]
        if job.done:
            return
        if ending.reason is not None:
            self._finish(job, reason=ending.reason, error=f"made up: {ending.reason}")
            return
        rows = [
            row
            for uri in job.uris
            for row in self._bucket.objects[uri.removeprefix("gs://landing/")].rows()
        ]
        self.rows += rows
        count = len(rows) if ending.output_rows is None else ending.output_rows
        self._finish(job, output_rows=count)

    def _finish(self, job: LoadJob, **outcome: Any) -> None:
        ended = replace(job, done=True, ended_at=self._bucket.now(), **outcome)
        self.jobs[job.job_id] = ended

    def running(self) -> list[str]:
        """Ids of the jobs that have not ended, oldest first."""
        return [job_id for job_id, job in self.jobs.items() if not job.done]
