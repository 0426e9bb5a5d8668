"""Which Terraform the checks run, and how: the pinned one, or another that TERRAFORM names."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.bundles import ROOT

BUILD = ROOT / "build" / "terraform"
_PACKAGED = ROOT / "build" / "venv" / "terraform" / "bin" / "python"
_LAUNCHER = Path(__file__).parent / "packaged.py"
_SECONDS = 600
# What would make an outcome depend on who runs it: variables, credentials, workspaces.
_PERSONAL = ("CLOUDSDK_", "GCLOUD_", "GOOGLE_", "TF_")
_QUIET = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command of Terraform said; `code` 0 is success."""

    code: int
    output: str
    complaint: str

    @property
    def text(self) -> str:
        """All of it, for eyes."""
        return "\n".join(part.strip() for part in (self.output, self.complaint) if part.strip())


@dataclass(frozen=True, slots=True)
class Terraform:
    """A Terraform and the environment in which it finds its providers."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    def run(self, directory: Path, *arguments: str) -> Outcome:
        """Run one command in a directory, without colours."""
        run = subprocess.run(
            [*self.command, f"-chdir={directory}", arguments[0], "-no-color", *arguments[1:]],
            env={**impersonal(os.environ), **_QUIET, **self.environment},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Outcome(run.returncode, run.stdout, run.stderr)

    def version(self) -> str:
        """Its name and version, such as `Terraform v1.15.5`."""
        return self.run(ROOT, "version").output.partition("\n")[0]


def command(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """How to start Terraform.

    Raises:
        SystemExit: TERRAFORM names no program, or the pinned one is not installed.
    """
    named = environment.get("TERRAFORM")
    if named:
        found = shutil.which(named)
        if not found:
            raise SystemExit(f"TERRAFORM={named} is no program: unset it to use the pinned one")
        return (found,)
    if not _PACKAGED.exists():
        raise SystemExit("the pinned Terraform is not installed: make terraform-check installs it")
    return (str(_PACKAGED), str(_LAUNCHER))


def impersonal(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what belongs to a person or to a deployment."""
    return {name: value for name, value in environment.items() if not name.startswith(_PERSONAL)}
