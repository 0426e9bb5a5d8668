"""The log of a function: one JSON object a line on standard output.

Cloud Logging reads `severity` and `message` and makes the other fields searchable
(cloud.google.com/functions/docs/monitoring/logging#writing_structured_logs).
"""

from __future__ import annotations

import json
from typing import Any

from mixpanel_export.journal import Severity


def log(severity: Severity, event: str, message: str, **fields: Any) -> None:
    """Write one line, in one write: the framework's log wrapper reads line by line."""
    line = {"severity": severity, "event": event, "message": message} | fields
    print(json.dumps(line, default=str), flush=True)  # noqa: T201  (standard output is the log)
