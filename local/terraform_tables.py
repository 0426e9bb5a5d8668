"""The tables of `terraform/README.md`, in Markdown: inputs with their attributes, and outputs."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import hcl2

from local.bundles import ROOT
from local.markdown import table
from mixpanel_export import variables

_OBJECT = re.compile(r"(?:\w+\()?object\(\{(.*)\}\)\)?")
_OPTIONAL = re.compile(r"optional\((.*)\)")
_SETTINGS = {
    value.name: value.meaning
    for value in vars(variables).values()
    if isinstance(value, variables.Variable)
}
# What an attribute is that is no setting of a function.
MEANINGS = {
    "alerting.channels": "channels that exist; they hear of everything",
    "alerting.critical_channels": "channels that exist; they hear of what is CRITICAL",
    "alerting.gap_objective_hours": "hours that a gap may be old before its alert fires",
    "alerting.pagerduty": "makes a channel of PagerDuty, which hears of what is CRITICAL",
    "alerting.pagerduty.service_key_version": "raise it when the key changes",
    "alerting.severities": "CRITICAL, ERROR or WARNING for single alerts, by name",
    "alerting.slack": "makes a channel of Slack, which hears of everything",
    "alerting.slack.auth_token_version": "raise it when the token changes",
    "alerting.slack.channel_name": "the channel with its #, such as `#data-alerts`",
    "compatibility.airbyte": "for the tables `export` and `engage` of Airbyte",
    "compatibility.fivetran": "for the table `event` of Fivetran, which `dbt_mixpanel` reads",
    "compatibility.mixpanel": "for the views `mp_…` of Mixpanel's own export",
    "compatibility.singer": "for the tables `export` and `engage` of tap-mixpanel",
    "maintenance.collect": "deletes rows of superseded versions of events, once a day",
    "maintenance.collect_after_days": "days after the request of the newer version",
    "maintenance.settle": "makes `events_settled`, and keeps it, once a day",
    "retention.landed_days": "days of what landed, under `events/` and `people/`",
    "retention.people_days": "days of rows of people in BigQuery; `null` keeps them",
    "retention.rejects_days": "days of lines that could not become rows, under `rejects/`",
}


class Attribute(NamedTuple):
    """One attribute of an object's type; `default` is None where it must be given."""

    name: str
    type: str
    default: str | None


class Input(NamedTuple):
    """One variable of the root module."""

    name: str
    type: str
    default: str | None
    description: str


def parts() -> dict[str, str]:
    """Each table by the name of its place on the page."""
    rows = chain.from_iterable(_rows(*each) for each in inputs())
    made = ((f"`{name}`", meaning) for name, meaning in outputs().items())
    return {
        "inputs": table(("input", "type", "default", "what it is"), rows),
        "outputs": table(("output", "what it is"), made),
    }


@functools.cache
def inputs() -> tuple[Input, ...]:
    """The variables of the root module, by their names."""
    return tuple(
        Input(
            name,
            _expression(block["type"]),
            _expression(block["default"]) if "default" in block else None,
            _text(block["description"]),
        )
        for name, block in sorted(_blocks("variable").items())
    )


def outputs() -> dict[str, str]:
    """What each output of the root module is, by their names."""
    found = sorted(_blocks("output").items())
    return {name: _text(block["description"]) for name, block in found}


def attributes(type_: str) -> list[Attribute]:
    """The attributes of `object({...})`, or of a collection of these; none of any other type."""
    found = _OBJECT.fullmatch(type_)
    return [_attribute(part) for part in _split(found[1])] if found else []


def _attribute(text: str) -> Attribute:
    name, _, type_ = text.partition(" = ")
    optional = _OPTIONAL.fullmatch(type_)
    if not optional:
        return Attribute(name, type_, None)
    inner, *default = _split(optional[1])
    return Attribute(name, inner, default[0] if default else "null")


def _split(text: str) -> list[str]:
    """What commas outside of brackets and quotes divide."""
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == '"'
        depth += 0 if quoted else (character in "([{") - (character in ")]}")
        if character == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def setting_of(name: str, member: Attribute) -> str | None:
    """The setting of a function that an attribute of this input is, if it is one."""
    candidates = (member.name.upper(), f"{name}_{member.name}".upper())
    return next((each for each in candidates if each in _SETTINGS), None)


def _blocks(kind: str) -> dict[str, dict[str, Any]]:
    """The blocks of this kind in all files of the root module, by their names."""
    return {
        name.strip('"'): content
        for path in (ROOT / "terraform").glob("*.tf")
        for block in hcl2.loads(path.read_text()).get(kind, [])
        for name, content in block.items()
    }


def _rows(name: str, type_: str, default: str | None, meaning: str) -> Iterator[tuple[str, ...]]:
    members = attributes(type_)
    given = "**required**" if default is None else f"`{default}`"
    yield f"`{name}`", "an object" if members else f"`{type_}`", given, meaning
    for member in members:
        full = f"{name}.{member.name}"
        setting = setting_of(name, member)
        says = f"`{setting}`: {_SETTINGS[setting]}" if setting else MEANINGS[full]
        yield from _rows(full, member.type, member.default, says)


def _expression(value: Any) -> str:
    """A value as HCL writes it."""
    if isinstance(value, str):
        return value.removeprefix("${").removesuffix("}") if value[:2] == "${" else value
    return json.dumps(value)


def _text(literal: str) -> str:
    """What a quoted text says."""
    return str(json.loads(literal))
