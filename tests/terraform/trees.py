"""A copy of what Terraform reads, so that nothing of a check stays in `terraform/`."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from local.bundles import ROOT

# The configuration and, in their places relative to it, the files that it reads.
COPIED = ("docs", "functions", "shared", "terraform")
_TOOL = Path(__file__).parent
LOCK_FILE = ".terraform.lock.hcl"
# What an operator has in terraform/ is no part of what is checked.
_LEFT_OUT = (
    *("__pycache__", ".terraform", "*.tfstate*"),
    *("*.tfvars", "*.tfvars.json", "backend.hcl"),
)


def copy(directory: Path, *, locked: bool) -> Path:
    """Replace a directory by the copy; returns its root module.

    `locked` keeps the lock file, for every configuration in the copy: it is one of the real
    providers.
    """
    shutil.rmtree(directory, ignore_errors=True)
    left_out = _LEFT_OUT if locked else (*_LEFT_OUT, LOCK_FILE)
    for name in COPIED:
        if (ROOT / name).exists():
            shutil.copytree(
                ROOT / name, directory / name, ignore=shutil.ignore_patterns(*left_out)
            )
    root = directory / "terraform"
    if locked:
        for configuration in set(configurations(root)) - {root}:
            shutil.copy(root / LOCK_FILE, configuration)
    return root


def digest() -> str:
    """A short text that is another as soon as what is copied, or this tool, is another."""
    tool = [path for path in _TOOL.glob("*.*") if not path.name.startswith("test_")]
    seen = hashlib.sha256()
    for path in sorted([*_files(), *tool]):
        seen.update(f"{path.relative_to(ROOT)}\0".encode())
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()[:16]


def configurations(root: Path) -> list[Path]:
    """Every directory that Terraform takes by itself: the root, each module, each example."""
    candidates = (root, *root.glob("modules/*"), *root.glob("examples/*"))
    return [path for path in sorted(candidates) if any(path.glob("*.tf"))]


def has_tests(configuration: Path) -> bool:
    """Whether `terraform test` has something to do there."""
    return any(configuration.glob("tests/*.tftest.hcl"))


def _files() -> Iterator[Path]:
    for name in COPIED:
        for path in (ROOT / name).rglob("*"):
            own = path.relative_to(ROOT)
            left_out = any(part.match(pattern) for part in _parts(own) for pattern in _LEFT_OUT)
            if path.is_file() and not left_out:
                yield path


def _parts(path: Path) -> Iterator[Path]:
    return (Path(part) for part in path.parts)
