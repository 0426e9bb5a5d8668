"""The states that the runs of `terraform/tests/` leave, for tests to look into.

    def test_something(states: Mapping[str, State]) -> None:
        for address, topic in states["defaults"].resources("google_pubsub_topic").items(): ...

Terraform runs once for equal inputs, whichever process asks first; what came of it is kept under
`build/terraform`. A run must have `command = apply` to leave a state.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from tests.terraform import mirror, program, runs, trees
from tests.terraform.program import BUILD, Terraform
from tests.terraform.runs import State, Tested


@functools.cache
def states() -> Mapping[str, State]:
    """The state after each run, by the run's name.

    Raises:
        AssertionError: a run failed; says which and why.
    """
    providers = mirror.providers()
    tested = of_root(Terraform(program.command(), providers.environment), locked=providers.locked)
    assert not tested.complaints, "\n\n".join(tested.complaints)
    return tested.states


def of_root(terraform: Terraform, *, locked: bool) -> Tested:
    """`terraform test` of the root module; its outcome is kept when all is well."""
    inputs = (trees.digest(), terraform, terraform.version(), locked)
    tag = hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]
    kept = BUILD / "states" / f"{tag}.json"
    with mirror.alone(BUILD / "states.lock"):
        if kept.exists():
            return _read(kept)
        root = trees.copy(BUILD / "states-of", locked=locked)
        prepared = terraform.run(root, "init", "-backend=false")
        if prepared.code:
            return Tested("not initialised", (prepared.text,), {})
        tested = runs.test(terraform, root)
        if not tested.complaints:
            _write(kept, tested)
        return tested


def _write(path: Path, tested: Tested) -> None:
    for older in path.parent.glob("*.json"):
        older.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    states = {name: state.values for name, state in tested.states.items()}
    content = json.dumps({"summary": tested.summary, "states": states})
    path.write_text(content)


def _read(path: Path) -> Tested:
    content = json.loads(path.read_text())
    states = {name: State(values) for name, values in content["states"].items()}
    return Tested(content["summary"], (), states)
