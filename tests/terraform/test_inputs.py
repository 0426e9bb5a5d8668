"""Terraform's variables accept what the functions accept, and refuse what they would refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import hcl2
import pytest

from local.bundles import ROOT
from mixpanel_export import variables
from mixpanel_export.errors import Setup
from mixpanel_export.settings import FetcherSettings, LoaderSettings, PlannerSettings
from tests.terraform import inputs
from tests.terraform.input_sets import (
    BAD,
    EXPORT,
    GOOD,
    MIXPANEL,
    ONLY_FUNCTIONS_REFUSE,
    ONLY_TERRAFORM_REFUSES,
    OTHERS,
    apart,
    cases,
)
from tests.terraform.inputs import REQUIRED, Said

DAY = 1440


def environment(given: Mapping[str, Any]) -> dict[str, str]:
    """The variables that these inputs become, by their names in capitals."""
    inputs_ = REQUIRED | dict(given)
    export = {"since": "2026-01-01"} | inputs_.get("export", {})
    mixpanel = inputs_.get("mixpanel", {})
    env = {name.upper(): said(value) for name, value in export.items()}
    env |= {f"MIXPANEL_{name.upper()}": said(value) for name, value in mixpanel.items()}
    env |= {"EXPORT_SINCE": env.pop("SINCE")}
    if "MIXPANEL_PROJECT_TIMEZONE" in env:
        env["PROJECT_TIMEZONE"] = env.pop("MIXPANEL_PROJECT_TIMEZONE")
    return env | {
        "BIGQUERY_LOCATION": inputs_.get("location", inputs_["region"]),
        "EXPORT_BUCKET": "some-bucket",
        "GCP_PROJECT_ID": inputs_["project_id"],
        "MIXPANEL_CREDENTIALS": "user:secret",
        "MIXPANEL_PROJECT_ID": inputs_["mixpanel_project_id"],
    }


def said(value: Any) -> str:
    """A value as the environment of a function has it."""
    return ",".join(value) if isinstance(value, list) else str(value)


def is_accepted(given: Mapping[str, Any]) -> bool:
    """Whether all functions take what these inputs become.

    An empty variable counts as not set; of a setting that has a default, Terraform says it.
    """
    env = environment(given)
    empty = any(value == "" for name, value in env.items())
    try:
        for settings in (PlannerSettings, FetcherSettings, LoaderSettings):
            settings.from_env(env)
    except Setup:
        return False
    return not empty


JUDGED = list(cases())
ONE_SIDED = [*ONLY_TERRAFORM_REFUSES.values(), *ONLY_FUNCTIONS_REFUSE.values()]
RIGHT, WRONG = apart(GOOD), apart(BAD)


def examples() -> list[dict[str, Any]]:
    """The inputs that the examples give, but for what they have from elsewhere."""
    files = sorted(ROOT.glob("terraform/examples/*/main.tf"))
    blocks = [hcl2.loads(path.read_text())["module"][0] for path in files]
    calls = [literal(call) for block in blocks for call in block.values()]
    return [{name: call[name] for name in call if name in inputs.NAMES} for call in calls]


def literal(value: Any) -> Any:
    """A value as HCL's parser gives it, without the quotes; what is no literal is some text."""
    if isinstance(value, dict):
        return {name.strip('"'): literal(each) for name, each in value.items()}
    if isinstance(value, list):
        return [literal(each) for each in value]
    if isinstance(value, str):
        return json.loads(value) if value.startswith('"') else "from elsewhere"
    return value


def messages() -> set[str]:
    """What the variables' validations say."""
    return {
        json.loads(rule["error_message"])
        for path in ROOT.glob("terraform/variables*.tf")
        for block in hcl2.loads(path.read_text())["variable"]
        for variable in block.values()
        for rule in variable.get("validation", ())
    }


Answers = Mapping[str, Sequence[tuple[Any, Said]]]
KINDS: dict[str, list[dict[str, Any]]] = {
    "judged": JUDGED,
    "one-sided": ONE_SIDED,
    "right": RIGHT,
    "wrong": WRONG,
    "examples": examples(),
}


@pytest.fixture(name="answers", scope="module")
def _answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What Terraform says of each set of inputs, by kind."""
    flat = [case for kind in KINDS.values() for case in kind]
    said = iter(inputs.ask(flat, tmp_path_factory.mktemp("inputs")))
    return {kind: [(case, next(said)) for case in KINDS[kind]] for kind in KINDS}


def test_terraform_and_the_functions_agree(answers: Answers) -> None:
    """What a plan accepts the functions accept, and what it refuses they would refuse."""
    terraform = {json.dumps(case): not said.refusals for case, said in answers["judged"]}

    assert {json.dumps(case): is_accepted(case) for case in JUDGED} == terraform


@pytest.mark.parametrize("name", sorted({*EXPORT, *MIXPANEL, *OTHERS} - {"where"}))
def test_each_setting_has_good_and_bad_values(name: str) -> None:
    """The comparison says something about each of them."""
    given = [case.get("export") or case.get("mixpanel") or case for case in JUDGED]
    judged = {is_accepted(case) for case, each in zip(JUDGED, given, strict=True) if name in each}

    assert {True, False} == judged


def test_where_they_do_not_agree(answers: Answers) -> None:
    """Terraform refuses what no deployment can mean, and leaves zones to who has their list."""
    expected = [False] * len(ONLY_TERRAFORM_REFUSES) + [True] * len(ONLY_FUNCTIONS_REFUSE)

    assert expected == [not said.refusals for _, said in answers["one-sided"]]
    assert expected == [not is_accepted(case) for case in ONE_SIDED]


def test_good_values_are_taken(answers: Answers) -> None:
    """Also the outermost; and what the examples say."""
    taken = [*answers["right"], *answers["examples"]]

    assert [] == [(case, said.refusals) for case, said in taken if said.refusals]


def test_bad_values_are_refused(answers: Answers) -> None:
    """Each by one rule, which says what to write instead."""
    assert [] == [
        (case, said.refusals) for case, said in answers["wrong"] if len(said.refusals) != 1
    ]


def test_every_rule_refuses_something(answers: Answers) -> None:
    """Each validation's message was said, so each was broken at least once."""
    heard = {message for each in answers.values() for _, said in each for message in said.refusals}

    assert messages() == heard


def test_every_input_is_tried(answers: Answers) -> None:
    """A new input needs values here; what has no rule is named."""
    assert answers
    without_rules = {"pagerduty_service_key", "protect_data", "slack_auth_token"}

    assert inputs.NAMES == {*OTHERS, *GOOD, "export", "mixpanel"} | without_rules
    assert GOOD.keys() == BAD.keys()


def test_names_are_those_that_the_functions_take(answers: Answers) -> None:
    """Whatever the prefix, what follows from it is a topic, a dataset, a bucket to the code."""
    kinds = {
        "dataset": variables.DATASET,
        "dead_letters": variables.DEAD_LETTER_TOPIC,
        "environment": variables.ENVIRONMENT,
        "export_bucket": variables.EXPORT_BUCKET,
        "landed": variables.LANDED_TOPIC,
        "raw_dataset": variables.RAW_DATASET,
        "requests": variables.REQUEST_TOPIC,
    }
    found = [said.derived["names"] for case, said in answers["right"] if "prefix" in case]

    assert len(GOOD["prefix"]) == len(found)
    for names in found:
        assert {kind: names[kind] for kind in kinds} == {
            kind: variable.allowed.parse(names[kind]) for kind, variable in kinds.items()
        }


def accepted(answers: Answers) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The settings of the input `export` that are taken, with what follows from them."""
    defaults = {"interval_minutes": 60, "settle_minutes": 15, "tables": ["events", "people"]}
    defaults |= {"people_changes_minutes": 0, "people_snapshot_minutes": 1440}
    for case, said in answers["judged"]:
        if "export" in case and not said.refusals:
            yield defaults | case["export"], said.derived


def test_a_tick_meets_the_end_of_each_interval(answers: Answers) -> None:
    """The planner is called at the minute at which an interval has settled, and once an hour."""
    for export, derived in accepted(answers):
        cron, *rest = derived["schedule"]["cron"].split(" ")
        minutes = {int(minute) for minute in cron.split(",")}
        live = {
            "events": export["interval_minutes"],
            "people": export["people_changes_minutes"],
        }
        settled = {
            (number * length + export["settle_minutes"]) % 60
            for table, length in live.items()
            if length and table in export["tables"]
            for number in range(DAY // length)
        }

        assert ["*", "*", "*", "*"] == rest
        assert settled <= minutes, export
        assert minutes <= set(range(60))
        assert {derived["schedule"]["tick_minutes"]} == gaps(minutes)


def gaps(minutes: set[int]) -> set[int]:
    """How many minutes are between one call and the next."""
    ordered = sorted(minutes)
    return {after - before for before, after in pairwise([*ordered, ordered[0] + 60])}


def test_windows_are_long_enough(answers: Answers) -> None:
    """Nothing is late as long as all goes well, and what two intervals have missed is."""
    for export, derived in accepted(answers):
        windows, series = derived["windows"], derived["series"]
        tick = 60 * derived["schedule"]["tick_minutes"]
        least = min(each["minutes"] for each in series.values())

        assert windows["not_retrieved_seconds"] >= 2 * 60 * least, export
        assert windows["planner_silent_seconds"] > 2 * tick
        # One point of each tick, and never two.
        assert tick < windows["tick_seconds"] < 2 * tick + 600
        for each in series.values():
            due = 60 * (each["minutes"] + each["settle_minutes"])
            assert due + tick < each["late_after_seconds"], export


def test_windows_are_whole_minutes(answers: Answers) -> None:
    """As the API takes no other; and no longer than it takes, or left out."""
    for export, derived in accepted(answers):
        windows = {
            name: value for name, value in derived["windows"].items() if name.endswith("_seconds")
        }

        assert {0} == {value % 60 for value in windows.values()}, export
        assert windows["tick_seconds"] <= 90_000
        assert windows["planner_silent_seconds"] <= 84_600
        assert windows["unloaded_seconds"] <= 90_000
