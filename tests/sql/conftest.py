"""The engines that tests of SQL run on: both, unless a reason is named why one cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.bigquery.loading import Objects
from tests.sql import project
from tests.sql.analyzer import Analyzer
from tests.sql.engines import EmulatorEngine, Engine, GoogleSqlEngine
from tests.sql.jobs import NOW, Jobs
from tests.sql.lacks import LACKS
from tests.sql.server import Server

ENGINES = ("emulator", "googlesql")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "emulator_only(reason): a key of lacks.LACKS")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the runs that a named reason rules out."""
    ruled_out = [item for item in items if _is_ruled_out(item)]
    if ruled_out:
        config.hook.pytest_deselected(items=ruled_out)
        items[:] = [item for item in items if item not in ruled_out]


def _is_ruled_out(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("emulator_only")
    if marker is None or not isinstance(item, pytest.Function):
        return False
    (reason,) = marker.args
    if reason not in LACKS:
        raise pytest.UsageError(f"{item.nodeid}: {reason!r} is not in tests/sql/lacks.py")
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("engine") == "googlesql"


@pytest.fixture(name="analyzer", scope="session")
def _analyzer() -> Iterator[Analyzer]:
    with Server() as server:
        yield Analyzer(server)


@pytest.fixture(name="emulator", scope="session")
def _emulator() -> Iterator[EmulatorEngine]:
    with Objects() as objects, pytest.MonkeyPatch.context() as environment:
        environment.setenv("STORAGE_EMULATOR_HOST", objects.server.url)
        engine = EmulatorEngine(objects)
        yield engine
        engine.stop()


@pytest.fixture(name="googlesql", scope="session")
def _googlesql(analyzer: Analyzer) -> GoogleSqlEngine:
    return GoogleSqlEngine(analyzer)


@pytest.fixture(name="engine", scope="session", params=ENGINES)
def _engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture(name="jobs", scope="session")
def _jobs(emulator: EmulatorEngine) -> Jobs:
    return Jobs(emulator)


@pytest.fixture(autouse=True)
def _due(request: pytest.FixtureRequest) -> Iterator[None]:
    """Scheduled queries find that the day of the histories is due, and leave nothing behind."""
    if "jobs" not in request.fixturenames:
        yield
        return
    jobs: Jobs = request.getfixturevalue("jobs")
    jobs.engine.now = NOW
    yield
    jobs.forget()


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test finds empty tables and a running clock."""
    used = [name for name in ("engine", *ENGINES) if name in request.fixturenames]
    engines: list[Engine] = [request.getfixturevalue(name) for name in used]
    yield
    for engine in engines:
        engine.now = None
        for table in project.places():
            engine.hold(table, ())
