"""Google's SQL analyzer on this machine: `python -m tests.sql.install build/googlesql`.

Google publishes no build of GoogleSQL. Fivetran has one on npm, for Linux and macOS, with the
protocol that it speaks (https://github.com/fivetran/zetasql-npm, MIT licence). Of that package,
which is pinned by its hash, only the server for this machine and a description of the protocol
are kept. What it depends on is not needed, and nothing of it is run here.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import platform
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import grpc_tools
from grpc_tools import protoc

PACKAGE = "@fivetrandevelopers/zetasql@1.13.0"
SHA512 = "yX9Apa968np2Tc+Hrf4Bf6Gz77kQVLIDLaNwovM91VBwyDTDF1C6oglUqmlU6Fe5/TVCExsnIueWiPahrYEITQ=="
SERVERS = {
    ("Linux", "x86_64"): "remote_server.so",
    ("Linux", "aarch64"): "remote_server_arm.so",
    ("Darwin", "x86_64"): "remote_server",
    ("Darwin", "arm64"): "remote_server_arm",
}
SERVER, PROTOCOL = "server", "protocol.binpb"
_CONTENT = PurePosixPath("package/lib/zetasql")


def server_for(system: str, machine: str) -> str:
    """The file of the package that runs on such a machine, as `platform` names it."""
    if (found := SERVERS.get((system, machine))) is None:
        known = ", ".join(" ".join(each) for each in SERVERS)
        raise SystemExit(f"{PACKAGE} has no server for {system} {machine}; it has: {known}")
    return found


def verify(archive: Path, sha512: str) -> None:
    """Refuse an archive that is not the pinned one."""
    with archive.open("rb") as file:
        found = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if found != sha512:
        raise SystemExit(f"{PACKAGE} is not the pinned one: its sha512 is {found}, not {sha512}")


def fetch(directory: Path) -> Path:
    """The archive of the package, from npm's registry or npm's cache."""
    command = ["npm", "pack", "--loglevel", "error", "--pack-destination", str(directory), PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit("there is no npm on PATH: install Node, which brings it") from None
    if done.returncode:
        raise SystemExit(f"npm could not fetch {PACKAGE}:\n{done.stderr}")
    (archive,) = directory.glob("*.tgz")
    return archive


def unpack(archive: Path, server: str, directory: Path) -> None:
    """The server and its protocols, into the directory; the server may be run."""
    with tarfile.open(archive) as package:
        for member in package:
            path = PurePosixPath(member.name)
            if path.is_relative_to(_CONTENT) and (path.name == server or path.suffix == ".proto"):
                member.name = str(path.relative_to(_CONTENT))
                package.extract(member, directory, filter="data")
    (directory / server).rename(directory / SERVER)
    (directory / SERVER).chmod(0o755)


def describe(protocols: Path, target: Path) -> None:
    """All messages of the protocol in one file."""
    googles = Path(grpc_tools.__file__).with_name("_proto")
    options = [f"-I{protocols}", f"-I{googles}", "--include_imports"]
    arguments = ["protoc", *options, f"--descriptor_set_out={target}", "local_service.proto"]
    if protoc.main(arguments):  # type: ignore[no-untyped-call]  # grpcio-tools has no types
        raise SystemExit(f"{PACKAGE}: its protocol cannot be read")


def install(archive: Path, server: str, target: Path, sha512: str = SHA512) -> None:
    """This server and its protocol, out of the pinned package; nothing out of any other."""
    verify(archive, sha512)
    with tempfile.TemporaryDirectory(dir=target) as name:
        scratch = Path(name)
        unpack(archive, server, scratch)
        describe(scratch / "protos", scratch / PROTOCOL)
        for each in (SERVER, PROTOCOL):
            (scratch / each).replace(target / each)


def main() -> None:
    """Install it, or say in one sentence why not."""
    parser = argparse.ArgumentParser(prog="python -m tests.sql.install", description=__doc__)
    parser.add_argument("directory", type=Path)
    target: Path = parser.parse_args().directory
    server = server_for(platform.system(), platform.machine())
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as name:
        install(fetch(Path(name)), server, target)


if __name__ == "__main__":
    main()
