"""Every resource of every deployment is one that Google's APIs would take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.terraform.api_rules import BY_PAGE, GRANTS, LABELLED, WITHOUT_RULES
from tests.terraform.api_shapes import SHAPES, Shape
from tests.terraform.api_values import at_most, found, labels, number, one_of, seconds, text
from tests.terraform.runs import State

RULES = {path: holds for rules in BY_PAGE.values() for path, holds in rules.items()}


def every(states: Mapping[str, State], kind: str) -> Iterator[tuple[str, Any]]:
    """The resources of a type in all deployments, by run and address."""
    for run, state in states.items():
        for address, values in state.resources(kind).items():
            yield f"{run}: {address}", values


def words(values: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text in a resource with its path."""
    if isinstance(values, str):
        yield path, values
    elif isinstance(values, list):
        for each in values:
            yield from words(each, path)
    elif isinstance(values, Mapping):
        for name, each in values.items():
            yield from words(each, f"{path}.{name}")


@pytest.mark.parametrize("path", RULES)
def test_an_attribute_is_what_the_api_takes(path: str, states: Mapping[str, State]) -> None:
    """At least one resource has the attribute, and all that have it keep to the rule."""
    kind, _, attribute = path.partition(".")
    values = [
        (where, value)
        for where, resource in every(states, kind)
        for value in found(resource, attribute)
    ]

    assert values
    assert [] == [(where, value) for where, value in values if not RULES[path](value)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.kind} {shape.says}")
def test_arguments_go_together(shape: Shape, states: Mapping[str, State]) -> None:
    """At least one resource is of the type, and all that are have what they need, and no more."""
    resources = list(every(states, shape.kind))

    assert resources
    assert [] == [where for where, values in resources if not shape.holds(values)]


@pytest.mark.parametrize(
    "kind", ["google_service_account.account_id", "google_storage_bucket.name"]
)
def test_no_longer_prefix_would_do(kind: str, states: Mapping[str, State]) -> None:
    """With the longest names that the variables allow, accounts and buckets are at their limit."""
    state = states["longest"]
    prefix = state.outputs["loader_environment"]["ENVIRONMENT"]
    type_, _, attribute = kind.partition(".")
    names = [values[attribute] for values in state.resources(type_).values()]

    assert all(prefix in name for name in names)
    assert not all(RULES[kind](name.replace(prefix, f"{prefix}1")) for name in names)


def test_every_type_has_rules(states: Mapping[str, State]) -> None:
    """A new type of resource is looked up before it is relied on."""
    used = {
        each["type"]
        for state in states.values()
        for each in state.everything()
        if each["mode"] == "managed"
    }
    ruled = {path.partition(".")[0] for path in RULES} | {shape.kind for shape in SHAPES}

    assert used == ruled | WITHOUT_RULES
    assert set() == ruled & WITHOUT_RULES


def test_every_choice_has_a_rule(states: Mapping[str, State]) -> None:
    """A word in capitals is one of several that an API knows, so there is a rule for it."""
    chosen = {
        each["type"] + path
        for state in states.values()
        for each in state.everything()
        for path, value in words(each["values"])
        if re.fullmatch(r"[A-Z]{2,}(_[A-Z0-9]+)*", value) and "environment_variables" not in path
    }

    assert set() == chosen - RULES.keys()


def test_every_grant_and_every_label_has_rules(states: Mapping[str, State]) -> None:
    """The lists of types that grant something, or take labels, are whole."""
    resources = [each for state in states.values() for each in state.everything()]
    labelled = {
        each["type"] for each in resources if isinstance(each["values"].get("labels"), dict)
    }

    assert set(GRANTS) == {each["type"] for each in resources if "_iam_" in each["type"]}
    # The labels of a channel are its address.
    assert {*LABELLED, "google_monitoring_notification_channel"} == labelled


@pytest.mark.parametrize(
    ("holds", "good", "bad"),
    [
        pytest.param(one_of("a", "b"), ["a", "b"], ["c", ""], id="one of"),
        pytest.param(text(r"[a-z]+", 3), ["a", "abc"], ["", "abcd", "a\n", "A"], id="text"),
        pytest.param(number(1, 3), [1, 3, "2.5"], [0, 3.1], id="number"),
        pytest.param(
            seconds(60, 180, 60), ["60s", "180s"], ["0s", "90s", "240s", "60", "1m"], id="seconds"
        ),
        pytest.param(at_most(2, one_of("a")), [[], ["a", "a"]], [["a"] * 3, ["b"]], id="at most"),
        pytest.param(
            labels,
            [{}, {"a-b_1": ""}, {"a" * 63: "b" * 63}],
            [{"A": ""}, {"1": ""}, {"a": "B"}, {"a" * 64: ""}, {"a": "b" * 64}],
            id="labels",
        ),
    ],
)
def test_rules_can_be_broken(holds: Any, good: list[Any], bad: list[Any]) -> None:
    """Each way to say a rule lets through what it should, and nothing else."""
    assert [True] * len(good) == [holds(each) for each in good]
    assert [False] * len(bad) == [holds(each) for each in bad]


def test_attributes_are_found_in_blocks() -> None:
    """In each of several blocks, and nowhere where they are not set."""
    values = {"a": [{"b": 1, "c": None}, {"b": 2, "c": [{"d": ""}]}, {}], "b": 3, "e": ["x"]}

    assert [1, 2] == list(found(values, "a.b"))
    assert [""] == list(found(values, "a.c.d"))
    assert [["x"]] == list(found(values, "e"))
    assert [] == list(found(values, "f.g"))
