"""Table functions: a query with typed arguments, kept as a macro of DuckDB."""

from __future__ import annotations

import uuid
from typing import Any

from sqlglot import exp

from local.bigquery.columns import DUCKDB_TYPES, legacy_type
from local.bigquery.errors import (
    duplicate,
    invalid,
    invalid_query,
    not_emulated,
    not_found,
    only,
)
from local.bigquery.resolving import Names
from local.bigquery.sql import parse, translate
from local.bigquery.store import Store, quoted, understood
from local.clock import Clock

Json = Any

_KEYS = frozenset(
    {"arguments", "definitionBody", "description", "language", "routineReference", "routineType"}
)
_ANSWERED = frozenset({"creationTime", "etag", "lastModifiedTime"})
_ARGUMENT_KEYS = frozenset({"argumentKind", "dataType", "name"})


class Routines:
    """The table functions of all datasets. Whoever calls holds the lock of the catalog."""

    def __init__(self, store: Store, names: Names, clock: Clock) -> None:
        self._store = store
        self._names = names
        self._clock = clock
        self._resources: dict[str, Json] = store.saved("routine")

    def create(self, project: str, dataset: str, body: Json) -> Json:
        name = str(body["routineReference"]["routineId"])
        if f"{dataset}.{name}" in self._resources:
            raise duplicate(f"Routine {project}:{dataset}.{name}")
        return self._write(project, dataset, name, checked(body) | {"creationTime": self._now()})

    def replace(self, project: str, dataset: str, name: str, body: Json) -> Json:
        created = {"creationTime": self.get(dataset, name)["creationTime"]}
        return self._write(project, dataset, name, checked(body) | created)

    def get(self, dataset: str, name: str) -> Json:
        if f"{dataset}.{name}" not in self._resources:
            raise not_found(f"Routine {dataset}.{name}")
        return self._resources[f"{dataset}.{name}"]

    def within(self, dataset: str) -> dict[str, Json]:
        """The functions of a dataset by their full names."""
        mine = self._resources.items()
        return {key: each for key, each in mine if key.startswith(f"{dataset}.")}

    def delete(self, dataset: str, name: str) -> None:
        with self._store.transaction() as cursor:
            cursor.execute(f"DROP MACRO TABLE {quoted(dataset, name)}")
            self._store.forget(cursor, "routine", f"{dataset}.{name}")
        del self._resources[f"{dataset}.{name}"]

    def forget(self, dataset: str) -> None:
        """Let go of the functions of a dataset that is no more."""
        for key in self.within(dataset):
            del self._resources[key]

    def _write(self, project: str, dataset: str, name: str, resource: Json) -> Json:
        reference = {"projectId": project, "datasetId": dataset, "routineId": name}
        resource |= {"routineReference": reference, "etag": uuid.uuid4().hex}
        resource |= {"lastModifiedTime": self._now()}
        nothing = ", ".join(["NULL"] * len(resource.get("arguments", [])))
        with self._store.transaction() as cursor, understood():
            cursor.execute(macro_sql(resource, self._names))
            # DuckDB looks into a macro when it is called, BigQuery when it is made.
            call = f"{quoted(dataset, name)}({nothing})"
            cursor.execute(f"SELECT * FROM {call} LIMIT 0")  # noqa: S608  (quoted)
            self._store.save(cursor, "routine", f"{dataset}.{name}", resource)
        self._resources[f"{dataset}.{name}"] = resource
        return resource

    def _now(self) -> str:
        return str(int(self._clock.now() * 1000))


def checked(body: Json) -> Json:
    """The resource as it will be stored.

    Raises:
        ApiError: `invalid` for what BigQuery refuses, 501 for what is no table function in SQL.
    """
    given = {key: value for key, value in body.items() if value is not None}
    given = {key: value for key, value in given.items() if key not in _ANSWERED}
    only(given, _KEYS, "routine property")
    if given.get("routineType") != "TABLE_VALUED_FUNCTION":
        raise not_emulated(f"routines of type {given.get('routineType')}")
    if given.get("language", "SQL") != "SQL":
        raise not_emulated(f"routines in {given['language']}")
    if not given.get("definitionBody"):
        raise invalid("Required parameter is missing: definitionBody")
    names = [_argument(each)[0].casefold() for each in given.get("arguments", [])]
    if len(set(names)) < len(names):
        raise invalid("Duplicate argument names of a routine")
    return given | {"language": "SQL"}


def macro_sql(resource: Json, names: Names) -> str:
    """The statement that makes DuckDB know the function.

    Raises:
        ApiError: what is wrong with the query, as for a view.
    """
    reference = resource["routineReference"]
    arguments = dict(map(_argument, resource.get("arguments", [])))
    statement = parse(resource["definitionBody"])
    if not isinstance(statement, exp.Query):
        raise invalid_query("The body of a table function must be a query")
    variables = {name: _argument_value(name, kind) for name, kind in arguments.items()}
    body = translate(statement, names, variables=variables).sql
    name = quoted(reference["datasetId"], reference["routineId"])
    return f"CREATE OR REPLACE MACRO {name}({', '.join(map(quoted, arguments))}) AS TABLE {body}"


def _argument(argument: Json) -> tuple[str, str]:
    only(argument, _ARGUMENT_KEYS, "argument property")
    if argument.get("argumentKind", "FIXED_TYPE") != "FIXED_TYPE":
        raise not_emulated(f"arguments of kind {argument['argumentKind']}")
    only(argument.get("dataType", {}), frozenset({"typeKind"}), "type of an argument:")
    kind = argument.get("dataType", {}).get("typeKind")
    if legacy_type(kind) not in DUCKDB_TYPES:
        raise not_emulated(f"arguments of type {kind}")
    return argument["name"], DUCKDB_TYPES[legacy_type(kind)]


def _argument_value(name: str, kind: str) -> exp.Expr:
    value = exp.cast(exp.column(name, quoted=True), kind, dialect="duckdb")
    value.meta["exact"] = True  # The argument is a value of BigQuery already.
    return value
