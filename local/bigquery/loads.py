"""Load jobs: objects become rows of one table, all of them at one instant or none at all."""

from __future__ import annotations

import tempfile
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from local.bigquery import objects
from local.bigquery.catalog import Catalog
from local.bigquery.columns import DUCKDB_TYPES, Field
from local.bigquery.errors import ApiError, invalid, not_emulated, only
from local.bigquery.jobs import Job, Jobs
from local.bigquery.rows import Checked, RowError, RowReader
from local.bigquery.store import Store, quoted
from local.faults import Faults

Json = Any

_CONFIGURATION_KEYS = frozenset(
    {
        "autodetect",
        "createDisposition",
        "destinationTable",
        "ignoreUnknownValues",
        "maxBadRecords",
        "sourceFormat",
        "sourceUris",
        "writeDisposition",
    }
)
_MOST_AT_ONCE = 4


def check_configuration(load: Json) -> None:
    """Refuse, before the job exists, what the emulator would have to guess or ignore."""
    only(load, _CONFIGURATION_KEYS, "load option")
    if load.get("sourceFormat") != "NEWLINE_DELIMITED_JSON":
        raise not_emulated(f"source format {load.get('sourceFormat', 'CSV')}")
    if load.get("writeDisposition", "WRITE_APPEND") != "WRITE_APPEND":
        raise not_emulated(load["writeDisposition"])
    for lenience in ("autodetect", "ignoreUnknownValues"):
        if load.get(lenience):
            raise not_emulated(lenience)
    if int(load.get("maxBadRecords") or 0):
        raise not_emulated("maxBadRecords above 0")
    if "$" in load["destinationTable"]["tableId"]:
        raise not_emulated("partition decorators")
    if not load.get("sourceUris"):
        raise invalid("Load configuration must specify at least one source URI")
    for uri in load["sourceUris"]:
        objects.check_uri(uri)


class Loads:
    """Runs load jobs, each in a thread of its own, at most a few of them at the same time."""

    def __init__(self, store: Store, catalog: Catalog, jobs: Jobs, faults: Faults) -> None:
        self._store = store
        self._catalog = catalog
        self._jobs = jobs
        self._faults = faults
        self._slots = threading.Semaphore(_MOST_AT_ONCE)
        self._threads: list[threading.Thread] = []

    def start(self, job: Job) -> None:
        """Let the job run. The faults that will strike it are decided now, in order of arrival."""
        destination = job.configuration["destinationTable"]
        context = {
            "jobId": job.id,
            "table": f"{destination['datasetId']}.{destination['tableId']}",
            "uris": job.configuration["sourceUris"],
        }
        slow = self._faults.take("slow_job", **context) or {"seconds": 0}
        failure = self._faults.take("job_failure", **context)
        if not self._faults.take("hold_job", **context):
            job.released.set()
        thread = threading.Thread(
            target=self._run, args=(job, slow["seconds"], failure), daemon=True
        )
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def stop(self) -> None:
        """Cancel what has not ended and wait until everything has."""
        for job in self._jobs.all():
            if job.state != "DONE":
                job.cancelled.set()
                job.released.set()
        for thread in self._threads:
            thread.join()

    def _run(self, job: Job, seconds: float, failure: Json | None) -> None:
        job.start()
        try:
            job.released.wait()
            job.cancelled.wait(seconds)
            _fail_if_asked(failure)
            with self._slots:
                self._load(job)
        except ApiError as error:
            self._jobs.finish(job, {}, error)
        except Exception as error:
            traceback.print_exc()
            self._jobs.finish(job, {}, ApiError("emulatorBug", repr(error)))

    def _load(self, job: Job) -> None:
        destination = job.configuration["destinationTable"]
        name = destination["datasetId"], destination["tableId"]
        uris = job.configuration["sourceUris"]
        fields = self._columns(job)
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"{number}.json") for number in range(len(uris))]
            results, longest = _stage(uris, paths, RowReader(fields))
            with self._catalog.writing(*name), self._store.transaction() as cursor:
                if self._columns(job) != fields:
                    raise ApiError("backendError", "The table changed during the load")
                if int(results["outputRows"]):
                    _insert(cursor, quoted(*name), fields, paths, longest)
                _stop_if_cancelled(job)
                resource = job.ended(results)
                self._jobs.save(cursor, job, resource)
        job.resource = resource

    def _columns(self, job: Job) -> list[Field]:
        destination = job.configuration["destinationTable"]
        project, dataset = destination["projectId"], destination["datasetId"]
        try:
            table = self._catalog.table(project, dataset, destination["tableId"])
        except ApiError as error:
            if job.configuration.get("createDisposition") == "CREATE_NEVER":
                raise
            raise invalid("No schema specified on job or table.") from error
        if table["type"] == "VIEW":
            raise invalid(f"{project}:{dataset}.{destination['tableId']} is not a table")
        return list(table["schema"]["fields"])


def _stop_if_cancelled(job: Job) -> None:
    if job.cancelled.is_set():
        raise ApiError("stopped", "Job execution was cancelled: User requested cancellation")


def _fail_if_asked(failure: Json | None) -> None:
    if failure:
        reason = failure.get("reason", "backendError")
        raise ApiError(reason, failure.get("message", "The job failed, as asked."))


def _stage(uris: Sequence[str], paths: Sequence[Path], reader: RowReader) -> tuple[Json, int]:
    """Download, check and write down all objects; the statistics, and the longest row's bytes."""
    rows = stored_bytes = row_bytes = longest = 0
    for uri, path in zip(uris, paths, strict=True):
        data, size = objects.read(uri)
        checked = _check(uri, data, reader)
        path.write_bytes(checked.data)
        rows += checked.rows
        stored_bytes += size
        row_bytes += len(data)
        longest = max(longest, checked.longest)
    results = {
        "inputFiles": str(len(uris)),
        "inputFileBytes": str(stored_bytes),
        "outputRows": str(rows),
        "outputBytes": str(row_bytes),
        "badRecords": "0",
    }
    return results, longest


def _check(uri: str, data: bytes, reader: RowReader) -> Checked:
    try:
        return reader.check(data)
    except RowError as error:
        detail = (
            "Error while reading data, error message: JSON parsing error in row starting at"
            f" position {error.position}: {error} File: {uri}"
        )
        raise ApiError(
            "invalid",
            "Error while reading data, error message: JSON table encountered too many errors,"
            " giving up. Rows: 1; errors: 1. Please look into the errors[] collection for more"
            " details.",
            location=uri,
            details=[{"reason": "invalid", "location": uri, "message": detail}],
        ) from error


def _insert(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    fields: Sequence[Field],
    paths: Sequence[Path],
    longest: int,
) -> None:
    names = ", ".join(quoted(field["name"]) for field in fields)
    columns = {field["name"]: DUCKDB_TYPES[field["type"]] for field in fields}
    try:
        cursor.execute(
            # Without `records`, DuckDB looks for nested JSON and stops at a depth of 128.
            f"INSERT INTO {table} ({names}) SELECT {names} FROM read_json($paths,"  # noqa: S608  (identifiers are quoted)
            f" columns = {columns}, format = 'newline_delimited', records = true,"
            f" maximum_object_size = {2 * longest + 1024})",
            {"paths": [str(path) for path in paths]},
        )
    except duckdb.Error as error:
        # For example a key that occurs twice in a row.
        raise invalid(f"Error while reading data, error message: {error}") from error
