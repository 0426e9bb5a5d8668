"""The JSON API's paths for buckets, objects and notification configurations."""

from __future__ import annotations

from local.http import App, Json, Request, Response
from local.storage import downloads, listing, preconditions, requests, resources
from local.storage.buckets import Buckets
from local.storage.notifications import NotificationConfigs
from local.storage.objects import Incoming, Objects
from local.storage.operations import Operations
from local.storage.preconditions import PARAMETERS, Preconditions

_BUCKETS = "/storage/v1/b"
_BUCKET = rf"{_BUCKETS}/(?P<bucket>[^/]+)"
_OBJECT = rf"{_BUCKET}/o/(?P<name>[^/]+)"
_SOURCE = rf"{_BUCKETS}/(?P<source_bucket>[^/]+)/o/(?P<source_name>[^/]+)"
_METAGENERATION = "ifMetagenerationMatch ifMetagenerationNotMatch"


def install_buckets(operations: Operations, buckets: Buckets) -> None:
    """Serve bucket settings."""

    @operations.route("POST", _BUCKETS, "create_bucket", parameters="project")
    def create(request: Request) -> Json:
        return buckets.create(requests.json_object(request.body))

    @operations.route("GET", _BUCKETS, "list_buckets", parameters="project prefix")
    def list_(request: Request) -> Json:
        return buckets.list(request.query.get("prefix", ""))

    @operations.route("GET", _BUCKET, "get_bucket", parameters=_METAGENERATION)
    def get(request: Request) -> Json:
        return buckets.get(request.params["bucket"], Preconditions.of(request.query))

    @operations.route("PATCH", _BUCKET, "patch_bucket", parameters=_METAGENERATION)
    def patch(request: Request) -> Json:
        body = requests.json_object(request.body)
        return buckets.patch(request.params["bucket"], body, Preconditions.of(request.query))

    @operations.route("DELETE", _BUCKET, "delete_bucket", parameters=_METAGENERATION)
    def delete(request: Request) -> Json:
        return buckets.delete(request.params["bucket"], Preconditions.of(request.query))

    @operations.route(
        "GET", f"{_BUCKET}/iam/testPermissions", "test_permissions", parameters="permissions"
    )
    def test_permissions(request: Request) -> Json:
        asked = request.repeated.get("permissions", [])
        return buckets.test_permissions(request.params["bucket"], asked)


def install_objects(app: App, operations: Operations, objects: Objects) -> None:
    """Serve everything that does not create objects."""
    parameters = f"generation {PARAMETERS}"

    def where(request: Request) -> tuple[str, str, str | None]:
        return request.params["bucket"], request.params["name"], request.query.get("generation")

    def metadata(request: Request) -> Json:
        return objects.get(*where(request), Preconditions.of(request.query)).resource

    def content(request: Request) -> Json:
        stored = objects.get(*where(request), Preconditions.of(request.query))
        return downloads.serve(stored, request.headers)

    get = operations.wrap(metadata, "get", parameters=parameters)
    download = operations.wrap(content, "download", parameters=parameters)

    @app.route("GET", rf"(?:/download)?{_OBJECT}")
    def read(request: Request) -> Response:
        return (download if request.query.get("alt") == "media" else get)(request)

    @operations.route("GET", rf"{_BUCKET}/o", "list", parameters=listing.PARAMETERS)
    def list_(request: Request) -> Json:
        return objects.list(request.params["bucket"], request.query)

    @operations.route("PATCH", _OBJECT, "patch", parameters=parameters)
    def patch(request: Request) -> Json:
        body = requests.json_object(request.body)
        return objects.patch(*where(request), body, Preconditions.of(request.query))

    @operations.route("DELETE", _OBJECT, "delete", parameters=parameters)
    def delete(request: Request) -> Json:
        return objects.delete(*where(request), Preconditions.of(request.query))


def install_derived(operations: Operations, objects: Objects) -> None:
    """Serve the operations that make objects of objects: compose, copy and rewrite."""
    copying = f"sourceGeneration {PARAMETERS} {preconditions.SOURCE_PARAMETERS}"

    def incoming(request: Request, metadata: dict[str, Json]) -> Incoming:
        return Incoming(
            bucket=request.params["bucket"],
            name=request.params["name"],
            fields=resources.writable(metadata),
            conditions=Preconditions.of(request.query),
        )

    @operations.route("POST", rf"{_OBJECT}/compose", "compose", parameters=PARAMETERS)
    def compose(request: Request) -> Json:
        body = requests.json_object(request.body)
        requests.require_absent(body, "deleteSourceObjects")
        destination = incoming(request, body.get("destination") or {})
        return objects.compose(destination, body.get("sourceObjects") or [])

    @operations.route(
        "POST",
        rf"{_SOURCE}/copyTo/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)",
        "copy",
        parameters=copying,
    )
    def copy(request: Request) -> Json:
        return objects.copy(
            incoming(request, requests.json_object(request.body)),
            source_bucket=request.params["source_bucket"],
            source_name=request.params["source_name"],
            source_generation=request.query.get("sourceGeneration"),
            source_conditions=Preconditions.of(request.query, "ifSource"),
        )

    @operations.route(
        "POST",
        rf"{_SOURCE}/rewriteTo/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)",
        "rewrite",
        parameters=copying,
    )
    def rewrite(request: Request) -> Json:
        resource = copy(request)
        return {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": resource["size"],
            "objectSize": resource["size"],
            "done": True,
            "resource": resource,
        }


def install_notifications(operations: Operations, configs: NotificationConfigs) -> None:
    """Serve notification configurations; they can be made and deleted, not changed."""
    collection = rf"{_BUCKET}/notificationConfigs"
    member = rf"{collection}/(?P<config>[^/]+)"

    @operations.route("POST", collection, "create_notification")
    def create(request: Request) -> Json:
        return configs.create(request.params["bucket"], requests.json_object(request.body))

    @operations.route("GET", collection, "list_notifications")
    def list_(request: Request) -> Json:
        return configs.list(request.params["bucket"])

    @operations.route("GET", member, "get_notification")
    def get(request: Request) -> Json:
        return configs.get(request.params["bucket"], request.params["config"])

    @operations.route("DELETE", member, "delete_notification")
    def delete(request: Request) -> Json:
        return configs.delete(request.params["bucket"], request.params["config"])
