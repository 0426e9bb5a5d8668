"""What Terraform would ship: the files that were tested, and no other."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local import bundles
from local.bundles import FUNCTIONS, ROOT
from local.functions import free_port
from tests.terraform import program
from tests.terraform.program import Terraform
from tests.terraform.runs import State

_START_SECONDS = 60
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
) -> Iterator[dict[str, int]]:
    """The zips of the module's output, unpacked and started; where each listens."""
    directory = tmp_path_factory.mktemp("started")
    ports, processes = {}, []
    for function, entry_point in FUNCTIONS.items():
        zipped = directory / f"{function}.zip"
        with zipfile.ZipFile(zipped, "w") as archive:
            for name, path in files[function].items():
                archive.write(path, name)
        bundles.unpack(zipped, directory / function)
        ports[function] = free_port()
        framework = ROOT / "build" / "venv" / function / "bin" / "functions-framework"
        command: list[str | Path] = [
            *(framework, "--source", directory / function / "main.py"),
            *("--target", entry_point, "--signature-type", "http"),
            *("--host", "127.0.0.1", "--port", str(ports[function])),
        ]
        processes.append(subprocess.Popen(command, env={}, stdout=-3, stderr=-3))
    try:
        for port in ports.values():
            wait_for(port)
        yield ports
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_shipped_starts(started: dict[str, int], function: str) -> None:
    """A zip of these files starts with its own requirements alone, and asks for its settings."""
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(f"http://127.0.0.1:{started[function]}", data=b"{}", timeout=30)
    with answered.value as answer:
        text = answer.read().decode()

    assert 500 == answer.code
    assert "GCP_PROJECT_ID" in text
