"""Known risks: they are found, and only accepted with a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local.bundles import ROOT
from tests.terraform import scan
from tests.terraform.scan import Scan

_SKIP = re.compile(r"checkov:skip=(?P<what>[^\n]*)")
_WITH_REASON = re.compile(r"CKV2?_GCP_\d+:\S+( \S+){2,}")
_BUCKETS = """
variable "uniform" {
  default = { open = false, closed = true }
}

resource "google_storage_bucket" "open" {
  location                    = "EU"
  name                        = "open"
  uniform_bucket_level_access = var.uniform.open
}

resource "google_storage_bucket" "closed" {
  location                    = "EU"
  name                        = "closed"
  uniform_bucket_level_access = var.uniform.closed
}

resource "google_storage_bucket" "accepted" {
  #checkov:skip=CKV_GCP_29:This one is for a test of ours.
  location = "EU"
  name     = "accepted"
}
"""
_FINDING = {
    "check_id": "CKV_GCP_29",
    "check_name": "Ensure uniform access",
    "file_line_range": [3, 9],
    "file_path": "/main.tf",
    "resource": "google_storage_bucket.open",
}


def test_each_accepted_risk_has_a_reason() -> None:
    """Whoever reads a skip learns in a few words why the risk is none here."""
    skips = [
        f"{path.relative_to(ROOT)}: {match['what']}"
        for path in sorted((ROOT / "terraform").rglob("*.tf"))
        for match in _SKIP.finditer(path.read_text())
    ]

    assert skips
    assert [] == [skip for skip in skips if not _WITH_REASON.fullmatch(skip.partition(": ")[2])]


@pytest.fixture(name="scanned", scope="module")
def _scanned(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    directory = tmp_path_factory.mktemp("scanned")
    (directory / "main.tf").write_text(_BUCKETS)
    return scan.scan(directory)


def test_risks_are_found_and_accepted_one_by_one(scanned: Scan) -> None:
    """A bucket without uniform access is found, unless that is accepted for this one bucket."""
    found = [each.partition("\n")[0] for each in scanned.findings if "CKV_GCP_29:" in each]

    assert ["main.tf:6: google_storage_bucket.open"] == found
    assert 1 == scanned.accepted


@pytest.mark.parametrize(
    ("report", "findings"),
    [
        ({"summary": {"resource_count": 3, "passed": 7}}, ()),
        ({"summary": {"resource_count": 0}}, ("checkov found no resource to look at",)),
        ({"passed": 0, "resource_count": 0}, ("checkov found no resource to look at",)),
        (
            {"summary": {"resource_count": 1}, "results": {"failed_checks": [_FINDING]}},
            ("main.tf:3: google_storage_bucket.open\n    CKV_GCP_29: Ensure uniform access",),
        ),
        (
            {"summary": {"resource_count": 1}, "results": {"parsing_errors": ["/a.tf"]}},
            ("cannot be parsed: /a.tf",),
        ),
    ],
    ids=["clean", "nothing", "nothing in short", "a risk", "not parsed"],
)
def test_a_report(report: Any, findings: tuple[str, ...]) -> None:
    """Only a report about something, in which nothing failed, is clean."""
    assert findings == scan.of_report(report).findings
