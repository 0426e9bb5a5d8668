"""What `terraform test` found: the state that each run left, and what was wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.terraform.program import Terraform

Json = Any


@dataclass(frozen=True, slots=True)
class State:
    """What a run with `command = apply` made; values that a cloud computes are made up."""

    values: Json

    @property
    def outputs(self) -> dict[str, Json]:
        """The value of each output of the root module."""
        outputs = self.values.get("outputs", {})
        return {name: output.get("value") for name, output in outputs.items()}

    def resources(self, kind: str, mode: str = "managed") -> dict[str, Json]:
        """The arguments and results of all resources of a type, by address; also in modules."""
        return {
            each["address"]: each["values"]
            for each in _resources(self.values["root_module"])
            if each["type"] == kind and each["mode"] == mode
        }

    def data(self, kind: str) -> dict[str, Json]:
        """The same of data sources."""
        return self.resources(kind, mode="data")

    def resource(self, address: str) -> Json:
        """The arguments and results of one resource or data source.

        Raises:
            KeyError: there is none; names those that there are.
        """
        found = {each["address"]: each["values"] for each in self.everything()}
        if address not in found:
            raise KeyError(f"no {address} among {', '.join(sorted(found))}")
        return found[address]

    def everything(self) -> Iterator[Json]:
        """Every resource and data source, as `terraform show -json` has it."""
        return _resources(self.values["root_module"])


@dataclass(frozen=True, slots=True)
class Tested:
    """The end of `terraform test`: a summary, complaints (none if it passed), and states."""

    summary: str
    complaints: tuple[str, ...]
    states: Mapping[str, State]


def test(terraform: Terraform, configuration: Path) -> Tested:
    """Run all tests of a configuration that has been initialised.

    A run's state is found under the run's name, so names must differ between files, too.
    """
    outcome = terraform.run(configuration, "test", "-json", "-verbose")
    events = [json.loads(line) for line in outcome.output.splitlines() if line.startswith("{")]
    states: dict[str, State] = {}
    complaints = [_complaint(event) for event in _diagnostics(events)]
    for event in events:
        if "test_state" in event:
            name = event["@testrun"]
            if name in states:
                complaints.append(f'two runs are called "{name}": give one of them another name')
            states[name] = State(event["test_state"])
    if outcome.code and not complaints:
        complaints.append(outcome.text)
    summaries = [event["@message"] for event in events if event.get("type") == "test_summary"]
    summary = summaries[-1] if summaries else "nothing"
    if not any(event.get("test_run", {}).get("status") for event in events):
        complaints.append("no test ran")
    return Tested(summary, tuple(filter(None, complaints)), states)


def _diagnostics(events: Sequence[Json]) -> Iterator[Json]:
    """What was said of runs that did not pass; of one that did, it was expected to fail."""
    runs = [event for event in events if "@testrun" in event and "test_run" in event]
    passed = {run["@testrun"] for run in runs if run["test_run"].get("status") == "pass"}
    for event in events:
        if event.get("type") == "diagnostic" and event.get("@testrun") not in passed:
            yield event


def _complaint(event: Json) -> str:
    diagnostic = event["diagnostic"]
    if diagnostic.get("severity") != "error":
        return ""
    where = diagnostic.get("range") or {}
    place = f"{where['filename']}:{where['start']['line']}: " if where else ""
    run = f' (run "{event["@testrun"]}")' if "@testrun" in event else ""
    return f"{place}{diagnostic['summary']}{run}\n{diagnostic.get('detail', '')}".strip()


def _resources(module: Json) -> Iterator[Json]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)
