"""The emulator as a whole: the parts, the server in front of them, and its admin routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from local.bigquery import operations, routine_routes, table_routes
from local.bigquery.catalog import Catalog
from local.bigquery.job_routes import JobRoutes
from local.bigquery.jobs import Jobs
from local.bigquery.loads import Loads
from local.bigquery.operations import Operations
from local.bigquery.query_jobs import QueryJobs
from local.bigquery.store import Store
from local.clock import Clock
from local.faults import Faults
from local.http import App, Request, Response, Server

FAULTS = frozenset(
    {"error", "hold_job", "job_failure", "job_not_found", "lost_response", "slow_job"}
)


class BigQueryEmulator:
    """BigQuery's REST API for one project over one DuckDB database.

    Args:
        port: The loopback port to listen on; 0 takes a free one.
        database: A DuckDB file, new or left by an earlier emulator, or `:memory:`.
        clock: Gives jobs, resources and queries their time; real time by default.
    """

    def __init__(
        self, port: int = 0, database: str | Path = ":memory:", clock: Clock | None = None
    ) -> None:
        clock = clock or Clock()
        self.faults = Faults(FAULTS)
        self._store = Store(database, clock)
        self._jobs = Jobs(self._store, clock)
        catalog = Catalog(self._store, clock)
        self._loads = Loads(self._store, catalog, self._jobs, self.faults)
        queries = QueryJobs(self._store, catalog, self._jobs)
        app = App(operations.answer)
        served = Operations(app, self.faults)
        table_routes.install(served, catalog)
        routine_routes.install(served, catalog)
        JobRoutes(catalog, self._jobs, self._loads, queries, self.faults).install(served)
        self.faults.install(app)
        self._install_admin(app)
        self._server = Server(app, port).start()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return self._server.url

    def journal(self) -> list[dict[str, Any]]:
        """Every load job so far, in the order of insertion."""
        return [
            {
                "jobId": job.id,
                "location": job.location,
                "sourceUris": job.configuration["sourceUris"],
                "state": job.state,
                "error": job.error,
                "outputRows": job.output_rows,
            }
            for job in self._jobs.all()
            if job.kind == "load"
        ]

    def release(self, job_id: str = "") -> list[str]:
        """Let held jobs whose id contains the text run on; their ids."""
        held = [job for job in self._jobs.all() if job_id in job.id and job.held]
        for job in held:
            job.released.set()
        return [job.id for job in held]

    def stop(self) -> None:
        """Cancel running jobs and leave the database in one file that any DuckDB can open."""
        self._server.stop()
        self._loads.stop()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _install_admin(self, app: App) -> None:
        @app.route("GET", "/_admin/jobs")
        def jobs(_request: Request) -> Response:
            return Response.json(self.journal())

        @app.route("POST", "/_admin/release")
        def release(request: Request) -> Response:
            return Response.json({"released": self.release(request.json().get("jobId", ""))})
