"""The emulator as a whole: gRPC for Google's clients, HTTP for whoever watches and disturbs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Self

import grpc

from local.clock import Clock
from local.faults import Faults
from local.http import App, Request, Response, Server
from local.pubsub.broker import Broker
from local.pubsub.services import (
    PolicyService,
    PublisherService,
    SubscriberService,
    policy_handlers,
    publisher_handlers,
    subscriber_handlers,
)
from local.pubsub.subscriptions import Pace

FAULT_KINDS = frozenset(
    {"delay", "drop_ack", "duplicate", "publish_error", "publish_lost_response"}
)

# Every waiting Pull holds one of these threads for a moment.
_GRPC_THREADS = 32
_MAX_REQUEST_BYTES = 20 * 1024 * 1024


class PubSubEmulator:
    """Pub/Sub on a loopback port; `PUBSUB_EMULATOR_HOST` wants its `host`.

    `time_scale` is a factor on the backoff of retry policies, `deadline_scale` one on ack
    deadlines, of pushes and pulls alike; 1.0 is Google's pace. `clock` gives messages their
    publish time; waits pass in real time, whatever it shows. Port 0 takes a free one.
    """

    def __init__(
        self,
        port: int = 0,
        admin_port: int = 0,
        time_scale: float = 1.0,
        deadline_scale: float = 1.0,
        push_concurrency: int = 10,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.faults = Faults(FAULT_KINDS)
        self._broker = Broker(
            clock=clock or Clock(),
            faults=self.faults,
            pace=Pace(backoff=time_scale, deadline=deadline_scale),
            push_concurrency=push_concurrency,
        )
        self._grpc = grpc.server(  # type: ignore[no-untyped-call]  # grpcio has no types
            ThreadPoolExecutor(_GRPC_THREADS),
            handlers=[
                publisher_handlers(PublisherService(self._broker, self.faults)),
                subscriber_handlers(SubscriberService(self._broker)),
                policy_handlers(PolicyService(self._broker)),
            ],
            options=[
                ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES),
                # Two emulators on one port would share its connections at random.
                ("grpc.so_reuseport", 0),
            ],
        )
        self.port = int(self._grpc.add_insecure_port(f"127.0.0.1:{port}"))
        self._admin = Server(self._admin_app(), admin_port)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        return self._admin.url

    def start(self) -> Self:
        self._grpc.start()
        self._admin.start()
        return self

    def stop(self) -> None:
        """Stop serving and pushing; a push that is under way is not waited for."""
        self._broker.close()
        self._grpc.stop(grace=None).wait()
        self._admin.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def subscriptions(self) -> dict[str, dict[str, Any]]:
        """Per subscription, how its deliveries went and how many messages are `outstanding`.

        Everything published has settled when all `outstanding` are 0.
        """
        return {
            subscription.config.name: asdict(subscription.counts)
            | {"outstanding": subscription.outstanding(), "topic": subscription.config.topic}
            for subscription in self._broker.subscriptions()
        }

    def deliveries(self) -> list[dict[str, Any]]:
        """The journal of push attempts, in the order in which they began."""
        return self._broker.journal.entries()

    def _admin_app(self) -> App:
        app = App(on_error=_explain)
        self.faults.install(app)

        @app.route("GET", "/_admin/subscriptions")
        def subscriptions(_request: Request) -> Response:
            return Response.json(self.subscriptions())

        @app.route("GET", "/_admin/deliveries")
        def deliveries(_request: Request) -> Response:
            return Response.json(self.deliveries())

        return app


def _explain(error: Exception) -> Response:
    status = 400 if isinstance(error, (TypeError, ValueError)) else 500
    return Response.json({"error": {"code": status, "message": str(error)}}, status)
