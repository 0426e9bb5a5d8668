"""Query jobs: a statement runs when its job arrives, its rows wait to be fetched page by page."""

from __future__ import annotations

from typing import Any

from local.bigquery.catalog import Catalog
from local.bigquery.errors import ApiError, not_emulated, not_found
from local.bigquery.executing import Outcome
from local.bigquery.jobs import Job, Jobs
from local.bigquery.queries import Query
from local.bigquery.store import Store

Json = Any

_PAGE_ROWS = 10_000


class QueryJobs:
    """Runs query jobs within the call that brings them; results live as long as the process."""

    def __init__(self, store: Store, catalog: Catalog, jobs: Jobs) -> None:
        self._store = store
        self._catalog = catalog
        self._jobs = jobs
        self._outcomes: dict[str, Outcome | ApiError] = {}

    def insert(self, project: str, reference: Json, configuration: Json) -> Job:
        """The job, DONE. A wrong statement is the error of the job.

        Raises:
            ApiError: `duplicate` for a used id, 501 for what is not emulated, before any effect.
        """
        job_id, wanted = reference.get("jobId"), reference.get("location")
        query: Query | ApiError
        location = wanted or "US"
        try:
            query = Query(configuration["query"], self._catalog, project)
            location = query.location(wanted)
        except ApiError as error:
            if error.reason == "notImplemented":
                raise
            query = error
        job = self._jobs.add(project, job_id, location, configuration)
        job.start()
        try:
            if isinstance(query, ApiError):
                raise query
            self._succeed(job, query.run(self._store))
        except ApiError as error:
            self._outcomes[job.id] = error
            self._jobs.finish(job, {}, error)
            if error.reason == "notImplemented":
                raise
        return job

    def _succeed(self, job: Job, outcome: Outcome) -> None:
        self._outcomes[job.id] = outcome
        statistics = outcome.statistics | {
            "cacheHit": False,
            "totalBytesBilled": "0",
            "totalBytesProcessed": "0",
        }
        self._jobs.finish(job, statistics)

    def results(self, job: Job, page: Json) -> Json:
        """One page of the rows of a job, in the words of jobs.getQueryResults.

        Raises:
            ApiError: the error of the job, or `notFound` if there are no results to fetch.
        """
        outcome = self._outcomes.get(job.id)
        if outcome is None:
            raise not_found(f"Results of job {job.id}")
        if isinstance(outcome, ApiError):
            raise outcome
        answer: Json = {
            "kind": "bigquery#getQueryResultsResponse",
            "jobReference": job.resource["jobReference"],
            "jobComplete": True,
            "cacheHit": False,
            "totalBytesProcessed": "0",
        }
        if "numDmlAffectedRows" in outcome.statistics:
            answer["numDmlAffectedRows"] = outcome.statistics["numDmlAffectedRows"]
        if outcome.fields is not None:
            answer |= _page(outcome, page)
        return answer


def _page(outcome: Outcome, page: Json) -> Json:
    first = int(page.get("pageToken") or page.get("startIndex") or 0)
    wanted = page.get("maxResults")
    end = first + (_PAGE_ROWS if wanted in {None, ""} else int(wanted))
    rows = outcome.rows[first:end]
    if rows and str(page.get("useInt64Timestamp")).lower() != "true":
        raise not_emulated("results without formatOptions.useInt64Timestamp")
    answer: Json = {
        "schema": {"fields": outcome.fields},
        "totalRows": str(len(outcome.rows)),
        "rows": rows,
    }
    return answer | ({"pageToken": str(end)} if end < len(outcome.rows) else {})
