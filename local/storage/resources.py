"""The JSON resources of buckets and objects, as the API shows them."""

from __future__ import annotations

import datetime as dt
import urllib.parse
from collections.abc import Mapping

from local.http import Json
from local.storage import errors, requests

_WRITABLE = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "metadata",
    "storageClass",
)
_OBJECT_NOT_EMULATED = (
    "acl",
    "contexts",
    "customerEncryption",
    "eventBasedHold",
    "kmsKeyName",
    "retention",
    "temporaryHold",
)
_BUCKET_NOT_EMULATED = (
    "acl",
    "defaultEventBasedHold",
    "defaultObjectAcl",
    "encryption",
    "hierarchicalNamespace",
    "objectRetention",
    "retentionPolicy",
)


def timestamp(moment: dt.datetime) -> str:
    """A moment in UTC as the API writes it: RFC 3339 with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def writable(body: Mapping[str, Json]) -> dict[str, Json]:
    """What a caller may set on an object; output-only fields are ignored, as Google does.

    Raises:
        StorageError: 501 for a field whose meaning is not emulated.
    """
    requests.require_absent(body, *_OBJECT_NOT_EMULATED)
    return {key: body[key] for key in _WRITABLE if body.get(key) is not None}


def merge_patch(resource: Mapping[str, Json], body: Mapping[str, Json]) -> dict[str, Json]:
    """RFC 7396: null removes, objects merge, anything else replaces."""
    merged = dict(resource)
    for key, value in body.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge_patch(merged.get(key) or {}, value)
        else:
            merged[key] = value
    return merged


def patched_object(
    resource: Mapping[str, Json], body: Mapping[str, Json], updated: str
) -> dict[str, Json]:
    """An object's resource after a metadata update: same generation, next metageneration."""
    requests.require_absent(body, *_OBJECT_NOT_EMULATED)
    changes = {key: value for key, value in body.items() if key in _WRITABLE}
    return _next_metageneration(merge_patch(resource, changes), updated)


def new_object(
    *,
    url: str,
    bucket: str,
    name: str,
    generation: int,
    size: int,
    created: str,
    fields: Mapping[str, Json],
) -> dict[str, Json]:
    """The resource of a generation that has just come into being."""
    path = f"/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, safe='')}"
    return {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "selfLink": f"{url}{path}",
        "mediaLink": f"{url}/download{path}?generation={generation}&alt=media",
        "name": name,
        "bucket": bucket,
        "generation": str(generation),
        "metageneration": "1",
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "size": str(size),
        "etag": f"{generation}/1",
        "timeCreated": created,
        "updated": created,
        "timeStorageClassUpdated": created,
    } | dict(fields)


def new_bucket(url: str, body: Mapping[str, Json], created: str) -> dict[str, Json]:
    """The resource of a fresh bucket; settings that nothing here acts on are kept as sent."""
    _refuse_bucket(body)
    defaults = {"location": "US", "locationType": "multi-region", "storageClass": "STANDARD"}
    fixed = {
        "kind": "storage#bucket",
        "id": body["name"],
        "selfLink": f"{url}/storage/v1/b/{body['name']}",
        "projectNumber": "1",
        "metageneration": "1",
        "etag": f"{body['name']}/1",
        "timeCreated": created,
        "updated": created,
    }
    return defaults | dict(body) | fixed


def patched_bucket(
    resource: Mapping[str, Json], body: Mapping[str, Json], updated: str
) -> dict[str, Json]:
    """A bucket's resource after a settings update."""
    _refuse_bucket(body)
    return _next_metageneration(merge_patch(resource, body), updated)


def _next_metageneration(resource: dict[str, Json], updated: str) -> dict[str, Json]:
    metageneration = str(int(resource["metageneration"]) + 1)
    etag = resource["etag"].rpartition("/")[0]
    return resource | {
        "metageneration": metageneration,
        "etag": f"{etag}/{metageneration}",
        "updated": updated,
    }


def _refuse_bucket(body: Mapping[str, Json]) -> None:
    requests.require_absent(body, *_BUCKET_NOT_EMULATED)
    if (body.get("versioning") or {}).get("enabled"):
        raise errors.not_emulated("object versioning")
