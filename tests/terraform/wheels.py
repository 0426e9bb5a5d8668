"""The wheels that hold the providers' schemas: downloaded by their pins, read, never installed."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

PINS = Path(__file__).parent / "providers.txt"
_MODULE = re.compile(r"package/lib/[^/]+/index\.js")
_WHEEL = re.compile(r"cdktn_provider_(\w+)-[\d.]+-py3-none-any\.whl")


def download(pins: Path, directory: Path) -> dict[str, Path]:
    """Fetch what a file of pins names; the wheel of each provider, by the provider's name.

    Raises:
        SystemExit: pip could not, or a hash is not the pinned one; says what pip said.
    """
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    what = ["download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    run = subprocess.run(
        [*pip, *what, "--dest", directory, "--requirement", pins],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(f"cannot download the schemas of {pins.name}:\n{run.stderr}")
    wheels = ((_WHEEL.fullmatch(path.name), path) for path in sorted(directory.iterdir()))
    return {match[1]: path for match, path in wheels if match}


def javascript(wheel: Path) -> Iterator[str]:
    """The JavaScript module of each resource and data source, and of the provider itself."""
    with zipfile.ZipFile(wheel) as opened:
        (package,) = (name for name in opened.namelist() if name.endswith(".jsii.tgz"))
        content = opened.read(package)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            source = archive.extractfile(member) if _MODULE.fullmatch(member.name) else None
            if source:
                yield source.read().decode()
