"""Known risks in the configuration, as checkov sees them, without any call to its maker.

A finding is accepted by a comment in the block it is about, which says why:
`#checkov:skip=CKV_GCP_62:objects are read by one account, whose accesses are in the audit log`.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.bundles import ROOT
from tests.terraform.program import impersonal

_PYTHON = ROOT / "build" / "venv" / "checkov" / "bin" / "python"
_SCANNER = Path(__file__).parent / "scanner.py"
_ARGUMENTS = (
    *("--framework", "terraform"),
    *("--output", "json"),
    *("--download-external-modules", "false"),
    "--skip-download",
    "--quiet",
    "--compact",
)
_BROKEN = 2


@dataclass(frozen=True, slots=True)
class Scan:
    """What checkov said of a configuration."""

    findings: tuple[str, ...]
    passed: int
    accepted: int

    @property
    def note(self) -> str:
        """How much was looked at, in a few words."""
        return f"{self.passed} passed, {self.accepted} accepted with a reason"


def scan(root: Path) -> Scan:
    """Have checkov look at a configuration and its modules.

    Raises:
        SystemExit: checkov is not installed.
    """
    if not _PYTHON.exists():
        raise SystemExit("checkov is not installed: make terraform-check installs it")
    run = subprocess.run(
        [_PYTHON, _SCANNER, "--directory", root, *_ARGUMENTS],
        # Its own log would first complain that its maker cannot be reached.
        env={
            **impersonal(os.environ),
            "LOG_LEVEL": "CRITICAL",
            "CHECKOV_RUN_SCA_PACKAGE_SCAN": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode >= _BROKEN or not run.stdout.strip():
        return Scan((run.stdout + run.stderr,), 0, 0)
    return of_report(json.loads(run.stdout))


def of_report(report: Any) -> Scan:
    """What a report says; one without any resource in it is itself a finding."""
    summary, results = report.get("summary", report), report.get("results", {})
    findings = [
        f"{check['file_path'].lstrip('/')}:{check['file_line_range'][0]}: {check['resource']}\n"
        f"    {check['check_id']}: {check['check_name']}"
        for check in results.get("failed_checks", [])
    ]
    findings += [f"cannot be parsed: {path}" for path in results.get("parsing_errors", [])]
    if not summary.get("resource_count"):
        findings.append("checkov found no resource to look at")
    return Scan(tuple(findings), summary.get("passed", 0), summary.get("skipped", 0))
