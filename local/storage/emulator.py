"""The emulator put together."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from local.clock import Clock
from local.faults import Faults
from local.http import App, Server
from local.storage import errors, operations, routes, uploads
from local.storage.buckets import Bucket, Buckets
from local.storage.notifications import Event, NotificationConfigs, notifications
from local.storage.objects import Objects
from local.storage.publishing import GooglePublisher, Outbox, Publish

_EFFECTS = {
    "OBJECT_FINALIZE": "finalize",
    "OBJECT_DELETE": "delete",
    "OBJECT_METADATA_UPDATE": "update",
}


class StorageEmulator:
    """Cloud Storage on a loopback port, for `STORAGE_EMULATOR_HOST`.

    *publish* takes topic, data and attributes of a notification and raises to have it retried;
    by default it is Google's client, which follows `PUBSUB_EMULATOR_HOST`.

    `clock` gives buckets and objects their times; generations grow even if it is put back.
    `journal` lists the effects on objects in their order, such as
    `("finalize", "bucket", "name", 1763800000000000)`; `faults` also serves `/_admin/faults`.
    """

    def __init__(
        self, port: int = 0, publish: Publish | None = None, clock: Clock | None = None
    ) -> None:
        self.journal: list[tuple[str, str, str, int]] = []
        self.faults = Faults(operations.FAULTS)
        self._google = GooglePublisher()
        self._outbox = Outbox(publish or self._google, self.faults)
        app = App(errors.answer)
        self._server = Server(app, port)
        self._install(app, clock or Clock())

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def is_idle(self) -> bool:
        """Whether every notification has been handed to Pub/Sub."""
        return self._outbox.is_idle

    def start(self) -> Self:
        self._outbox.start()
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving; notifications that are still on their way are lost."""
        self._server.stop()
        self._outbox.stop()
        self._google.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _install(self, app: App, clock: Clock) -> None:
        buckets = Buckets(self.url, clock)
        objects = Objects(buckets, self.url, clock, self._announce)
        ours = operations.Operations(app, self.faults)
        self.faults.install(app)
        uploads.install(ours, objects, self.url)
        routes.install_buckets(ours, buckets)
        routes.install_objects(app, ours, objects)
        routes.install_derived(ours, objects)
        routes.install_notifications(ours, NotificationConfigs(buckets, self.url))

    def _announce(self, bucket: Bucket, event: Event) -> None:
        resource = event.resource
        generation = int(resource["generation"])
        effect = (_EFFECTS[event.type], resource["bucket"], resource["name"], generation)
        self.journal.append(effect)
        for notification in notifications(bucket, event):
            self._outbox.put(notification)
