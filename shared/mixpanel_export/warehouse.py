"""BigQuery: load jobs that run at most once per id, and the ledger of what they loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Self

from google.api_core import exceptions, retry
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner, inner_retry, translated
from mixpanel_export.errors import Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.loading import LoadJob
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import Series

_RETRY = inner(DEFAULT_RETRY)
# A job may be unknown for a moment after its id was found taken (python-bigquery issue 2134).
_RETRY_AFTER_CONFLICT = inner_retry(
    exceptions.NotFound,
    exceptions.BadGateway,
    exceptions.InternalServerError,
    exceptions.ServiceUnavailable,
    exceptions.TooManyRequests,
    initial=0.5,
    maximum=8.0,
)


class RawDataset:
    """The dataset that holds the raw tables; load jobs only append to them."""

    def __init__(self, client: bigquery.Client, dataset: str, location: str) -> None:
        self._client, self._location = client, location
        self._dataset = bigquery.DatasetReference(client.project, dataset)

    @classmethod
    def connect(cls, project_id: str, dataset: str, location: str) -> Self:
        """The dataset, reached with the function's own credentials."""
        with translated("connecting to BigQuery"):
            return cls(bigquery.Client(project_id), dataset, location)

    def start(self, job_id: str, uri: str, table: str) -> LoadJob:
        """Start the load job with this id, or return the one that already has it.

        The id may be taken by another delivery, an earlier one, or this very call, when its
        answer was lost and the client asked again.

        Raises:
            Transient, Setup: whether the job exists is not known; asking again is harmless.
        """
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            autodetect=False,
            ignore_unknown_values=False,
            max_bad_records=0,
        )
        with translated(f"starting job {job_id}"):
            try:
                job = self._client.load_table_from_uri(
                    uri,
                    self._dataset.table(table),
                    job_id=job_id,
                    location=self._location,
                    job_config=config,
                    retry=_RETRY,
                    timeout=INNER_RETRY_SECONDS,
                )
            except exceptions.Conflict:
                return self._adopt(job_id)
        return self._describe(job, adopted=False)

    def look(self, job_id: str) -> LoadJob:
        """The job as it is now.

        Raises:
            Transient, Setup: BigQuery does not tell.
        """
        with translated(f"looking at job {job_id}"):
            return self._get(job_id, _RETRY, adopted=False)

    def _adopt(self, job_id: str) -> LoadJob:
        try:
            return self._get(job_id, _RETRY_AFTER_CONFLICT, adopted=True)
        except (exceptions.NotFound, exceptions.RetryError):
            raise Transient(f"job id {job_id} is taken, but its job does not show yet") from None

    def _get(self, job_id: str, policy: retry.Retry, *, adopted: bool) -> LoadJob:
        timeout = INNER_RETRY_SECONDS
        job = self._client.get_job(job_id, location=self._location, retry=policy, timeout=timeout)
        return self._describe(job, adopted=adopted)

    def _describe(self, job: object, *, adopted: bool) -> LoadJob:
        if not isinstance(job, bigquery.LoadJob):  # The id was made for a job of another kind.
            return LoadJob(str(getattr(job, "job_id", "")), (), "", adopted=True, done=True)
        error = job.error_result or {}
        is_ours = (job.destination.project, job.destination.dataset_id) == (
            self._dataset.project,
            self._dataset.dataset_id,
        )
        return LoadJob(
            job_id=job.job_id,
            uris=tuple(job.source_uris or ()),
            table=job.destination.table_id if is_ours else f"{job.destination}",
            adopted=adopted,
            done=job.state == "DONE",
            reason=error.get("reason"),
            error=error.get("message"),
            output_rows=job.output_rows,
            ended_at=job.ended,
        )


class Ledger:
    """The view of everything that was loaded, in the dataset of views."""

    def __init__(self, client: bigquery.Client, dataset: str, location: str) -> None:
        self._client, self._location = client, location
        self._view = f"{client.project}.{dataset}.loads"

    @classmethod
    def connect(cls, project_id: str, dataset: str, location: str) -> Self:
        """The ledger, reached with the function's own credentials."""
        with translated("connecting to BigQuery"):
            return cls(bigquery.Client(project_id), dataset, location)

    def loaded(self, since: datetime) -> list[ObjectName]:
        """Every loaded version of every interval that starts at this moment or later.

        Rows of a series that this release does not know are left out.

        Raises:
            Transient, Setup: the ledger cannot be read.
        """
        query = (
            "SELECT table_name, mode, interval_start, interval_end, version"  # noqa: S608  (names are settings)
            f" FROM `{self._view}` WHERE interval_start >= @since"
        )
        parameters = [bigquery.ScalarQueryParameter("since", "TIMESTAMP", since)]
        with translated("reading the ledger"):
            rows = self._client.query_and_wait(
                query,
                job_config=bigquery.QueryJobConfig(query_parameters=parameters),
                location=self._location,
                api_timeout=INNER_RETRY_SECONDS,
                wait_timeout=INNER_RETRY_SECONDS,
                retry=_RETRY,
                job_retry=None,  # type: ignore[arg-type]  # Documented to turn it off.
            )
            return list(_known(rows))


def _known(rows: Iterable[Sequence[Any]]) -> Iterator[ObjectName]:
    for table, mode, start, end, version in rows:
        with suppress(ValueError):
            yield ObjectName(Series.named(table, mode), Interval(start, end), version)
