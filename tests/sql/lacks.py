"""What BigQuery can do and Google's reference evaluator cannot, by the reasons that tests give."""

from __future__ import annotations

# Each reason, and a query that shows it: once the evaluator answers it, the reason is gone.
LACKS = {
    "JSON_KEYS is younger than the evaluator": "SELECT JSON_KEYS(JSON '{}')",
}
