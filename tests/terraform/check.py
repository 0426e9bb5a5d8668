"""`make terraform-check`: the configuration is well-formed, valid, tested and without known risks.

Works on a copy under `build/terraform`. One line a step; of a step that fails, everything it says.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.terraform import mirror, program, runs, scan, states, trees
from tests.terraform.program import BUILD, Terraform


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found: nothing to complain of, or `complaint`."""

    name: str
    seconds: float
    complaint: str = ""
    note: str = ""

    def __str__(self) -> str:
        verdict = "FAILED" if self.complaint else "ok"
        note = f"  ({self.note})" if self.note else ""
        return f"{verdict:<7}{self.seconds:5.1f} s  {self.name}{note}"


@dataclass(frozen=True, slots=True)
class Check:
    """All steps for one Terraform and one copy of the configuration."""

    terraform: Terraform
    root: Path
    locked: bool

    def work(self) -> list[Callable[[], list[Step]]]:
        """Independent pieces of work, the longest first; each gives its steps, in order."""
        return [
            lambda: [self._states()],
            lambda: [self._checkov()],
            *(self._configuration(each) for each in trees.configurations(self.root)),
            lambda: [self._format()],
        ]

    def _configuration(self, directory: Path) -> Callable[[], list[Step]]:
        return lambda: list(self.valid(directory))

    def valid(self, directory: Path) -> Iterator[Step]:
        """One configuration: initialised, valid, and its own tests pass."""
        name = str(directory.relative_to(self.root.parent))
        prepared = self._command(f"init {name}", directory, "init", "-backend=false")
        yield prepared
        if prepared.complaint:
            return
        yield self._command(f"validate {name}", directory, "validate")
        if directory != self.root and trees.has_tests(directory):
            yield _step(f"test {name}", lambda: _verdict(runs.test(self.terraform, directory)))

    def _states(self) -> Step:
        return _step(
            f"test {self.root.name}",
            lambda: _verdict(states.of_root(self.terraform, locked=self.locked)),
        )

    def _format(self) -> Step:
        return self._command(
            f"fmt {self.root.name}", self.root, "fmt", "-check", "-recursive", "-diff"
        )

    def _checkov(self) -> Step:
        def look() -> tuple[str, str]:
            found = scan.scan(self.root)
            return "\n".join(found.findings), found.note

        return _step(f"checkov {self.root.name}", look)

    def _command(self, name: str, directory: Path, *arguments: str) -> Step:
        def run() -> tuple[str, str]:
            outcome = self.terraform.run(directory, *arguments)
            return (outcome.text or f"exit code {outcome.code}") if outcome.code else "", ""

        return _step(name, run)


def _verdict(tested: runs.Tested) -> tuple[str, str]:
    return "\n\n".join(tested.complaints), tested.summary


def _step(name: str, work: Callable[[], tuple[str, str]]) -> Step:
    started = time.monotonic()
    complaint, note = work()
    return Step(name, time.monotonic() - started, complaint, note)


def main() -> int:
    """Run all of it; 1 if anything failed."""
    started = time.monotonic()
    providers = mirror.providers()
    terraform = Terraform(program.command(), providers.environment)
    print(f"{terraform.version()}, {providers.source}", flush=True)
    with mirror.alone(BUILD / "check.lock"):
        root = trees.copy(BUILD / "check", locked=providers.locked)
        # Terraform's cache of real providers is not for two at once.
        at_once = 1 if providers.locked else 2
        failed = _report(Check(terraform, root, providers.locked).work(), at_once)
    print(f"{'failed' if failed else 'passed'} in {time.monotonic() - started:.0f} s")
    return int(failed > 0)


def _report(work: list[Callable[[], list[Step]]], at_once: int) -> int:
    """Do it, and show each step when it is done; how many failed."""
    failed = 0
    with ThreadPoolExecutor(at_once) as pool:
        for done in as_completed([pool.submit(each) for each in work]):
            for step in done.result():
                failed += bool(step.complaint)
                print("\n".join(filter(None, (str(step), step.complaint))), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
