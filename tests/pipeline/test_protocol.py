"""The promise of the whole: each interval in BigQuery once, whatever happens on the way.

Production `Fetcher`, `Loader`, `Planner` and `answer_push` run side by side on fakes that keep
Google's guarantees and nothing more. A seed decides everything: which delivery goes on, which
message comes twice, where a process dies, whose answer is lost, which job fails, what Mixpanel
corrects. After every step `World.check` compares what analysts would see with what landed.

At the end everything must have healed by itself: each interval shows its newest version, and
that holds what Mixpanel holds.

2,000 lives must be clean (`TEST_DEEP_RUNS` sets another number). Of such lives nearly all show
that a loader must wait for its job, about one in two that random job ids double rows, one in three
that a claim before the work loses them, one in six that late rows need a second look, one in
fifty that the planner needs the ledger, and one in a hundred that no object may be overwritten.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.protocol_model import Violation, World, view
from tests.pipeline.protocol_run import live
from tests.pipeline.protocol_variants import (
    claim_then_work,
    insert_and_forget,
    no_ledger,
    no_second_look,
    overwritten_objects,
    random_job_ids,
)

RUNS = int(os.environ.get("TEST_DEEP_RUNS", "2000"))
_SHARES = 4  # One test each, so that several processes can share them.
_CATCHES = 3

SPAN = ("2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z")


@pytest.mark.parametrize("share", range(_SHARES))
def test_no_life_breaks_a_promise(share: int) -> None:
    """Through duplicates, crashes, replays and failures nothing is lost, doubled or mixed."""
    for seed in range(share, RUNS, _SHARES):
        try:
            live(Random(seed))
        except Violation as violation:
            violation.add_note(f"seed {seed}")
            raise


def test_processes_die_at_every_step() -> None:
    """A checker that nothing happens to proves nothing: all trouble does happen."""
    steps = {"list", "ask", "write", "commit", "start", "look", "sleep", "park"}
    steps |= {"read", "ledger", "create", "publish requests", "publish reloads"}
    missing = {f"{at} {step}" for at in ("before", "after") for step in steps}
    missing |= {"start", "before receive"}
    missing |= {"parked", "a request given up", "a notification given up"}
    runs = 0
    while missing and runs < RUNS:
        world = live(Random(runs))
        missing -= world.crashes.keys()
        missing -= {"parked"} if world.dead_letters.parked else set()
        missing -= {"a request given up"} if world.requests.given_up else set()
        missing -= {"a notification given up"} if world.landings.given_up else set()
        runs += 1

    assert set() == missing, f"in {runs} lives"


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rng=st.randoms(use_true_random=False))
def test_no_life_that_hypothesis_finds_breaks_a_promise(rng: Random) -> None:
    """The same lives, chosen and, when one fails, shortened by Hypothesis."""
    live(rng)


@pytest.mark.parametrize(
    ("sabotage", "kind"),
    [
        pytest.param(random_job_ids, "doubled", id="random job ids double rows"),
        pytest.param(claim_then_work, "lost", id="a claim before the work loses rows"),
        pytest.param(insert_and_forget, "lost", id="not waiting for the job loses rows"),
        pytest.param(no_ledger, "stale", id="a planner without ledger leaves failed loads"),
        pytest.param(no_second_look, "outdated", id="without a second look late rows are missed"),
        pytest.param(overwritten_objects, "mixed", id="overwriting objects mixes versions"),
    ],
)
def test_the_checker_catches_wrong_protocols(
    sabotage: Callable[[World], None], kind: str, record_property: Callable[[str, object], None]
) -> None:
    """Each natural-looking mistake breaks the promise it is known for, within as many runs."""
    caught: Counter[str] = Counter()
    runs = 0
    while caught[kind] < _CATCHES and runs < RUNS:
        try:
            live(Random(runs), sabotage)
        except Violation as violation:
            caught[violation.kind] += 1
        runs += 1
    record_property("caught", dict(caught))
    record_property("runs", runs)

    assert (kind, _CATCHES) == (kind, caught[kind]), f"{runs} runs: {dict(caught)}"


def row(version: int, line: int) -> dict[str, object]:
    """A row of the raw table, of the one interval of these examples."""
    start, end = SPAN
    return {"_interval_start": start, "_interval_end": end, "_version": version, "_line": line}


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([row(1, 0)], {SPAN: (1, [])}, id="an empty interval is loaded"),
        pytest.param([row(1, 1)], {}, id="rows without a marker are not"),
        pytest.param(
            [row(1, 1), row(1, 0), row(2, 1), row(2, 0)],
            {SPAN: (2, [row(2, 1)])},
            id="the newest version",
        ),
        pytest.param(
            [row(2, 1), row(2, 0), row(1, 1), row(1, 0)],
            {SPAN: (2, [row(2, 1)])},
            id="an older version that comes later",
        ),
        pytest.param(
            [row(1, 1), row(1, 0), row(2, 1)],
            {SPAN: (1, [row(1, 1)])},
            id="a newer version without its marker",
        ),
    ],
)
def test_the_model_of_the_view(
    rows: list[dict[str, object]], shown: dict[tuple[str, str], object]
) -> None:
    """The checker's idea of the view: of each interval its newest version with a marker."""
    assert shown == view(rows)
