"""The REST methods of datasets and tables."""

from __future__ import annotations

from local.bigquery.catalog import Catalog
from local.bigquery.operations import Operations
from local.http import Request, Response

_DATASETS = "/datasets"
_DATASET = f"{_DATASETS}/(?P<dataset>[^/]+)"
_TABLES = f"{_DATASET}/tables"
_TABLE = f"{_TABLES}/(?P<table>[^/]+)"


def install(operations: Operations, catalog: Catalog) -> None:
    """Serve the catalog."""
    _install_datasets(operations, catalog)
    _install_tables(operations, catalog)


def _install_datasets(operations: Operations, catalog: Catalog) -> None:
    @operations.serve("datasets.insert", "POST", _DATASETS)
    def insert(request: Request) -> Response:
        return Response.json(catalog.create_dataset(request.params["project"], request.json()))

    @operations.serve("datasets.list", "GET", _DATASETS)
    def list_all(request: Request) -> Response:
        datasets = catalog.datasets(request.params["project"])
        return Response.json({"kind": "bigquery#datasetList", "datasets": datasets})

    @operations.serve("datasets.get", "GET", _DATASET)
    def get(request: Request) -> Response:
        return Response.json(catalog.dataset(request.params["project"], request.params["dataset"]))

    @operations.serve("datasets.delete", "DELETE", _DATASET)
    def delete(request: Request) -> Response:
        contents = request.query.get("deleteContents", "").lower() == "true"
        project, dataset = request.params["project"], request.params["dataset"]
        catalog.delete_dataset(project, dataset, contents=contents)
        return Response(204)


def _install_tables(operations: Operations, catalog: Catalog) -> None:
    @operations.serve("tables.insert", "POST", _TABLES)
    def insert(request: Request) -> Response:
        project, dataset = request.params["project"], request.params["dataset"]
        resource, _ = catalog.create_table(project, dataset, request.json())
        return Response.json(resource)

    @operations.serve("tables.list", "GET", _TABLES)
    def list_all(request: Request) -> Response:
        tables = catalog.tables(request.params["project"], request.params["dataset"])
        body = {"kind": "bigquery#tableList", "tables": tables, "totalItems": len(tables)}
        return Response.json(body)

    @operations.serve("tables.get", "GET", _TABLE)
    def get(request: Request) -> Response:
        return Response.json(catalog.described(*_names(request)))

    @operations.serve("tables.patch", "PATCH", _TABLE)
    def patch(request: Request) -> Response:
        etag = request.headers.get("If-Match")
        catalog.patch_table(*_names(request), request.json(), etag)
        return Response.json(catalog.described(*_names(request)))

    @operations.serve("tables.delete", "DELETE", _TABLE)
    def delete(request: Request) -> Response:
        catalog.delete_table(*_names(request))
        return Response(204)


def _names(request: Request) -> tuple[str, str, str]:
    return request.params["project"], request.params["dataset"], request.params["table"]
