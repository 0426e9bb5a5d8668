"""What Terraform would ship: the files that were tested, and no other."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from local import bundles
from local.bundles import FUNCTIONS, ROOT
from local.functions import FunctionProcess
from tests.terraform import program
from tests.terraform.program import Terraform
from tests.terraform.runs import State

_BUNDLES = """
module "bundle" {
  source   = "%s/terraform/modules/bundle"
  for_each = toset(["planner", "fetcher", "loader"])

  function = each.key
  root     = "%s"
}

output "files" {
  value = { for function, bundle in module.bundle : function => bundle.files }
}
"""


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What the module says, applied by Terraform without any provider."""
    directory = tmp_path_factory.mktemp("bundles")
    (directory / "main.tf").write_text(_BUNDLES % (ROOT, ROOT))
    terraform = Terraform(program.command(), {})
    for command in (("init",), ("apply", "-auto-approve")):
        done = terraform.run(directory, *command)
        assert 0 == done.code, done.text
    shown = terraform.run(directory, "output", "-json")
    files: dict[str, dict[str, str]] = json.loads(shown.output)["files"]["value"]
    return files


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_module_has_the_rule_of_the_tests(
    files: dict[str, dict[str, str]], function: str
) -> None:
    """Terraform zips the same files, under the same names, as the bundles that tests run."""
    assert bundles.members(function) == {
        name: Path(path) for name, path in files[function].items()
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_root_zips_what_the_module_says(states: Mapping[str, State], function: str) -> None:
    """The archive of each function holds exactly these files, byte for byte."""
    archive = states["defaults"].resource(f"module.{function}.data.archive_file.bundle")

    assert {name: path.read_text() for name, path in bundles.members(function).items()} == {
        source["filename"]: source["content"] for source in archive["source"]
    }


@pytest.fixture(name="started", scope="module")
def _started(
    files: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, FunctionProcess]]:
    """The zips of the module's output, unpacked and started without any settings."""
    directory = tmp_path_factory.mktemp("started")
    processes = {}
    with ExitStack() as stack:
        for function in FUNCTIONS:
            zipped, source = directory / f"{function}.zip", directory / function
            with zipfile.ZipFile(zipped, "w") as archive:
                for name, path in files[function].items():
                    archive.write(path, name)
            bundles.unpack(zipped, source)
            process = FunctionProcess(function, {}, directory / f"{function}.log", source=source)
            stack.callback(process.kill)
            processes[function] = process.start()
        for process in processes.values():
            process.wait_until_ready()
        yield processes


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_shipped_starts(started: dict[str, FunctionProcess], function: str) -> None:
    """A zip of these files starts with its own requirements alone, and asks for its settings."""
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(started[function].url, data=b"{}", timeout=30)
    with answered.value as answer:
        text = answer.read().decode()

    assert 500 == answer.code
    assert "GCP_PROJECT_ID" in text
