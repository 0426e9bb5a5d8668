"""What must come of the chronicle's lines: points of metrics, and alerts.

Numbers are said here once more on purpose, in the words of an operator: Terraform derives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# Of each metric what provokes it, how many points come of that, and whether ordinary time has any.
POINTS: Final[Mapping[str, tuple[str, int, bool]]] = {
    "export_spent": ("a replaced view", 1, True),
    "failures": ("a 401", 1, False),
    "freshness_seconds": ("a replaced view", 3, True),
    "gap_seconds": ("a replaced view", 3, True),
    "late_rows": ("late events", 3, True),
    "loaded_rows": ("a second look", 2, True),
    "mixpanel_5xx": ("three 500s", 3, False),
    "mixpanel_ms": ("no answer", 2, True),
    "mixpanel_responses": ("no answer", 2, True),
    "planned": ("a replaced view", 1, True),
    "project_secret_days": ("a project secret", 1, False),
    "query_spent": ("a replaced view", 1, True),
    "rejects": ("rejects", 1, False),
    "requests_waiting": ("a replaced view", 1, True),
    "retrieved": ("a second look", 2, True),
    "retrieved_rows": ("a second look", 2, True),
    "unloaded": ("outage", 10, False),
}

# Cloud Scheduler writes the lines of this one.
FOREIGN_METRICS: Final = frozenset({"scheduler_errors"})

# What Google's services measure by themselves: no line of ours tells of it.
_DELIVERY: Final = [
    "pubsub.googleapis.com/subscription/dead_letter_message_count",
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age",
]
FOREIGN_CONDITIONS: Final[Mapping[str, list[str]]] = {
    "dead_letters": ["pubsub.googleapis.com/subscription/num_undelivered_messages"],
    "delivery_fetcher": _DELIVERY,
    "delivery_loader": _DELIVERY,
    "function_limits": [
        "run.googleapis.com/container/cpu/utilizations",
        "run.googleapis.com/container/memory/utilizations",
        "run.googleapis.com/request_latencies",
    ],
}


@dataclass(frozen=True, slots=True)
class Counted:
    """An alert on so many lines within so many minutes.

    `condition` is a part of the condition's name, where the alert has several.
    """

    alert: str
    condition: str
    source: str
    event: str
    enough: int
    minutes: int
    fields: Mapping[str, Any] = field(default_factory=dict)


COUNTED: Final[Mapping[str, Counted]] = {
    "export calls": Counted(
        "budget",
        "export calls",
        "ordinary",
        "mixpanel_response",
        55,
        60,
        {"endpoint": "/api/2.0/export"},
    ),
    "bugs": Counted("bugs", "", "a replaced view", "bug", 1, 5),
    "parked by the loader": Counted(
        "load_failures", "parked", "a lasting load failure", "parked", 1, 5
    ),
    "failed loads": Counted(
        "load_failures", "failed loads", "a passing load failure", "transient_failure", 3, 30
    ),
    "Mixpanel's 500": Counted(
        "mixpanel_5xx", "", "three 500s", "mixpanel_response", 3, 5, {"status": 500}
    ),
    "Mixpanel's 429": Counted("rate_limited", "", "a 429", "rate_limited", 6, 60),
    "rejects": Counted("rejects", "", "rejects", "retrieved", 1, 60),
    "credentials": Counted("setup_errors", "", "a 401", "setup_failure", 3, 60),
    "a missing table": Counted("setup_errors", "", "a missing table", "setup_failure", 3, 60),
    "a missing grant": Counted("setup_errors", "", "a missing grant", "setup_failure", 3, 60),
    # Two of the three ticks in two hours.
    "unloaded": Counted("unloaded", "", "outage", "planned", 2, 125, {"unloaded": 1}),
}

# Of conditions on a number: after how many hours of the outage its first tick is beyond.
OUTAGE: Final[Mapping[tuple[str, str], int]] = {
    ("freshness", "events recent"): 2,  # Later than 1 h + 15 min by a tick and a half.
    ("freshness", "events sweep"): 30,  # A day, till noon, and a quarter of a day.
    ("freshness", "people snapshot"): 30,  # A day, 15 min, and a quarter of a day.
    ("gaps", ""): 6,
}

# Lines as they would be on another day: the field that decides, and which alerts then open.
VALUED: Final[Mapping[tuple[str, str, str, int], set[str]]] = {
    ("a project secret", "project_secret", "days_left", 120): set(),
    ("a project secret", "project_secret", "days_left", 119): {"project_secret"},
    ("a project secret", "project_secret", "days_left", 30): {"project_secret"},
    ("a project secret", "project_secret", "days_left", 29): {
        "project_secret",
        "project_secret_ends",
    },
    ("ordinary", "planned", "query_spent", 53): set(),
    ("ordinary", "planned", "query_spent", 55): {"budget"},
}

# The line whose absence is an alert, and after how many minutes: two hourly intervals or ticks,
# and the minutes that deliveries and metrics take.
ABSENT: Final[Mapping[str, tuple[str, str, int]]] = {
    "not_retrieved": ("fetcher", "retrieved", 135),
    "planner_silent": ("planner", "planned", 130),
}

# In a playbook's query a mark of what Google writes, or of a text that is not ours.
FOREIGN_QUERIES: Final = ("cloud_scheduler_job", "log_id(", "textPayload")
