"""What Terraform says of many sets of inputs at once, by the root module's own variables.

`terraform/tests/inputs` holds the variables and what follows from them alone. Each set of inputs
makes an instance of it, in a configuration without any provider, so that hundreds take seconds.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local import terraform_tables
from local.bundles import ROOT
from tests.terraform import program
from tests.terraform.program import Terraform

Inputs = Mapping[str, Any]

REQUIRED: Final[dict[str, Any]] = {
    "mixpanel_project_id": "1234567",
    "notification_emails": ["data@example.com"],
    "project_id": "acme-analytics",
    "region": "europe-west1",
}
NAMES = frozenset(each.name for each in terraform_tables.inputs())

_MODULE = ROOT / "terraform" / "tests" / "inputs"
_SETS = "sets.json"
_MAIN = {
    "module": {
        "set": {
            "source": "./inputs",
            "for_each": f'${{jsondecode(file("{_SETS}"))}}',
            "which_set": "${each.key}",
            **{name: f"${{each.value.{name}}}" for name in sorted(NAMES)},
        }
    },
    "output": {"derived": {"value": "${module.set}"}},
}


@dataclass(frozen=True, slots=True)
class Said:
    """Of one set of inputs: why it is refused, or what follows from it."""

    refusals: tuple[str, ...]
    derived: Mapping[str, Any]


def ask(sets: Sequence[Inputs], directory: Path) -> list[Said]:
    """Have each set of inputs judged; what is not in it has its default, or that of REQUIRED.

    The directory must be empty.
    """
    terraform = Terraform(program.command(), {})
    _copy(directory / "inputs")
    (directory / "main.tf.json").write_text(json.dumps(_MAIN))
    prepared = terraform.run(directory, "init")
    assert not prepared.code, prepared.text
    nothing: dict[str, Any] = dict.fromkeys(NAMES)
    left = {str(n): nothing | REQUIRED | dict(given) for n, given in enumerate(sets)}
    refusals: dict[str, list[str]] = defaultdict(list)
    # Again without those that were refused, as some rules are not reached before.
    while True:
        (directory / _SETS).write_text(json.dumps(left))
        planned = terraform.run(directory, "plan", "-json", "-out=planned")
        if not planned.code:
            break
        for key, message in _complaints(planned.output):
            refusals[key].append(message)
            left.pop(key, None)
    shown = json.loads(terraform.run(directory, "show", "-json", "planned").output)
    derived = shown["planned_values"]["outputs"]["derived"]["value"]
    keys = map(str, range(len(sets)))
    return [Said(tuple(refusals.get(key, ())), derived.get(key, {})) for key in keys]


def _copy(directory: Path) -> None:
    """The module, but for its messages: each begins with its set, as Terraform says no more."""
    shutil.copytree(_MODULE, directory)
    (directory / "which_set.tf").write_text('variable "which_set" {}\n')
    for path in directory.glob("variables*.tf"):
        text = path.read_text()
        path.write_text(text.replace('error_message = "', 'error_message = "${var.which_set}|'))


def _complaints(output: str) -> Iterator[tuple[str, str]]:
    """Of which set each complaint is, and what it says."""
    for event in map(json.loads, output.splitlines()):
        if event["type"] == "diagnostic":
            detail = event["diagnostic"]["detail"]
            found = re.fullmatch(r"(\d+)\|(.*?)\n\nThis was .*", detail, re.DOTALL)
            assert found, event
            yield found[1], found[2]
