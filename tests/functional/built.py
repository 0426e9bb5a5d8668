"""Whether the bundles that the tests run are what the sources say."""

from __future__ import annotations

from pathlib import Path

from local.bundles import FUNCTIONS, ROOT, members


def unpacked(function: str) -> Path:
    """The unpacked bundle of a function."""
    return ROOT / "build" / "functions" / function


def require_current_bundles() -> None:
    """Refuse to test yesterday's code.

    Raises:
        RuntimeError: an unpacked bundle is missing, or older than the sources.
    """
    for function in FUNCTIONS:
        built = {
            str(path.relative_to(unpacked(function))): path.read_bytes()
            for path in unpacked(function).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        if built != {name: path.read_bytes() for name, path in members(function).items()}:
            raise RuntimeError(f"build/functions/{function} is out of date: run `make bundles`")
