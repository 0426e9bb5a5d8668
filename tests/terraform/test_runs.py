"""What is made of the output of `terraform test`, and what a check makes of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import check, runs, trees
from tests.terraform.program import Terraform
from tests.terraform.runs import State

TOPIC = {"address": "t.a", "type": "topic", "mode": "managed", "values": {"name": "a"}}
INNER = {"address": "module.m.t.b", "type": "topic", "mode": "managed", "values": {"name": "b"}}
LOOKED_UP = {"address": "data.t.c", "type": "topic", "mode": "data", "values": {"name": "c"}}
STATE: dict[str, Any] = {
    "outputs": {"url": {"value": "https://example.com"}},
    "root_module": {
        "resources": [TOPIC, LOOKED_UP],
        "child_modules": [{"resources": [INNER], "child_modules": [{}]}],
    },
}
PASSED: dict[str, Any] = {"type": "test_run", "test_run": {"status": "pass"}}
SUMMARY: dict[str, Any] = {"type": "test_summary", "@message": "Success! 1 passed, 0 failed."}
WRONG: dict[str, Any] = {
    "type": "diagnostic",
    "@testrun": "names",
    "diagnostic": {
        "severity": "error",
        "summary": "Test assertion failed",
        "detail": "The name must be short.",
        "range": {"filename": "tests/names.tftest.hcl", "start": {"line": 7}},
    },
}
WARNING: dict[str, Any] = {
    "type": "diagnostic",
    "diagnostic": {"severity": "warning", "summary": "w"},
}


def left(run: str) -> dict[str, Any]:
    return {"type": "test_state", "@testrun": run, "test_state": STATE}


def terraform(tmp_path: Path, answers: dict[str, tuple[int, str]]) -> Terraform:
    """A Terraform that gives prepared answers, by the name of the command; others succeed."""
    script = tmp_path / "terraform.py"
    script.write_text(
        "import sys\n"
        f"code, text = {answers!r}.get(sys.argv[2], (0, ''))\n"
        "print(text)\n"
        "sys.exit(code)\n"
    )
    return Terraform((sys.executable, str(script)), {})


def ended(tmp_path: Path, code: int, *events: dict[str, Any]) -> runs.Tested:
    text = "\n".join(json.dumps(event) for event in events)
    return runs.test(terraform(tmp_path, {"test": (code, text)}), tmp_path)


def test_a_state_is_searched_everywhere() -> None:
    """Resources are found in the root and in modules, data sources apart from them."""
    state = State(STATE)

    assert {"url": "https://example.com"} == state.outputs
    assert {"t.a": {"name": "a"}, "module.m.t.b": {"name": "b"}} == state.resources("topic")
    assert {"data.t.c": {"name": "c"}} == state.data("topic")
    assert {"name": "b"} == state.resource("module.m.t.b")
    with pytest.raises(KeyError, match=r"no t\.x among data\.t\.c, module\.m\.t\.b, t\.a"):
        state.resource("t.x")


def test_runs_that_pass_leave_their_states(tmp_path: Path) -> None:
    """Each run's state is kept under its name; warnings are no complaints."""
    outcome = ended(tmp_path, 0, PASSED, WARNING, left("defaults"), left("full"), SUMMARY)

    assert () == outcome.complaints
    assert "Success! 1 passed, 0 failed." == outcome.summary
    assert {"defaults": State(STATE), "full": State(STATE)} == outcome.states


def test_a_run_that_fails_is_named(tmp_path: Path) -> None:
    """A complaint says where, what and in which run."""
    assert (
        'tests/names.tftest.hcl:7: Test assertion failed (run "names")\nThe name must be short.',
    ) == ended(tmp_path, 1, PASSED, WRONG, SUMMARY).complaints


def test_an_expected_failure_is_no_complaint(tmp_path: Path) -> None:
    """Of a run that passes although something is refused, that was to be refused."""
    passed = PASSED | {"@testrun": "names"}

    assert () == ended(tmp_path, 0, passed, WRONG, SUMMARY).complaints


def test_no_test_is_no_success(tmp_path: Path) -> None:
    """Terraform calls an empty set of tests a success; here it is a complaint."""
    assert ("no test ran",) == ended(tmp_path, 0, SUMMARY).complaints


def test_a_broken_terraform_is_no_success(tmp_path: Path) -> None:
    """What ends without a diagnostic still says what it said."""
    outcome = runs.test(terraform(tmp_path, {"test": (3, "out of order")}), tmp_path)

    assert ("out of order", "no test ran") == outcome.complaints


def test_names_of_runs_are_unique(tmp_path: Path) -> None:
    """A state could otherwise be that of another file's run."""
    outcome = ended(tmp_path, 0, PASSED, left("defaults"), left("defaults"))

    assert ('two runs are called "defaults": give one of them another name',) == outcome.complaints


@pytest.mark.parametrize(
    ("answers", "steps"),
    [
        ({}, {"init terraform/m": "", "validate terraform/m": ""}),
        ({"init": (1, "no provider")}, {"init terraform/m": "no provider"}),
        ({"validate": (1, "bad")}, {"init terraform/m": "", "validate terraform/m": "bad"}),
        ({"validate": (1, "")}, {"init terraform/m": "", "validate terraform/m": "exit code 1"}),
    ],
    ids=["well", "cannot be initialised", "not valid", "fails without a word"],
)
def test_a_check_reports_each_step(
    tmp_path: Path, answers: dict[str, tuple[int, str]], steps: dict[str, str]
) -> None:
    """What fails is said with all that Terraform said, and nothing that follows is called fine."""
    root = tmp_path / "terraform"
    (root / "m").mkdir(parents=True)
    checked = check.Check(terraform(tmp_path, answers), root, locked=False)

    assert steps == {step.name: step.complaint for step in checked.valid(root / "m")}


def test_a_step_in_a_line() -> None:
    """One line a step, failures in capitals."""
    assert "ok       1.2 s  fmt  (all)" == str(check.Step("fmt", 1.23, note="all"))
    assert "FAILED  12.0 s  fmt" == str(check.Step("fmt", 12.0, "because"))


def test_everything_is_checked_by_itself(tmp_path: Path) -> None:
    """The root, each module and each example is a configuration that must be valid alone."""
    root = trees.copy(tmp_path, locked=False)
    found = {str(path.relative_to(root)) for path in trees.configurations(root)}

    assert {
        ".",
        "examples/full",
        "examples/minimal",
        "modules/bundle",
        "modules/function",
        "modules/trigger",
    } == found
    assert trees.has_tests(root)


def test_a_copy_is_what_is_deployed(tmp_path: Path) -> None:
    """A copy holds what Terraform reads, and the lock file exactly when it holds."""
    for locked in (False, True):
        root = trees.copy(tmp_path, locked=locked)
        locks = [(path / trees.LOCK_FILE).exists() for path in trees.configurations(root)]
        assert {locked} == set(locks)
        assert not list(tmp_path.rglob("__pycache__"))
        assert (root / "../functions/planner/main.py").exists()
        assert (root / "../shared/mixpanel_export/__init__.py").exists()
