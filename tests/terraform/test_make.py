"""What the operator's commands make of Terraform: `make plan`, `make deploy`, `make destroy`."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.bundles import ROOT

INIT = "-chdir=terraform init -backend-config=backend.hcl"
_FAKE = """#!/bin/sh
case "$*" in
  version) echo "Terraform v{version}"; {between}; echo "on some_platform" ;;
  *" output -raw protect_data") {protection} ;;
  *) echo "$*" >> "{log}"; [ "$1 $2" != "-chdir=terraform {failing}" ] ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A made-up checkout, and a Terraform on PATH that only writes down how it was called."""

    root: Path

    def make(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=self.root,
            env={"PATH": f"{self.root / 'bin'}:{os.defpath}"},
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )

    def terraform(self, version: str, **behaviour: str) -> None:
        """Put it on PATH; `between` two lines, and asked for `protection`, it runs a command."""
        usual = {"failing": "nothing", "protection": "printf false", "between": ":"}
        program = self.root / "bin" / "terraform"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            _FAKE.format(version=version, log=self.root / "log", **(usual | behaviour))
        )
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        log = self.root / "log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Checkout:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "terraform" / ".terraform").mkdir(parents=True)
    for name in ("backend.hcl", "terraform.tfvars", "terraform.tf"):
        (tmp_path / "terraform" / name).touch()
    checkout = Checkout(tmp_path)
    checkout.terraform("1.11.0")
    return checkout


@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("plan", "plan"),
        ("deploy", "apply"),
        ("deploy-planner", "apply -target=module.planner"),
        ("deploy-fetcher", "apply -target=module.fetcher"),
        ("deploy-loader", "apply -target=module.loader"),
    ],
)
def test_a_target_calls_terraform(checkout: Checkout, target: str, call: str) -> None:
    """The operator's own Terraform does it, after an `init` with the operator's backend."""
    assert 0 == checkout.make(target).returncode
    assert [INIT, f"-chdir=terraform {call}"] == checkout.calls


def test_targets_are_modules() -> None:
    """The modules that one-function deployments name are those of the configuration."""
    configuration = (ROOT / "terraform" / "functions.tf").read_text()

    assert all(f'module "{name}"' in configuration for name in ("planner", "fetcher", "loader"))


def test_init_runs_when_it_must(checkout: Checkout) -> None:
    """Again after a change of the configuration or the backend, not of the variables."""
    inits = []
    for changed in ("", "terraform.tfvars", "backend.hcl", "terraform.tf", ".terraform.lock.hcl"):
        if changed:
            later = (checkout.root / "terraform" / ".terraform" / ".ready").stat().st_mtime + 2
            (checkout.root / "terraform" / changed).touch()
            os.utime(checkout.root / "terraform" / changed, (later, later))
        before = checkout.calls.count(INIT)
        checkout.make("plan")
        inits.append(checkout.calls.count(INIT) - before)
        ready = checkout.root / "terraform" / ".terraform" / ".ready"
        os.utime(ready, (ready.stat().st_mtime + 4, ready.stat().st_mtime + 4))

    assert [1, 0, 1, 1, 1] == inits


def test_a_failed_init_is_not_done(checkout: Checkout) -> None:
    """Nothing is planned on a failed `init`, and the next command tries it again."""
    checkout.terraform("1.15.5", failing="init")
    failed = checkout.make("plan")
    checkout.terraform("1.15.5")
    checkout.make("plan")

    assert 2 == failed.returncode
    assert [INIT, INIT, "-chdir=terraform plan"] == checkout.calls


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("1.9.8", False), ("1.10.5", False), ("1.11.0", True), ("1.15.5", True), ("2.0.1", True)],
)
def test_an_old_terraform_is_refused(checkout: Checkout, version: str, accepted: bool) -> None:
    """What this configuration needs came with Terraform 1.11."""
    checkout.terraform(version)
    run = checkout.make("plan")

    assert accepted == (0 == run.returncode)
    assert accepted != (f"Terraform v{version} is too old: install Terraform 1.11" in run.stderr)


@pytest.mark.parametrize("between", ["sleep 0.3", "seq 99999"], ids=["slow", "long"])
def test_a_terraform_is_heard_to_the_end(checkout: Checkout, between: str) -> None:
    """Its version is in the first line; it may write more, late, to somebody who listens."""
    checkout.terraform("1.11.0", between=between)
    run = checkout.make("plan")

    assert "" == run.stderr
    assert [INIT, "-chdir=terraform plan"] == checkout.calls


def test_no_terraform_is_said(checkout: Checkout) -> None:
    """Whoever has none learns what to install."""
    run = checkout.make("plan", "TERRAFORM=no-such-terraform")

    assert 2 == run.returncode
    assert "there is no no-such-terraform on PATH: install Terraform 1.11 or newer" in run.stderr
    assert [] == checkout.calls


OWN = {
    "backend.hcl": "terraform/backend.hcl is missing: name in it where the state is kept",
    "terraform.tfvars": "terraform/terraform.tfvars is missing: give the variables in it",
}


@pytest.mark.parametrize("missing", [["backend.hcl"], ["terraform.tfvars"], sorted(OWN)], ids=str)
def test_what_is_the_operators_is_asked_for(checkout: Checkout, missing: list[str]) -> None:
    """All of it at once; Terraform is not started to ask for what belongs into a file."""
    for name in missing:
        (checkout.root / "terraform" / name).unlink()
    run = checkout.make("deploy")

    assert 2 == run.returncode
    assert missing == [name for name, said in OWN.items() if said in run.stderr]
    assert [] == checkout.calls


@pytest.mark.parametrize(
    "name", ["terraform.tfvars.json", "web.auto.tfvars", "a.auto.tfvars.json"]
)
def test_values_may_be_in_any_file_that_terraform_reads(checkout: Checkout, name: str) -> None:
    """Of its own accord it reads more than `terraform.tfvars`."""
    values = checkout.root / "terraform" / "terraform.tfvars"
    values.rename(values.with_name(name))

    assert 0 == checkout.make("plan").returncode
    assert [INIT, "-chdir=terraform plan"] == checkout.calls


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("destroy my data\n", [INIT, "-chdir=terraform destroy"]),
        ("yes\n", [INIT]),
        ("\n", [INIT]),
        ("", [INIT]),
    ],
    ids=["agreed", "not quite", "just return", "nobody there"],
)
def test_destroy_asks(checkout: Checkout, answer: str, calls: list[str]) -> None:
    """Data is removed by nobody who has not read what goes, and typed that it may."""
    run = checkout.make("destroy", answer=answer)

    assert calls == checkout.calls
    assert all(lost in run.stdout for lost in ("every row", "every object", "ledger"))
    assert "Empty the bucket of exports before, or it stops half way" in run.stdout


def test_destroy_does_not_stop_half_way(checkout: Checkout) -> None:
    """While Terraform would keep the tables nothing else is removed, and nothing is asked."""
    checkout.terraform("1.11.0", protection="printf true")
    run = checkout.make("destroy", answer="destroy my data\n")

    assert 2 == run.returncode
    assert [INIT] == checkout.calls
    assert "" == run.stdout.replace("terraform " + INIT, "").strip()
    assert all(said in run.stderr for said in ("protect_data = false", "empty the bucket"))


def test_destroy_goes_on_where_nothing_is_known(checkout: Checkout) -> None:
    """What an earlier `destroy` has left, or was never there, has no outputs."""
    checkout.terraform("1.11.0", protection="echo no such output >&2; exit 1")
    checkout.make("destroy", answer="destroy my data\n")

    assert [INIT, "-chdir=terraform destroy"] == checkout.calls


def test_what_is_the_operators_stays_out_of_the_repository() -> None:
    """Values, the place of the state and the state itself are never committed."""
    own = ["terraform.tfvars", "web.auto.tfvars.json", "backend.hcl"]
    own += ["terraform.tfstate", ".terraform/.ready"]
    run = subprocess.run(
        ["git", "check-ignore", *(f"terraform/{name}" for name in own)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert [f"terraform/{name}" for name in own] == run.stdout.splitlines()
