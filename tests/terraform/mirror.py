"""Where Terraform finds its providers: in the registry, or, without a network, in a mirror here.

The mirror's providers are stubs with the true schemas (see `provider.py`), in the layout of
https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import platform
import shlex
import shutil
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.terraform import protocol, schemas, wheels
from tests.terraform.program import BUILD

REGISTRY = "registry.terraform.io"
_DISCOVERY = f"https://{REGISTRY}/.well-known/terraform.json"
_PROBE_SECONDS = 3
_HERE = Path(__file__).parent
_READERS = (wheels.PINS, _HERE / "wheels.py", _HERE / "schemas.py", _HERE / "protocol.py")
_SCRIPT = """#!/bin/sh
exec {python} {stub} {schema}
"""


@dataclass(frozen=True, slots=True)
class Providers:
    """Where providers come from, in words and as Terraform's environment.

    `locked` says whether the lock file holds for them: a stub has no hash that it could have.
    """

    source: str
    environment: Mapping[str, str]
    locked: bool


def providers() -> Providers:
    """The real ones where their registry can be reached, else the stubs."""
    obstacle = unreachable(_DISCOVERY)
    return stubs(BUILD, obstacle) if obstacle else registry(BUILD)


def unreachable(url: str) -> str:
    """Why a page cannot be read within a few seconds; empty if it can."""
    try:
        with urllib.request.urlopen(url, timeout=_PROBE_SECONDS):
            return ""
    except OSError as error:
        return str(getattr(error, "reason", error))


def registry(build: Path) -> Providers:
    """The real providers, kept in a cache so that each is downloaded once.

    Of its own accord Terraform takes from the cache only what has its hash in the lock file
    (https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache).
    """
    cache = build / "plugins"
    cache.mkdir(parents=True, exist_ok=True)
    configuration = build / "registry.tfrc"
    configuration.write_text(f"plugin_cache_dir = {json.dumps(str(cache))}\n")
    environment = {
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
    }
    return Providers(f"the providers of {REGISTRY}", environment, locked=True)


def stubs(build: Path, obstacle: str) -> Providers:
    """A mirror with a stub for each provider that is pinned.

    Raises:
        SystemExit: the wheels with the schemas cannot be downloaded.
    """
    build.mkdir(parents=True, exist_ok=True)
    with alone(build / "mirror.lock"):
        found = _schemas(build)
        for name, path in found.items():
            _install(build / "mirror", name, path)
        configuration = build / "mirror.tfrc"
        mirror = json.dumps(str(build / "mirror"))
        configuration.write_text(
            f"provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n"
        )
    versions = ", ".join(f"{name} {path.stem}" for name, path in sorted(found.items()))
    source = f"stubs with the schemas of {versions} ({REGISTRY}: {obstacle})"
    # A stub is on this machine alone; without TLS it needs no certificate.
    environment = {"TF_CLI_CONFIG_FILE": str(configuration), "TF_DISABLE_PLUGIN_TLS": "1"}
    return Providers(source, environment, locked=False)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a file so that no other process is in the same place at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _schemas(build: Path) -> dict[str, Path]:
    """The schema of each provider, in a file whose stem is the provider's version."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _READERS)).hexdigest()[:16]
    kept = build / "schemas" / digest
    if not kept.exists():
        shutil.rmtree(build / "schemas", ignore_errors=True)
        making = build / "schemas" / "making"
        for name, wheel in wheels.download(wheels.PINS, making / "wheels").items():
            schema = schemas.read(wheels.javascript(wheel))
            (making / name).mkdir()
            (making / name / f"{schema.version}.bin").write_bytes(protocol.schema_response(schema))
        shutil.rmtree(making / "wheels")
        making.rename(kept)
    return {path.parent.name: path for path in sorted(kept.glob("*/*.bin"))}


def _install(mirror: Path, name: str, schema: Path) -> None:
    version = schema.stem
    place = mirror / REGISTRY / "hashicorp" / name
    binary = place / version / _target() / f"terraform-provider-{name}_v{version}"
    parts = {"python": sys.executable, "stub": _HERE / "provider.py", "schema": schema}
    script = _SCRIPT.format(**{part: shlex.quote(str(path)) for part, path in parts.items()})
    if binary.exists() and binary.read_text() == script:
        return  # perhaps in use at this moment
    shutil.rmtree(place, ignore_errors=True)
    binary.parent.mkdir(parents=True)
    binary.write_text(script)
    binary.chmod(0o755)


def _target() -> str:
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{platform.system().lower()}_{names[machine]}"
