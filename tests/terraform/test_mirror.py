"""Which Terraform and which providers a check uses."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.bundles import ROOT
from local.functions import free_port
from tests.terraform import mirror, program, wheels
from tests.terraform.program import Terraform
from tests.terraform.trees import LOCK_FILE

_LOCKED = re.compile(r'provider "registry\.terraform\.io/hashicorp/(\w+)" \{\s+version\s+= "(.+)"')


@pytest.fixture(name="page")
def _page() -> Iterator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/there" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_registry_that_answers_is_used(page: str) -> None:
    """The real providers are taken wherever they can be had."""
    assert "" == mirror.unreachable(f"{page}/there")


def test_a_registry_that_does_not_answer_is_named(page: str) -> None:
    """Whoever reads the outcome of a check knows why stubs stood in."""
    assert "Internal Server Error" == mirror.unreachable(f"{page}/broken")
    assert "Connection refused" in mirror.unreachable(f"http://127.0.0.1:{free_port()}/")


def test_real_providers_are_kept_and_locked(tmp_path: Path) -> None:
    """Real providers are downloaded once, and must be those of the lock file."""
    providers = mirror.registry(tmp_path)
    configuration = Path(providers.environment["TF_CLI_CONFIG_FILE"]).read_text()

    assert providers.locked
    assert f'plugin_cache_dir = "{tmp_path / "plugins"}"\n' == configuration
    assert (tmp_path / "plugins").is_dir()


def test_a_provider_in_the_cache_is_not_fetched_again(tmp_path: Path) -> None:
    """Although the lock file has no hashes: the second of two configurations finds it there."""
    stubs, real = mirror.stubs(program.BUILD, "not asked"), mirror.registry(tmp_path / "build")
    configuration = Path(real.environment["TF_CLI_CONFIG_FILE"])
    # What a registry would give comes from the stubs' mirror.
    source = Path(stubs.environment["TF_CLI_CONFIG_FILE"]).read_text()
    configuration.write_text(configuration.read_text() + source)
    terraform = Terraform(program.command(), {**stubs.environment, **real.environment})
    said = [initialised(terraform, tmp_path / name) for name in ("first", "second")]

    assert ["- Installing", "- Using"] == [
        text[0].partition(" hashicorp/time ")[0] for text in said
    ]


def initialised(terraform: Terraform, directory: Path) -> list[str]:
    """Of `terraform init` with one provider that is locked, what it says of the version."""
    directory.mkdir()
    wanted = {"time": {"source": "hashicorp/time"}}
    content = {
        "terraform": {"required_providers": wanted},
        "resource": {"time_static": {"now": {}}},
    }
    (directory / "main.tf.json").write_text(json.dumps(content))
    version = dict(_LOCKED.findall((ROOT / "terraform" / LOCK_FILE).read_text()))["time"]
    locked = f'provider "{mirror.REGISTRY}/hashicorp/time" {{\n  version = "{version}"\n}}\n'
    (directory / LOCK_FILE).write_text(locked)
    done = terraform.run(directory, "init")
    assert not done.code, done.text
    return [line for line in done.output.splitlines() if f" v{version}" in line]


def test_a_stub_may_be_in_any_directory(tmp_path: Path) -> None:
    """Whatever is in a path, quotes included."""
    build = tmp_path / "somebody's own"
    mirror.stubs(program.BUILD, "not asked")
    shutil.copytree(program.BUILD / "schemas", build / "schemas")
    terraform = Terraform(program.command(), mirror.stubs(build, "not asked").environment)
    initialised(terraform, tmp_path / "configuration")
    outcome = terraform.run(tmp_path / "configuration", "validate")

    assert 0 == outcome.code, outcome.text


def test_checked_versions_are_deployed_versions() -> None:
    """The schemas are those of the versions that the lock file gives an operator."""
    locked = dict(_LOCKED.findall((ROOT / "terraform" / LOCK_FILE).read_text()))
    versions = ", ".join(f"{name} {locked[name]}" for name in sorted(locked))

    assert f"schemas of {versions} " in mirror.stubs(program.BUILD, "not asked").source


def test_each_provider_is_pinned_by_its_hash() -> None:
    """No schema comes from a package that is not exactly the pinned one."""
    text = wheels.PINS.read_text().replace("\\\n", " ")
    pins = [line.split() for line in text.splitlines()]

    assert pins
    assert all(re.fullmatch(r"cdktn-provider-\w+==[\d.]+", pin) for pin, *_ in pins)
    assert all(
        hashes and all(h.startswith("--hash=sha256:") for h in hashes) for _, *hashes in pins
    )


def test_a_stub_goes_with_its_terraform(tmp_path: Path) -> None:
    """A stub whose Terraform is gone ends by itself: none is left on a machine."""
    schema = tmp_path / "empty.bin"
    schema.write_bytes(b"")
    stub = Path(program.__file__).parent / "provider.py"
    starter = "import os, subprocess, sys; stub = subprocess.Popen(sys.argv[1:], stdout=-1);"
    starter += "print(stub.stdout.readline().decode().strip(), flush=True); os._exit(1)"
    run = subprocess.run(
        [sys.executable, "-c", starter, sys.executable, stub, schema],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    socket = Path(run.stdout.strip().split("|")[3])
    deadline = time.monotonic() + 20
    while socket.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert f"1|6|unix|{socket}|grpc\n" == run.stdout
    assert not socket.exists()


def test_terraform_is_the_pinned_one_unless_named() -> None:
    """TERRAFORM names another; one that is not there is an error, never a reason to skip."""
    assert "packaged.py" == Path(program.command({})[1]).name
    assert (sys.executable,) == program.command({"TERRAFORM": sys.executable})
    with pytest.raises(SystemExit, match="TERRAFORM=nowhere/terraform is no program"):
        program.command({"TERRAFORM": "nowhere/terraform"})


def test_a_check_is_nobodys() -> None:
    """Neither credentials nor variables of whoever runs a check have a part in it."""
    kept = {"PATH": "/bin", "HOME": "/root", "LANG": "C"}
    left_out = dict.fromkeys(
        ("TF_VAR_region", "TF_CLI_ARGS", "TF_WORKSPACE", "GOOGLE_CREDENTIALS", "CLOUDSDK_CONFIG"),
        "mine",
    )

    assert kept == program.impersonal(kept | left_out)
