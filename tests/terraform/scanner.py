"""checkov's command line, with the one grammar that it parses paths by prepared only once.

Run by the Python of `build/venv/checkov`. Left alone, the package `bc-jsonpath-ng` prepares its
grammar anew for each of hundreds of paths, which is nine tenths of the time that a scan takes.
"""

from __future__ import annotations

import sys
from typing import Any

import ply.yacc
from checkov.main import Checkov

_prepare = ply.yacc.yacc
_prepared: dict[tuple[type, str], Any] = {}


def _once(*, module: object, start: str, **options: Any) -> Any:
    grammar = (type(module), start)
    if grammar not in _prepared:
        _prepared[grammar] = _prepare(module=module, start=start, **options)
    return _prepared[grammar]


if __name__ == "__main__":
    ply.yacc.yacc = _once
    sys.exit(Checkov().run())
