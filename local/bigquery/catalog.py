"""What one project has: the API's resources, and the DuckDB objects behind them."""

from __future__ import annotations

import threading
import uuid
from typing import Any, Literal

import duckdb

from local.bigquery import definitions, sql
from local.bigquery.columns import DUCKDB_TYPES, Field, column_definition, result_field
from local.bigquery.errors import (
    ApiError,
    duplicate,
    invalid,
    invalid_query,
    not_emulated,
    not_found,
    only,
)
from local.bigquery.routines import Routines
from local.bigquery.store import Store, quoted, understood
from local.clock import Clock

Json = Any
IfExists = Literal["fail", "keep", "replace"]

_DATASET_KEYS = frozenset(
    {"access", "datasetReference", "description", "friendlyName", "labels", "location"}
)
_PATCHABLE = frozenset({"description", "etag", "friendlyName", "labels", "schema", "view"})


def milliseconds(clock: Clock) -> str:
    """The time it shows, as the API writes times in resources."""
    return str(int(clock.now() * 1000))


class Catalog:
    """What exists. The first dataset decides the project; another project has nothing here."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.RLock()
        self._datasets: dict[str, Json] = store.saved("dataset")
        self._tables: dict[str, Json] = store.saved("table")
        self._writers: dict[str, threading.RLock] = {}
        self.transactions = threading.RLock()
        self._routines = Routines(store, self, clock)

    # Datasets

    def create_dataset(self, project: str, body: Json) -> Json:
        only(body, _DATASET_KEYS, "dataset property")
        dataset = body["datasetReference"]["datasetId"]
        with self._lock:
            if other := self._other_project(project):
                raise not_emulated(f"a second project beside {other} in one database")
            if dataset in self._datasets:
                raise duplicate(f"Dataset {project}:{dataset}")
            if dataset.casefold() == self._store.name.casefold():
                raise invalid(f"a database file named like its dataset {dataset}: rename the file")
            resource: Json = {
                "kind": "bigquery#dataset",
                "location": "US",
                "etag": uuid.uuid4().hex,
            }
            created = milliseconds(self._clock)
            resource |= body | {"id": f"{project}:{dataset}", "creationTime": created}
            resource["datasetReference"] = {"projectId": project, "datasetId": dataset}
            with self._store.transaction() as cursor:
                cursor.execute(f"CREATE SCHEMA {quoted(dataset)}")
                self._store.save(cursor, "dataset", dataset, resource)
            self._datasets[dataset] = resource
            return resource

    def dataset(self, project: str | None, dataset: str) -> Json:
        with self._lock:
            if dataset not in self._datasets or (project and self._other_project(project)):
                raise not_found(f"Dataset {project or 'default'}:{dataset}")
            return self._datasets[dataset]

    def datasets(self, project: str) -> list[Json]:
        with self._lock:
            return [] if self._other_project(project) else list(self._datasets.values())

    def delete_dataset(self, project: str, dataset: str, *, contents: bool) -> None:
        with self._lock:
            self.dataset(project, dataset)
            keys = [key for key in self._tables if key.startswith(f"{dataset}.")]
            routines = self._routines.within(dataset)
            if (keys or routines) and not contents:
                raise ApiError("resourceInUse", f"Dataset {project}:{dataset} is still in use")
            with self._store.transaction() as cursor:
                cursor.execute(f"DROP SCHEMA {quoted(dataset)} CASCADE")
                self._store.forget(cursor, "dataset", dataset)
                for key in keys:
                    self._store.forget(cursor, "table", key)
                for key in routines:
                    self._store.forget(cursor, "routine", key)
            del self._datasets[dataset]
            for key in keys:
                del self._tables[key]
            self._routines.forget(dataset)

    def _other_project(self, project: str) -> str | None:
        for resource in self._datasets.values():
            served = str(resource["datasetReference"]["projectId"])
            return served if served != project else None
        return None

    # Tables and views

    def create_table(
        self,
        project: str,
        dataset: str,
        body: Json,
        if_exists: IfExists = "fail",
        rows: sql.Translation | None = None,
    ) -> tuple[Json, str]:
        """The resource of the new table or view, and what was done: CREATE, REPLACE or SKIP."""
        table = body["tableReference"]["tableId"]
        key = f"{dataset}.{table}"
        with self.writing(dataset, table), self._lock:
            location = self.dataset(project, dataset)["location"]
            old = self._tables.get(key)
            if old and if_exists == "keep":
                return old, "SKIP"
            if old and if_exists == "fail":
                raise duplicate(f"Table {project}:{dataset}.{table}")
            resource = {"kind": "bigquery#table", "id": f"{project}:{key}", "location": location}
            resource |= definitions.checked(body) | {"creationTime": milliseconds(self._clock)}
            resource["type"] = "VIEW" if "view" in resource else "TABLE"
            reference = {"projectId": project, "datasetId": dataset, "tableId": table}
            resource["tableReference"] = reference
            with self._store.transaction() as cursor, understood():
                if rows:  # Asked before the table goes that they may come from.
                    cursor.execute(f"CREATE TEMP TABLE rows AS {rows.sql}", rows.values or None)
                if old:
                    cursor.execute(f"DROP {old['type']} {quoted(dataset, table)}")
                cursor.execute(self._create_sql(resource))
                if rows:
                    cursor.execute(f"INSERT INTO {quoted(dataset, table)} FROM temp.rows")
                self._touch(cursor, key, resource)
            self._tables[key] = resource
            return resource, "REPLACE" if old else "CREATE"

    def _create_sql(self, resource: Json) -> str:
        reference = resource["tableReference"]
        name = quoted(reference["datasetId"], reference["tableId"])
        if "view" in resource:
            return f"CREATE OR REPLACE VIEW {name} AS {self._view_sql(resource['view'])}"
        columns = ", ".join(map(column_definition, resource["schema"]["fields"]))
        return f"CREATE TABLE {name} ({columns})"

    def _view_sql(self, view: Json) -> str:
        return sql.translate(sql.parse(view["query"]), self).sql

    def table(self, project: str | None, dataset: str, table: str) -> Json:
        with self._lock:
            self.dataset(project, dataset)
            if f"{dataset}.{table}" not in self._tables:
                raise not_found(f"Table {project or 'default'}:{dataset}.{table}")
            return self._tables[f"{dataset}.{table}"]

    def resolve(self, project: str | None, dataset: str, table: str) -> None:
        self.table(project, dataset, table)

    def column_names(self, dataset: str, table: str) -> list[str]:
        with self._store.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {quoted(dataset, table)} LIMIT 0")  # noqa: S608  (quoted)
            return [str(each[0]) for each in cursor.description]

    def tables(self, project: str, dataset: str) -> list[Json]:
        with self._lock:
            self.dataset(project, dataset)
            return [each for key, each in self._tables.items() if key.startswith(f"{dataset}.")]

    def described(self, project: str, dataset: str, table: str) -> Json:
        """The resource with what only DuckDB knows: the number of rows, the columns of a view."""
        resource = self.table(project, dataset, table)
        name = quoted(dataset, table)
        with self._store.cursor() as cursor:
            if resource["type"] == "VIEW":
                cursor.execute(f"SELECT * FROM {name} LIMIT 0")  # noqa: S608  (quoted)
                fields = [result_field(each[0], each[1]) for each in cursor.description]
                return resource | {"schema": {"fields": fields}}
            count = cursor.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608  (quoted)
        return resource | {"numRows": str(count[0] if count else 0)}

    def delete_table(self, project: str, dataset: str, table: str) -> None:
        with self.writing(dataset, table), self._lock:
            kind = self.table(project, dataset, table)["type"]
            with self._store.transaction() as cursor:
                cursor.execute(f"DROP {kind} {quoted(dataset, table)}")
                self._store.forget(cursor, "table", f"{dataset}.{table}")
            del self._tables[f"{dataset}.{table}"]

    def patch_table(
        self, project: str, dataset: str, table: str, body: Json, etag: str | None
    ) -> Json:
        """Change the given properties, provided that nobody else has changed any since."""
        only(body, _PATCHABLE, "patch of table property")
        with self.writing(dataset, table), self._lock:
            old = self.table(project, dataset, table)
            if etag not in {None, "*", old["etag"]}:
                raise ApiError("conditionNotMet", "Precondition Failed")
            new = definitions.checked({key: old.get(key) for key in definitions.TABLE_KEYS} | body)
            with self._store.transaction() as cursor:
                if "view" in body:
                    with understood():
                        cursor.execute(self._create_sql(new))
                elif "schema" in body:
                    self._evolve(cursor, old, new["schema"]["fields"])
                self._touch(cursor, f"{dataset}.{table}", resource := old | new)
            self._tables[f"{dataset}.{table}"] = resource
            return resource

    def _evolve(self, cursor: duckdb.DuckDBPyConnection, old: Json, new: list[Field]) -> None:
        reference = old["tableReference"]
        alter = f"ALTER TABLE {quoted(reference['datasetId'], reference['tableId'])}"
        added, relaxed = definitions.evolved(old["schema"]["fields"], new)
        for field in added:
            column = f"{quoted(field['name'])} {DUCKDB_TYPES[field['type']]}"
            cursor.execute(f"{alter} ADD COLUMN {column}")
        for name in relaxed:
            cursor.execute(f"{alter} ALTER COLUMN {quoted(name)} DROP NOT NULL")

    def _touch(self, cursor: duckdb.DuckDBPyConnection, key: str, resource: Json) -> None:
        modified = milliseconds(self._clock)
        resource |= {"etag": uuid.uuid4().hex, "lastModifiedTime": modified}
        self._store.save(cursor, "table", key, resource)

    def writing(self, dataset: str, table: str) -> threading.RLock:
        """Hold this to write to a table: loads, DML and DDL take turns.

        Always taken before the lock of the catalog, which a load needs while it holds this one.
        """
        with self._lock:
            return self._writers.setdefault(f"{dataset}.{table}", threading.RLock())

    # Routines

    def create_routine(self, project: str, dataset: str, body: Json) -> Json:
        with self._lock:
            self.dataset(project, dataset)
            return self._routines.create(project, dataset, body)

    def replace_routine(
        self, project: str, dataset: str, routine: str, body: Json, etag: str | None
    ) -> Json:
        """Change the function, provided that nobody else has changed it since."""
        with self._lock:
            if etag not in {None, "*", self.routine(project, dataset, routine)["etag"]}:
                raise ApiError("conditionNotMet", "Precondition Failed")
            return self._routines.replace(project, dataset, routine, body)

    def routine(self, project: str | None, dataset: str, routine: str) -> Json:
        with self._lock:
            self.dataset(project, dataset)
            return self._routines.get(dataset, routine)

    def routines(self, project: str, dataset: str) -> list[Json]:
        with self._lock:
            self.dataset(project, dataset)
            return list(self._routines.within(dataset).values())

    def delete_routine(self, project: str, dataset: str, routine: str) -> None:
        with self._lock:
            self.routine(project, dataset, routine)
            self._routines.delete(dataset, routine)

    def argument_count(self, project: str | None, dataset: str, routine: str) -> int:
        try:
            resource = self.routine(project, dataset, routine)
        except ApiError as error:
            full = f"{dataset}.{routine}"
            raise invalid_query(f"Table-valued function not found: {full}") from error
        return len(resource.get("arguments", []))
