"""The upload endpoint: media, multipart and resumable."""

from __future__ import annotations

import urllib.parse

from local.http import Json, Request, Response
from local.storage import checksums, errors, multipart, preconditions, requests, resources
from local.storage.objects import Incoming, Objects
from local.storage.operations import Operations
from local.storage.preconditions import Preconditions
from local.storage.resumable import ResumableUploads

_PATH = r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o"
_PARAMETERS = f"uploadType name upload_id {preconditions.PARAMETERS}"


def install(operations: Operations, objects: Objects, url: str) -> None:
    """Serve uploads: POST creates or starts, PUT continues, DELETE cancels."""
    uploads = ResumableUploads(objects)

    def session_name(request: Request) -> str:
        return uploads.session(_upload_id(request)).incoming.name

    @operations.route(
        "POST", _PATH, "upload", parameters=_PARAMETERS, name_of=lambda each: _incoming(each).name
    )
    def create(request: Request) -> Json:
        incoming = _incoming(request)
        match request.query["uploadType"]:
            case "media":
                return objects.insert(incoming, request.body)
            case "multipart":
                content = multipart.parse(request.headers, request.body).content
                return objects.insert(incoming, bytes(content))
        size = request.headers.get("X-Upload-Content-Length")
        upload_id = uploads.start(incoming, int(size) if size else None)
        bucket = urllib.parse.quote(incoming.bucket)
        query = f"uploadType=resumable&upload_id={upload_id}"
        location = f"{url}/upload/storage/v1/b/{bucket}/o?{query}"
        return Response(200, headers={"Location": location, "X-GUploader-UploadID": upload_id})

    @operations.route("PUT", _PATH, "upload_chunk", parameters=_PARAMETERS, name_of=session_name)
    def receive(request: Request) -> Json:
        session = uploads.receive(_upload_id(request), request)
        if session.finalized is not None:
            return session.finalized
        # Without a Range nothing has been persisted yet.
        persisted = {"Range": f"bytes=0-{session.persisted - 1}"} if session.persisted else {}
        return Response(308, headers=persisted)

    @operations.route(
        "DELETE", _PATH, "upload_cancel", parameters=_PARAMETERS, name_of=lambda _: ""
    )
    def cancel(request: Request) -> Json:
        uploads.cancel(_upload_id(request))
        return Response(499)


def _upload_id(request: Request) -> str:
    if "upload_id" not in request.query:
        raise errors.required("upload_id")
    return request.query["upload_id"]


def _incoming(request: Request) -> Incoming:
    metadata: dict[str, Json] = {}
    match request.query.get("uploadType"):
        case "media":
            content_type = request.headers.get("Content-Type")
        case "multipart":
            parts = multipart.parse(request.headers, request.body)
            metadata, content_type = parts.metadata, parts.content_type
        case "resumable":
            metadata = requests.json_object(request.body)
            content_type = request.headers.get("X-Upload-Content-Type")
        case other:
            raise errors.invalid(f"Invalid uploadType: {other}")
    name = metadata.get("name") or request.query.get("name")
    if not name:
        raise errors.required("name")
    default = {"contentType": content_type} if content_type else {}
    return Incoming(
        bucket=request.params["bucket"],
        name=name,
        fields=default | resources.writable(metadata),
        claims=checksums.claimed(metadata, request.headers),
        conditions=Preconditions.of(request.query),
    )
