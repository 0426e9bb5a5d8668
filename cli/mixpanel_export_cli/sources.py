"""Where the outputs of a deployment are read: a file, Terraform, or a local stack."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixpanel_export.errors import Setup

STACK = Path("build/up")
TERRAFORM = Path("terraform")
_STATE_OF_STACK = "stack.json"
_STATES_OF_TERRAFORM = (".terraform", "terraform.tfstate")
_TERRAFORM_SECONDS = 120

Outputs = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """What the operator said about the place; the first that is given counts.

    `outputs` is a file or `-`, for standard input; `terraform` and `stack` are directories.
    """

    outputs: str | None = None
    terraform: Path | None = None
    stack: Path | None = None

    def read(self) -> tuple[str, Outputs]:
        """The outputs, and where they come from; nothing said means what is here.

        Raises:
            Setup: they cannot be read, or there is nothing here.
        """
        if self.outputs is not None:
            return _file(self.outputs)
        if self.terraform is not None:
            return _terraform(self.terraform)
        if self.stack is not None:
            return _stack(self.stack)
        if _is_running(STACK):
            return _stack(STACK)
        if any((TERRAFORM / state).exists() for state in _STATES_OF_TERRAFORM):
            return _terraform(TERRAFORM)
        raise Setup(
            "no deployment is known: give --outputs FILE with the text of `terraform output "
            "-json`, or --terraform DIR, or start a local stack with `make up`"
        )


def _file(name: str) -> tuple[str, Outputs]:
    source = "standard input" if name == "-" else name
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Setup(f"{source} cannot be read ({type(error).__name__}): check --outputs") from None
    return source, _parsed(source, text)


def _terraform(directory: Path) -> tuple[str, Outputs]:
    command = ["terraform", "output", "-json"]
    source = f"`terraform output` in {directory}"
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=_TERRAFORM_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise Setup(
            f"{source} did not run: is terraform installed, and {directory} there?"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Setup(f"{source} did not run ({type(error).__name__})") from None
    if done.returncode:
        raise Setup(f"{source} failed; run it there to see why:\n{done.stderr.strip()[-500:]}")
    return source, _parsed(source, done.stdout)


def _stack(directory: Path) -> tuple[str, Outputs]:
    if not _is_running(directory):
        raise Setup(f"no local stack runs in {directory}: start one with `make up`")
    source = f"the local stack in {directory}"
    return source, _parsed(source, (directory / _STATE_OF_STACK).read_text(encoding="utf-8"))


def _is_running(directory: Path) -> bool:
    """Whether a stack wrote its state there and its planner listens."""
    try:
        state = json.loads((directory / _STATE_OF_STACK).read_text(encoding="utf-8"))
        url = urllib.parse.urlsplit(state["planner_url"]["value"])
        with socket.socket() as probe:
            return probe.connect_ex((url.hostname, url.port)) == 0
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _parsed(source: str, text: str) -> Outputs:
    try:
        outputs = json.loads(text)
    except ValueError:
        outputs = None
    if not isinstance(outputs, dict):
        raise Setup(f"{source} holds no JSON object: give the text of `terraform output -json`")
    return outputs
