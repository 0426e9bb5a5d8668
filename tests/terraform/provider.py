"""A provider that knows its schema and no cloud: enough for validate, and for test with mocks.

    python provider.py FILE        FILE holds the answer to GetProviderSchema

Terraform starts it like any provider, reads one line from its output, and speaks gRPC with it
over the socket named there. Everything that would reach a cloud is answered UNIMPLEMENTED.
https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md

It stands alone, imports nothing of this project, and answers in bytes: an empty message is an
answer without complaints.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

_AGREED = (
    "ConfigureProvider",
    "StopProvider",
    "ValidateDataResourceConfig",
    "ValidateProviderConfig",
    "ValidateResourceConfig",
)
_GRACE_SECONDS = 0.2


def serve(schema: bytes, directory: Path) -> None:
    """Answer until Terraform says that it is done, or is gone."""
    parent, stopped = os.getppid(), threading.Event()
    # Terraform asks for the schema of google in one piece, which is several megabytes.
    server = grpc.server(  # type: ignore[no-untyped-call]  # grpcio has no types
        ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)]
    )
    server.add_generic_rpc_handlers(handlers(schema, stopped))
    address = directory / "provider.sock"
    server.add_insecure_port(f"unix:{address}")
    server.start()
    sys.stdout.write(f"1|6|unix|{address}|grpc\n")
    sys.stdout.flush()
    while not stopped.wait(1) and os.getppid() == parent:
        pass
    server.stop(_GRACE_SECONDS).wait()


def handlers(schema: bytes, stopped: threading.Event) -> list[Any]:
    """What Terraform may call."""

    def answer(message: bytes) -> Any:
        return _unary(lambda _request, _context: message)

    def shut_down(_request: bytes, _context: Any) -> bytes:
        stopped.set()
        return b""

    def stream(_request: bytes, _context: Any) -> Iterator[bytes]:
        stopped.wait()
        yield from ()

    provider = {"GetProviderSchema": answer(schema)} | {name: answer(b"") for name in _AGREED}
    streaming = grpc.unary_stream_rpc_method_handler(  # type: ignore[no-untyped-call]  # as above
        stream
    )
    return [
        _service("tfplugin6.Provider", provider),
        _service("plugin.GRPCController", {"Shutdown": _unary(shut_down)}),
        _service("plugin.GRPCStdio", {"StreamStdio": streaming}),
    ]


def _service(name: str, methods: dict[str, Any]) -> Any:
    return grpc.method_handlers_generic_handler(  # type: ignore[no-untyped-call]  # as above
        name, methods
    )


def _unary(answer: Callable[[bytes, Any], bytes]) -> Any:
    return grpc.unary_unary_rpc_method_handler(  # type: ignore[no-untyped-call]  # as above
        answer
    )


def main() -> None:
    """Serve the schema that the first argument names."""
    with tempfile.TemporaryDirectory(prefix="provider-") as directory:
        serve(Path(sys.argv[1]).read_bytes(), Path(directory))


if __name__ == "__main__":
    main()
