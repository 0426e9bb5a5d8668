"""The three functions as processes: each its unpacked bundle under functions-framework."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from local.bundles import FUNCTIONS, ROOT

_START_SECONDS = 30.0


class FunctionProcess:
    """One function, with only the packages that its own requirements.txt lists.

    `source` is where its zip was unpacked; by default that is under `build/`.
    """

    def __init__(
        self, name: str, env: dict[str, str], log: Path, *, source: Path | None = None
    ) -> None:
        self.name, self.log, self.port = name, log, free_port()
        self._source = source or ROOT / "build" / "functions" / name
        self._env = {"PATH": os.environ["PATH"]} | env
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> Self:
        """Start the process and return at once; `wait_until_ready` waits for it."""
        command: list[str | Path] = [
            ROOT / "build" / "venv" / self.name / "bin" / "functions-framework",
            *("--source", self._source / "main.py"),
            *("--target", FUNCTIONS[self.name], "--signature-type", "http"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
        ]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=self._env, stdout=output, stderr=output, start_new_session=True
            )
        return self

    def wait_until_ready(self) -> Self:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()}")

    def kill(self) -> None:
        """End the process as a crash of its machine would: without a chance to clean up."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
