"""Natural-looking protocols that are wrong: the checker must tell them from ours."""

from __future__ import annotations

from dataclasses import replace

from mixpanel_export.loading import LoadJob
from mixpanel_export.messages import LandedObject, Message
from mixpanel_export.naming import ObjectName
from tests.fakes.ledger import FakeLedger
from tests.fakes.warehouse import FakeWarehouse
from tests.pipeline.protocol_model import World


class _RandomIds:
    """A warehouse that is asked under a new id each time, so that nothing is a duplicate."""

    def __init__(self, warehouse: FakeWarehouse) -> None:
        self._warehouse, self._starts = warehouse, 0

    def start(self, job_id: str, uri: str, table: str) -> LoadJob:
        self._starts += 1  # As good as random, and the same in each run of one seed.
        return self._warehouse.start(f"{job_id}-{self._starts:08x}", uri, table)

    def look(self, job_id: str) -> LoadJob:
        return self._warehouse.look(job_id)


def random_job_ids(world: World) -> None:
    """The loader starts a job of its own at every delivery."""
    world.load = replace(world.loader, warehouse=_RandomIds(world.warehouse)).handle


def claim_then_work(world: World) -> None:
    """The loader claims an object before it works, and takes a claimed one for a loaded one."""
    claims = set()

    def handle(message: Message) -> None:
        path = LandedObject.decode(message, "landing").name.path
        world.journal.before("claim")
        if path in claims:
            return
        claims.add(path)
        world.journal.after("claim", f"claimed {path}")
        world.loader.handle(message)

    world.load = handle


class _Hasty:
    """A warehouse whose jobs seem done as soon as they are started."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, job_id: str, uri: str, table: str) -> LoadJob:
        job = self._world.warehouse.start(job_id, uri, table)
        stored = self._world.bucket.objects[uri.removeprefix("gs://landing/")]
        return replace(job, done=True, reason=None, output_rows=len(stored.rows()))

    def look(self, job_id: str) -> LoadJob:
        raise AssertionError(f"{job_id} seemed done, so nobody looks again")


def insert_and_forget(world: World) -> None:
    """The loader acknowledges once its job has started."""
    world.load = replace(world.loader, warehouse=_Hasty(world)).handle


def no_ledger(world: World) -> None:
    """The planner takes what has landed for loaded."""
    ledger = FakeLedger(world.journal)
    ledger.held = lambda: list(map(ObjectName.parse, world.content))
    world.planner = replace(world.planner, ledger=ledger)


def no_second_look(world: World) -> None:
    """The planner never asks for what has landed."""
    policy = replace(world.planner.policy, verify_after=None)
    world.planner = replace(world.planner, policy=policy)


def overwritten_objects(world: World) -> None:
    """Of two fetchers of one version, the one that ends last wins."""
    world.bucket.is_guarded = False
