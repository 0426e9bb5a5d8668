"""What a table is, checked before it exists: columns, partitioning, clustering, or a view."""

from __future__ import annotations

from typing import Any

from local.bigquery.columns import Field, table_fields
from local.bigquery.errors import invalid, not_emulated, only

Json = Any

TABLE_KEYS = frozenset(
    {
        "clustering",
        "description",
        "etag",
        "friendlyName",
        "labels",
        "schema",
        "tableReference",
        "timePartitioning",
        "view",
    }
)
_PARTITIONING_KEYS = frozenset({"type", "field", "expirationMs"})
_PARTITION_UNITS = {
    "TIMESTAMP": {"HOUR", "DAY", "MONTH", "YEAR"},
    "DATE": {"DAY", "MONTH", "YEAR"},
    "DATETIME": {"HOUR", "DAY", "MONTH", "YEAR"},
}
_CLUSTER_TYPES = {"STRING", "INTEGER", "BOOLEAN", "TIMESTAMP", "DATE", "DATETIME"}


def checked(body: Json) -> Json:
    """The resource as it will be stored, `schema.fields` in the API's words.

    Raises:
        ApiError: `invalid` for what BigQuery refuses, 501 for what is not emulated.
    """
    body = {key: value for key, value in body.items() if value is not None}
    only(body, TABLE_KEYS, "table property")
    if view := body.get("view"):
        check_view(view)
        return body
    fields = table_fields(body.get("schema", {}).get("fields", []))
    if not fields:
        raise not_emulated("tables without columns")
    if partitioning := body.get("timePartitioning"):
        _check_partitioning(partitioning, fields)
    if clustering := body.get("clustering"):
        _check_clustering(clustering["fields"], fields)
    return body | {"schema": {"fields": fields}}


def check_view(view: Json) -> None:
    """Legacy SQL is the default of the API and is not emulated."""
    only(view, frozenset({"query", "useLegacySql"}), "view property")
    if view.get("useLegacySql", True):
        raise not_emulated("views in legacy SQL")


def _check_partitioning(partitioning: Json, fields: list[Field]) -> None:
    only(partitioning, _PARTITIONING_KEYS, "time partitioning property")
    if not partitioning.get("field"):
        raise not_emulated("partitioning by ingestion time")
    kind = _type_of(partitioning["field"], fields, "partitioning")
    if partitioning.get("type", "DAY") not in _PARTITION_UNITS.get(kind, ()):
        raise invalid(f"Cannot partition by {partitioning['type']} of a {kind} column")


def _check_clustering(names: list[str], fields: list[Field]) -> None:
    if len(names) > 4:
        raise invalid("Too many clustering fields: at most 4")
    for name in names:
        if (kind := _type_of(name, fields, "clustering")) not in _CLUSTER_TYPES:
            raise invalid(f"Cannot cluster by {name} of type {kind}")


def _type_of(name: str, fields: list[Field], purpose: str) -> str:
    for field in fields:
        if field["name"].casefold() == name.casefold():
            return str(field["type"])
    raise invalid(f"The field specified for {purpose} cannot be found in the schema: {name}")


def evolved(old: list[Field], new: list[Field]) -> tuple[list[Field], list[str]]:
    """The columns that come on top, and the names of those that need no value any more.

    Raises:
        ApiError: `invalid` for any other change, as BigQuery allows no other in place.
    """
    wanted = {field["name"].casefold(): field for field in new}
    known = {field["name"].casefold() for field in old}
    added = [field for field in new if field["name"].casefold() not in known]
    relaxed = []
    for field in old:
        match = wanted.get(field["name"].casefold())
        if match is None or match["type"] != field["type"]:
            raise invalid(f"Provided Schema does not match Table. Field {field['name']} differs")
        if field["mode"] != match["mode"]:
            if field["mode"] == "NULLABLE":
                raise invalid(f"Field {field['name']} has changed mode from NULLABLE to REQUIRED")
            relaxed.append(field["name"])
    if strict := [field["name"] for field in added if field["mode"] == "REQUIRED"]:
        raise invalid(f"Cannot add required fields to an existing schema. (field: {strict[0]})")
    return added, relaxed
