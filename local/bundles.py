"""The deploy unit of each function: one zip, whose name carries the hash of what is in it.

A zip holds the function's `main.py` and `requirements.txt` and, beside them, every module of
`mixpanel_export`; nothing else. Equal content gives an equal zip on every machine.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = {"planner": "plan", "fetcher": "fetch", "loader": "load"}
_OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_READ_ONLY = 0o644 << 16


def members(function: str) -> dict[str, Path]:
    """Where each file of the zip comes from, by its name in the zip."""
    source = ROOT / "functions" / function
    package = sorted((ROOT / "shared" / "mixpanel_export").glob("*.py"))
    return {name: source / name for name in ("main.py", "requirements.txt")} | {
        f"mixpanel_export/{module.name}": module for module in package
    }


def build(function: str, directory: Path) -> Path:
    """Write the zip of a function into a directory."""
    contents = {name: path.read_bytes() for name, path in members(function).items()}
    digest = hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()[:16]
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{function}-{digest}.zip"
    with zipfile.ZipFile(target, "w") as bundle:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, _OLDEST_ZIP_DATE)
            entry.external_attr = _READ_ONLY
            bundle.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target


def unpack(bundle: Path, directory: Path) -> None:
    """Replace a directory by the content of a zip, as the build of a function does."""
    shutil.rmtree(directory, ignore_errors=True)
    with zipfile.ZipFile(bundle) as opened:
        opened.extractall(directory)


def main() -> None:
    """Build and unpack all of them under `build/`."""
    for function in FUNCTIONS:
        bundle = build(function, ROOT / "build" / "bundles")
        unpack(bundle, ROOT / "build" / "functions" / function)
        print(f"{bundle.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
