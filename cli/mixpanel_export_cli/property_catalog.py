"""The catalog of properties over a stretch of event time, read from BigQuery."""

from __future__ import annotations

from datetime import datetime

from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner, translated
from mixpanel_export.errors import Setup
from mixpanel_export.settings import PlannerSettings
from mixpanel_export_cli.typed_columns import Property

_RETRY = inner(DEFAULT_RETRY)
_LONGEST_SECONDS = 1800.0
_EVENTS = "`${project_id}.${dataset}.events`"


def query_of(template: str, project_id: str, dataset: str) -> str:
    """The query of the view `property_catalog`, over the events in `[@since, @until)` alone.

    Raises:
        Setup: the template is not that of the view.
    """
    if template.count(_EVENTS) != 1:
        raise Setup(f"views/property_catalog.sql does not read {_EVENTS} once: restore it")
    return template.replace(_EVENTS, f"`{project_id}.{dataset}.events_between`(@since, @until)")


def read_catalog(
    settings: PlannerSettings, template: str, since: datetime, until: datetime
) -> list[Property]:
    """Every property of the events that happened in `[since, until)`.

    `template` is the SQL of the view `property_catalog`, as Terraform has it.

    Raises:
        Transient, Setup: it cannot be read.
    """
    query = query_of(template, settings.project_id, settings.dataset)
    moments = {"since": since, "until": until}
    parameters = [
        bigquery.ScalarQueryParameter(name, "TIMESTAMP", moment)
        for name, moment in moments.items()
    ]
    with translated("reading the catalog of properties"):
        rows = bigquery.Client(settings.project_id).query_and_wait(
            query,
            job_config=bigquery.QueryJobConfig(query_parameters=parameters),
            location=settings.location,
            api_timeout=INNER_RETRY_SECONDS,
            wait_timeout=_LONGEST_SECONDS,
            retry=_RETRY,
        )
        return [Property(row["property"], frozenset(row["types"]), row["share"]) for row in rows]
