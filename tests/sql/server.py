"""Google's SQL analyzer as a process of its own, and the messages that it understands."""

from __future__ import annotations

import functools
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tests.sql.install import PROTOCOL, SERVER

DIRECTORY = Path(__file__).parents[2] / "build" / "googlesql"
_SERVICE = "/zetasql.local_service.ZetaSqlLocalService/"
_SECONDS_TO_START = 30
_LARGEST = 256 << 20

# Its messages are read from the file that describes them, so their classes have no types.
Message = Any


class Crashed(Exception):  # noqa: N818  (an event, said in its own word)
    """The process is gone: it takes a request that contradicts itself as a reason to abort."""


class Refused(Exception):  # noqa: N818  (it reads as the analyzer's answer)
    """What GoogleSQL says of a text that it does not accept, or cannot evaluate."""


@functools.cache
def _pool() -> descriptor_pool.DescriptorPool:
    if not (DIRECTORY / PROTOCOL).exists():
        raise FileNotFoundError("GoogleSQL is not installed: run `make sql-test` once")
    described = (DIRECTORY / PROTOCOL).read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(described).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


@functools.cache
def message(name: str) -> Callable[..., Message]:
    """The class of a message, by its name inside of the package `zetasql`."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"zetasql.{name}"))


@functools.cache
def values(enum: str) -> dict[str, int]:
    """The numbers of an enum, by name."""
    found = _pool().FindEnumTypeByName(f"zetasql.{enum}").values_by_name
    return {name: value.number for name, value in found.items()}


class Server:
    """The process, on a free port of the loopback, until `stop`."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed by stop)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [DIRECTORY / SERVER, "127.0.0.1", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        limits = ("grpc.max_send_message_length", "grpc.max_receive_message_length")
        self._channel = grpc.insecure_channel(  # type: ignore[no-untyped-call]  # grpcio has no types
            f"127.0.0.1:{port}", options=[(name, _LARGEST) for name in limits]
        )
        ready = grpc.channel_ready_future(self._channel)  # type: ignore[no-untyped-call]  # as above
        ready.result(timeout=_SECONDS_TO_START)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._channel.close()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def call(self, method: str, request: Message, answer: str) -> Message:
        """What the server answers.

        Raises:
            Refused: it understood the request, and does not accept the SQL in it.
            Crashed: it did not survive the request; what it said last.
        """
        ask = self._channel.unary_unary(
            _SERVICE + method,
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=message(answer).FromString,  # type: ignore[attr-defined]  # (a class, seen as a callable)
        )
        try:
            return ask(request)
        except grpc.RpcError as error:
            status: Any = error  # It is the call itself, which knows its outcome.
            if status.code() is grpc.StatusCode.UNAVAILABLE:
                raise Crashed(self._last_words()) from error
            raise Refused(status.details()) from None

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        return next((line for line in lines if "Check failed" in line), "it says nothing")
