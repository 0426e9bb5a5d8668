"""What is installed of the package with Google's analyzer, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.sql.install import PROTOCOL, SERVER, SERVERS, install, server_for


@pytest.fixture(name="archive")
def _archive(tmp_path: Path) -> Path:
    """A package of the same shape, with little in it."""
    path = tmp_path / "package.tgz"
    with tarfile.open(path, "w:gz") as package:
        for name, text in {
            "lib/zetasql/one.so": "the first",
            "lib/zetasql/two.so": "the second",
            "lib/zetasql/protos/local_service.proto": 'syntax = "proto3"; message Asked {}',
            "x.js": "",
        }.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size, member.mode = len(text), 0o644
            package.addfile(member, io.BytesIO(text.encode()))
    return path


@pytest.fixture(name="target")
def _target(tmp_path: Path) -> Path:
    path = tmp_path / "target"
    path.mkdir()
    return path


def test_only_the_server_of_this_machine_is_installed(archive: Path, target: Path) -> None:
    """With its protocol, and so that it can be run, which npm does not promise."""
    pinned = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    install(archive, "one.so", target, pinned)

    assert {SERVER, PROTOCOL} == {path.name for path in target.iterdir()}
    assert os.access(target / SERVER, os.X_OK)
    assert "the first" == (target / SERVER).read_text()
    assert b"Asked" in (target / PROTOCOL).read_bytes()


def test_nothing_of_another_package_is_installed(archive: Path, target: Path) -> None:
    """Whoever sends it: the hash is in this repository."""
    with pytest.raises(SystemExit, match="is not the pinned one: its sha512 is"):
        install(archive, "one.so", target)

    assert [] == list(target.iterdir())


def test_a_machine_without_a_server_is_told_which_have_one() -> None:
    """Windows is none of them."""
    assert len(SERVERS) == len(set(SERVERS.values()))
    assert "remote_server.so" == server_for("Linux", "x86_64")
    with pytest.raises(SystemExit, match="no server for Windows AMD64; it has: Linux x86_64"):
        server_for("Windows", "AMD64")
