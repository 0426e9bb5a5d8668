"""Sets of inputs on both sides of every bound of Terraform's variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import ceil
from typing import Any, Final

from mixpanel_export.allowed import LENGTHS
from mixpanel_export.intervals import MINUTE

Table = dict[str, list[Any]]

_DIVISORS: Final = [length // MINUTE for length in LENGTHS]
# Attributes of the input `export`, each with values on both sides of every bound.
EXPORT: Final[Table] = {
    "since": ["2009-01-01", "2026-02-28", "2008-12-31", "2026-02-30", "2026-1-1", "yesterday"],
    "tables": [["events"], ["people"], ["people", "events"], [], ["groups"], ["events", "Events"]],
    "interval_minutes": [5, 7, 0, -60, 1.5, 2880, *(each for each in _DIVISORS if each >= 4)],
    "settle_minutes": [0, 1, 1439, -1, 1441, 1.5],
    "verify_after_hours": [0, 1, 160, -1, 169, 24.5],
    "sweep_days": [0, 8, 1000, -1, 1, 7, 1001, 30.5],
    "people_snapshot_minutes": [0, 5, 1440, -5, 7, 0.5, 2880],
    "people_changes_minutes": [0, 2, 1440, -5, 7, 0.5, 2880],
    "last_seen_overlap_hours": [0, 168, -1, 169, 0.5],
    "heal_after_minutes": [30, 1440, 29, 1441, 30.5],
    "heal_horizon_hours": [26, 719, 25, 745, 0, 30.5],
    "reload_after_minutes": [10, 1440, 9, 1441, 10.5],
    "requests_per_hour": [4, 1000, 3, 1001, 4.5],
}
MIXPANEL: Final[Table] = {
    "region": ["us", "eu", "in", "US", "de", ""],
    "url": ["https://a.example", "https://a.example:8443", "http://a.example", "https://a/b", "x"],
    "where": ["true", 'properties["a"] == "b"'],
    "project_timezone": [
        *("UTC", "EST5EDT", "Etc/GMT+5", "Etc/GMT-14", "Europe/Berlin", "America/Port-au-Prince"),
        *("America/Argentina/Buenos_Aires", "America/North_Dakota/New_Salem", "GB-Eire", "W-SU"),
        *("", "Europe/", "/UTC", "../UTC", "Europe/Berlin "),
    ],
}
OTHERS: Final[Table] = {
    "mixpanel_project_id": ["1", "9" * 19, "", "9" * 20, "x", "-1", "1.5"],
    "project_id": [
        "acme-1",
        "a" * 30,
        "acme",
        "a" * 31,
        "1cme-1",
        "acme-",
        "Acme-1",
        "acme.com:a",
    ],
}
# Of inputs that no function reads: good values, and bad ones that break one rule each.
GOOD: Final[Table] = {
    "alerting": [
        {"channels": ["projects/p/notificationChannels/1"], "gap_objective_hours": 168},
        {"critical_channels": ["projects/p/notificationChannels/1"], "gap_objective_hours": 1},
        {"severities": {"gaps": "ERROR", "bugs": "CRITICAL", "budget": "WARNING"}},
    ],
    "compatibility": [
        {},
        {"fivetran": "m"},
        {"airbyte": "A_1", "fivetran": "a_2", "mixpanel": "_", "singer": "s" * 1024},
    ],
    "fetcher_instances": [1, 20],
    "kms_key_name": [None, "projects/p/locations/europe/keyRings/r/cryptoKeys/k"],
    "labels": [{}, {"a": ""}, {"a" * 63: "b" * 63}, {"a_1-": "_-1"}],
    "location": [None, "EU", "US", "europe-west10"],
    "maintenance": [{}, {"settle": True, "collect": True, "collect_after_days": 1}],
    "mixpanel_secret_id": [None, "s", "S_-9" * 63],
    "notification_emails": [[], ["a@b.cd", "a.b+c@d-e.fg.hi"]],
    "prefix": [None, "a", "a1", "web-eu", "a--b", "fifteen-letters", "a-goog"],
    "readers": [
        [],
        ["user:a@b.cd", "group:a@b.cd", "serviceAccount:a@b.iam.gserviceaccount.com"],
        ["domain:b.cd", "principal://iam.googleapis.com/x", "principalSet://iam.googleapis.com/x"],
    ],
    "region": ["europe-west1", "us-central1", "northamerica-northeast2"],
    "retention": [
        {"landed_days": 8, "rejects_days": 1, "people_days": 7},
        {"landed_days": 3650, "rejects_days": 3650, "people_days": 3650},
    ],
}
BAD: Final[Table] = {
    "alerting": [
        {"channels": ["1"]},
        {"critical_channels": ["projects/p/notificationChannels/"]},
        {"gap_objective_hours": 0},
        {"gap_objective_hours": 169},
        {"gap_objective_hours": 1.5},
        {"severities": {"gaps": "critical"}},
        {"slack": {"channel_name": "data"}},
        {"slack": {"channel_name": "#data"}},
        {"pagerduty": {}},
    ],
    "compatibility": [
        *({"fivetran": "a-b"}, {"airbyte": ""}, {"singer": "a.b"}, {"mixpanel": "s" * 1025}),
        *({"airbyte": "a", "singer": "a"}, {"fivetran": "events", "mixpanel": "Events"}),
        *({"fivetran": "mixpanel"}, {"mixpanel": "Mixpanel_raw"}),
    ],
    "fetcher_instances": [0, 21, 1.5, -1],
    "kms_key_name": [
        "",
        "k",
        "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
    ],
    "labels": [
        *({"A": ""}, {"1": ""}, {"": ""}, {"a": "B"}, {"a" * 64: ""}, {"a": "b" * 64}),
        *({"app": "x"}, {"component": "x"}),
    ],
    "location": ["", "eu", "europe", "europe-west1-b"],
    "maintenance": [{"collect_after_days": 0}, {"collect_after_days": 1.5}],
    "mixpanel_secret_id": ["", "a/b", "a" * 256, "a.b"],
    "notification_emails": [["a"], ["a@b"], ["a b@c.de"], ["a@b.cd", "@"]],
    "prefix": ["", "-a", "a-", "A", "1a", "a_b", "a.b", "sixteen-letters1", "goog", "a-google"],
    "readers": [["a@b.cd"], ["allUsers"], ["allAuthenticatedUsers"], ["user:a"], ["domain:"]],
    "region": ["", "europe", "EU", "europe-west1-b"],
    "retention": [
        *({"landed_days": 7}, {"landed_days": 30.5}),
        *({"rejects_days": 0}, {"rejects_days": 1.5}),
        *({"people_days": 6}, {"people_days": 7.5}),
    ],
}
# What only one side refuses, and why.
ONLY_TERRAFORM_REFUSES: Final[dict[str, dict[str, Any]]] = {
    "a host of this machine": {"mixpanel": {"url": "http://localhost:8080"}},
    "a place that BigQuery does not know": {"location": "somewhere"},
}
ONLY_FUNCTIONS_REFUSE: Final[dict[str, dict[str, Any]]] = {
    "a zone that does not exist": {"mixpanel": {"project_timezone": "Mars"}},
}


def apart(table: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Each value of each input by itself."""
    return [{name: value} for name, values in table.items() for value in values]


def cases() -> Iterator[dict[str, Any]]:
    """Sets of inputs that need the functions' judgement, each of them once."""
    for name, values in EXPORT.items():
        yield from ({"export": {name: value}} for value in values)
    for name, values in MIXPANEL.items():
        yield from ({"mixpanel": {name: value}} for value in values)
    yield from apart(OTHERS)
    yield from ({"export": export} for export in together())


def together() -> Iterator[dict[str, Any]]:
    """Settings that must go together, with what they need of one another and with one less."""
    modes = [(24, 100), (0, 100), (24, 0), (0, 0)]
    lengths = [(2, modes[:2]), (4, modes), (8, modes[:1]), (45, modes), (90, modes[::3])]
    for length, (verify, sweep) in [(each, mode) for each, some in lengths for mode in some]:
        need = ceil(60 / length) * (2 if verify else 1) + bool(sweep) + 1
        for budget in {max(4, need - 1), max(4, need)}:
            yield {
                "tables": ["events"],
                "interval_minutes": length,
                "verify_after_hours": verify,
                "sweep_days": sweep,
                "requests_per_hour": budget,
            }
    for snapshot, changes in [(0, 0), (0, 1), (1, 0), (2, 2), (45, 8), (90, 45), (1440, 15)]:
        need = sum(ceil(60 / length) for length in (snapshot, changes) if length) + 1
        for budget, tables in product({max(4, need - 1), max(4, need)}, (["people"], ["events"])):
            yield {
                "tables": tables,
                "people_snapshot_minutes": snapshot,
                "people_changes_minutes": changes,
                "requests_per_hour": budget,
            }
    yield {"settle_minutes": 60, "verify_after_hours": 1}
    yield {"settle_minutes": 59, "verify_after_hours": 1}
    yield {"settle_minutes": 1440, "verify_after_hours": 0}
    for settle, length, verify in [(0, 1440, 0), (30, 60, 24), (1440, 1440, 168)]:
        need = ceil((settle + length) / 60 + verify)
        for horizon in (need - 1, need):
            yield {
                "settle_minutes": settle,
                "interval_minutes": length,
                "verify_after_hours": verify,
                "heal_horizon_hours": horizon,
            }
