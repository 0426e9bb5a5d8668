"""What the planner's settings must be together, so that it can keep up with Mixpanel's budget.

A rule yields a problem for each variable that has to change, with a value that will do. It says
nothing when a variable that it needs is wrong by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil

from mixpanel_export import variables as var
from mixpanel_export.allowed import LENGTHS
from mixpanel_export.intervals import HOUR, MINUTE, most_an_hour

Rule = Callable[[Mapping[str, str]], Iterator[str]]

_SPARE = 1
_PEOPLE_MODES = (var.PEOPLE_SNAPSHOT_MINUTES, var.PEOPLE_CHANGES_MINUTES)


def _exports_keep_up(env: Mapping[str, str]) -> Iterator[str]:
    """Events cost no more exports an hour than `REQUESTS_PER_HOUR`, with one to spare for gaps.

    Each interval that may become due in an hour costs one, two with second looks; the sweep one.
    """
    interval, budget = var.INTERVAL_MINUTES.read(env), var.REQUESTS_PER_HOUR.read(env)
    looks = 2 if var.VERIFY_AFTER_HOURS.read(env) else 1
    others = _SPARE + (1 if var.SWEEP_DAYS.read(env) else 0)
    need = looks * most_an_hour(interval) + others
    if "events" not in var.TABLES.read(env) or need <= budget:
        return
    ways = [f"at least {_least([MINUTE] * looks, budget - others)}"]
    if looks > 1:
        ways.append(f"VERIFY_AFTER_HOURS 0 and at least {_least([MINUTE], budget - others)}")
    why = f"it needs {need} export requests an hour, more than REQUESTS_PER_HOUR {budget}"
    yield var.INTERVAL_MINUTES.refusal(env, why, ", or ".join(ways))


def _people_keep_up(env: Mapping[str, str]) -> Iterator[str]:
    """People cost no more queries an hour than `REQUESTS_PER_HOUR`, with one to spare for gaps.

    Each snapshot and each fetch of changes that may become due in an hour costs one.
    """
    modes = {variable: variable.read(env) for variable in _PEOPLE_MODES}
    lengths = [length for length in modes.values() if length]
    need, budget = sum(map(most_an_hour, lengths)) + _SPARE, var.REQUESTS_PER_HOUR.read(env)
    if "people" not in var.TABLES.read(env) or need <= budget:
        return
    least = _least(lengths, budget - _SPARE)
    why = f"people need {need} query requests an hour, more than REQUESTS_PER_HOUR {budget}"
    for variable, length in modes.items():
        if length and length // MINUTE < least:
            yield variable.refusal(env, why, f"at least {least}")


def _people_have_a_mode(env: Mapping[str, str]) -> Iterator[str]:
    """Who wants people takes snapshots of them, or changes, or both."""
    wanted = "people" in var.TABLES.read(env)
    if wanted and not any(variable.read(env) for variable in _PEOPLE_MODES):
        why = "TABLES has people and neither mode is on"
        instead = "1440, or PEOPLE_CHANGES_MINUTES 60, or TABLES events"
        yield var.PEOPLE_SNAPSHOT_MINUTES.refusal(env, why, instead)


def _second_looks_come_later(env: Mapping[str, str]) -> Iterator[str]:
    """`VERIFY_AFTER_HOURS` is longer than `SETTLE_MINUTES`, unless it is off."""
    verify_after, settle = var.VERIFY_AFTER_HOURS.read(env), var.SETTLE_MINUTES.read(env)
    if verify_after and verify_after <= settle:
        why = f"SETTLE_MINUTES {settle // MINUTE} is not shorter"
        instead = f"0, or at least {settle // HOUR + 1}"
        yield var.VERIFY_AFTER_HOURS.refusal(env, why, instead)


def _the_horizon_holds_second_looks(env: Mapping[str, str]) -> Iterator[str]:
    """`HEAL_HORIZON_HOURS` holds an interval that is due, and its second look."""
    needed = var.SETTLE_MINUTES.read(env) + var.INTERVAL_MINUTES.read(env)
    needed += var.VERIFY_AFTER_HOURS.read(env) or timedelta(0)
    if var.HEAL_HORIZON_HOURS.read(env) < needed:
        why = "it must hold SETTLE_MINUTES, INTERVAL_MINUTES and VERIFY_AFTER_HOURS together"
        yield var.HEAL_HORIZON_HOURS.refusal(env, why, f"at least {ceil(needed / HOUR)}")


def _least(lengths: Sequence[timedelta], budget: int) -> int:
    """How many minutes each of these lengths must have at least, to begin so often an hour."""
    fitting = (
        least
        for least in LENGTHS
        if sum(most_an_hour(max(least, length)) for length in lengths) <= budget
    )
    return next(fitting) // MINUTE


PLANNER_RULES: tuple[Rule, ...] = (
    _exports_keep_up,
    _people_keep_up,
    _people_have_a_mode,
    _second_looks_come_later,
    _the_horizon_holds_second_looks,
)
