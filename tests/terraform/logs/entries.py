"""From a line on a function's standard output to the entry that Cloud Logging stores.

Facts: cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields (which
keys are taken out of the JSON object) and cloud.google.com/run/docs/logging#container-logs (any
other line becomes the entry's text).
"""

from __future__ import annotations

import json
from typing import Any, Final

from tests.terraform.logs.comparisons import SEVERITIES

RESOURCE: Final = "cloud_run_revision"
_LABELS: Final = "logging.googleapis.com/labels"
_SPAN: Final = "logging.googleapis.com/spanId"
# A payload must not have a key by which the agent would mean something else.
_SPECIAL: Final = frozenset(
    {"httpRequest", "time", "timestamp", "timestampNanos", "timestampSeconds"}
)


def entry_of(line: str, service: str, revision: str = "00001-abc") -> dict[str, Any]:
    """The entry that a line becomes when this Cloud Run service writes it.

    Times are left out: a line carries none, so a test places its entries where it wants them.

    Raises:
        ValueError: the line has a key or a severity that the agent reads otherwise than we mean.
    """
    entry = {"resource": {"type": RESOURCE, "labels": _labels_of(service, revision)}}
    if not line.startswith("{"):
        return entry | {"severity": "DEFAULT", "textPayload": line}
    payload = json.loads(line, parse_constant=_refuse_constant)
    severity = payload.pop("severity", "DEFAULT")
    labels = payload.pop(_LABELS, {})
    payload.pop(_SPAN, None)
    unknown = [key for key in payload if key in _SPECIAL or key.startswith("logging.googleapis")]
    if severity not in SEVERITIES or unknown:
        raise ValueError(f"severity {severity!r} or keys {unknown} mean something to the agent")
    return entry | {"severity": severity, "labels": labels, "jsonPayload": payload}


def _labels_of(service: str, revision: str) -> dict[str, str]:
    return {
        "project_id": "some-project",
        "location": "europe-west1",
        "service_name": service,
        "configuration_name": service,
        "revision_name": f"{service}-{revision}",
    }


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON: the line would become text")
