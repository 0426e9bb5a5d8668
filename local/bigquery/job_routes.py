"""The REST methods of jobs and queries."""

from __future__ import annotations

from typing import Any

from local.bigquery import loads
from local.bigquery.catalog import Catalog
from local.bigquery.errors import ApiError, not_emulated, only
from local.bigquery.jobs import Job, Jobs
from local.bigquery.loads import Loads
from local.bigquery.operations import Operations
from local.bigquery.queries import CONFIGURATION_KEYS
from local.bigquery.query_jobs import QueryJobs
from local.faults import Faults
from local.http import Hangup, Request, Response

Json = Any

_JOB = "(?P<job>[^/]+)"
_CONFIGURATION_KEYS = frozenset({"dryRun", "jobType", "labels", "load", "query"})
# What jobs.query takes besides a query's configuration. Every answer comes at once and within
# a job, so time-outs and the mode of job creation make no difference.
_REQUEST_KEYS = frozenset(
    {"formatOptions", "jobCreationMode", "kind", "labels", "location", "maxResults", "requestId"}
    | {"timeoutMs"}
)
_LIST_KEYS = frozenset(
    {"allUsers", "maxResults", "pageToken", "prettyPrint", "projection", "stateFilter"}
)


class JobRoutes:
    """Serves jobs.* on top of the registry and the two kinds of jobs."""

    def __init__(
        self, catalog: Catalog, jobs: Jobs, load_jobs: Loads, query_jobs: QueryJobs, faults: Faults
    ) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._loads = load_jobs
        self._queries = query_jobs
        self._faults = faults
        self._requests: dict[str, Job] = {}

    def install(self, operations: Operations) -> None:
        for operation, method, path, handler in (
            ("jobs.insert", "POST", "/jobs", self.insert),
            ("jobs.list", "GET", "/jobs", self.list),
            ("jobs.get", "GET", f"/jobs/{_JOB}", self.get),
            ("jobs.cancel", "POST", f"/jobs/{_JOB}/cancel", self.cancel),
            ("jobs.query", "POST", "/queries", self.query),
            ("jobs.getQueryResults", "GET", f"/queries/{_JOB}", self.results),
        ):
            operations.serve(operation, method, path)(handler)

    def insert(self, request: Request) -> Response:
        body = request.json()
        project, configuration = request.params["project"], body["configuration"]
        reference = body.get("jobReference", {})
        only(configuration, _CONFIGURATION_KEYS, "job configuration")
        if configuration.get("dryRun"):
            raise not_emulated("dry runs")
        if "load" in configuration:
            job = self._insert_load(project, reference, configuration | {"jobType": "LOAD"})
        else:
            configuration |= {"jobType": "QUERY"}
            job = self._queries.insert(project, reference, configuration)
        if self._faults.take("lost_response", jobId=job.id, operation="jobs.insert"):
            raise Hangup
        return Response.json(job.resource)

    def _insert_load(self, project: str, reference: Json, configuration: Json) -> Job:
        load = configuration["load"]
        loads.check_configuration(load)
        location = reference.get("location") or "US"
        destination = load["destinationTable"]
        dataset = destination["datasetId"]
        place = self._catalog.dataset(destination["projectId"], dataset)["location"]
        if place.casefold() != location.casefold():
            where = f"{project}:{dataset} was not found in location {location}"
            raise ApiError("notFound", f"Not found: Dataset {where}")
        job = self._jobs.add(project, reference.get("jobId"), place, configuration)
        # Its state now: the thread may be faster than this answer.
        answer = Job(dict(job.resource), job.clock)
        self._loads.start(job)
        return answer

    def get(self, request: Request) -> Response:
        job_id = request.params["job"]
        if self._faults.take("job_not_found", jobId=job_id):
            raise ApiError("notFound", f"Not found: Job {request.params['project']}:{job_id}")
        return Response.json(self._find(request).resource)

    def list(self, request: Request) -> Response:
        """Jobs, newest first."""
        only(dict(request.query), _LIST_KEYS, "jobs.list parameter")
        wanted = request.query.get("stateFilter", "").upper()
        first = int(request.query.get("pageToken") or 0)
        end = first + int(request.query.get("maxResults") or 50)
        found = [job for job in reversed(self._jobs.all()) if wanted in {"", job.state}]
        page = [job.resource | {"state": job.state} for job in found[first:end]]
        more = {"nextPageToken": str(end)} if end < len(found) else {}
        return Response.json({"kind": "bigquery#jobList", "jobs": page} | more)

    def cancel(self, request: Request) -> Response:
        """Ask a job to stop; one that is DONE stays as it is."""
        job = self._find(request)
        job.cancelled.set()
        job.released.set()
        return Response.json({"kind": "bigquery#jobCancelResponse", "job": job.resource})

    def query(self, request: Request) -> Response:
        """Run a query and answer with its first page, once per `requestId`."""
        body = request.json()
        only(body, CONFIGURATION_KEYS | _REQUEST_KEYS, "jobs.query property")
        key = body.get("requestId") or ""
        job = self._requests.get(key)
        if job is None:
            query = {name: body[name] for name in CONFIGURATION_KEYS & body.keys()}
            configuration = {"jobType": "QUERY", "query": query, "labels": body.get("labels", {})}
            reference = {"location": body.get("location")}
            job = self._queries.insert(request.params["project"], reference, configuration)
            if key:
                self._requests[key] = job
        page = body | body.get("formatOptions", {})
        answer = self._queries.results(job, page)
        return Response.json(answer | {"kind": "bigquery#queryResponse"})

    def results(self, request: Request) -> Response:
        page = dict(request.query)
        page["useInt64Timestamp"] = page.get("formatOptions.useInt64Timestamp", "")
        return Response.json(self._queries.results(self._find(request), page))

    def _find(self, request: Request) -> Job:
        location = request.query.get("location")
        return self._jobs.get(request.params["project"], request.params["job"], location)
