"""The REST methods of routines."""

from __future__ import annotations

from local.bigquery.catalog import Catalog
from local.bigquery.operations import Operations
from local.http import Request, Response

_ROUTINES = "/datasets/(?P<dataset>[^/]+)/routines"
_ROUTINE = f"{_ROUTINES}/(?P<routine>[^/]+)"


def install(operations: Operations, catalog: Catalog) -> None:
    """Serve the table functions of the catalog."""

    @operations.serve("routines.insert", "POST", _ROUTINES)
    def insert(request: Request) -> Response:
        project, dataset = request.params["project"], request.params["dataset"]
        return Response.json(catalog.create_routine(project, dataset, request.json()))

    @operations.serve("routines.list", "GET", _ROUTINES)
    def list_all(request: Request) -> Response:
        routines = catalog.routines(request.params["project"], request.params["dataset"])
        return Response.json({"routines": routines})

    @operations.serve("routines.get", "GET", _ROUTINE)
    def get(request: Request) -> Response:
        return Response.json(catalog.routine(*_names(request)))

    @operations.serve("routines.update", "PUT", _ROUTINE)
    def update(request: Request) -> Response:
        etag = request.headers.get("If-Match")
        return Response.json(catalog.replace_routine(*_names(request), request.json(), etag))

    @operations.serve("routines.delete", "DELETE", _ROUTINE)
    def delete(request: Request) -> Response:
        catalog.delete_routine(*_names(request))
        return Response(204)


def _names(request: Request) -> tuple[str, str, str]:
    return request.params["project"], request.params["dataset"], request.params["routine"]
