"""What the tool knows about a deployment: Terraform's outputs, or a local stack's.

Terraform has these outputs, none of them secret; `local.stack` writes the same for itself.

    planner_environment        name -> value: what the function planner has as its environment
    fetcher_environment        the same of the fetcher, without MIXPANEL_CREDENTIALS
    loader_environment         the same of the loader
    dead_letter_subscription   name of the pull subscription of the topic of dead letters
    planner_url                where Cloud Scheduler calls the planner

A local stack adds `emulators`: variables by which Google's clients find it. Everything else, such
as the names of topics, follows from the environments by the functions' own rules and defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Self

from mixpanel_export import variables
from mixpanel_export.errors import Setup
from mixpanel_export.settings import (
    FetcherSettings,
    LoaderSettings,
    PlannerSettings,
    variables_of,
)

CREDENTIALS = "MIXPANEL_CREDENTIALS"
_ENVIRONMENTS: dict[str, type[Any]] = {
    "planner_environment": PlannerSettings,
    "fetcher_environment": FetcherSettings,
    "loader_environment": LoaderSettings,
}
_TEXTS = ("dead_letter_subscription", "planner_url")
_UNKNOWN = "unknown:unknown"
_EMULATORS = ("BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")
_VARIABLES = {
    variable.name: variable
    for settings in _ENVIRONMENTS.values()
    for variable in variables_of(settings).values()
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment; `source` says where it was read."""

    source: str
    planner_environment: Mapping[str, str]
    fetcher_environment: Mapping[str, str]
    loader_environment: Mapping[str, str]
    dead_letter_subscription: str
    planner_url: str
    emulators: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_outputs(
        cls, source: str, outputs: Mapping[str, Any], overrides: Mapping[str, str]
    ) -> Self:
        """The deployment that `terraform output -json` describes.

        `overrides` replace variables, in all three environments.

        Raises:
            Setup: outputs are missing or of another kind; it names all of them.
        """
        values = {"emulators": {}} | {name: _value(output) for name, output in outputs.items()}
        maps = (*_ENVIRONMENTS, "emulators")
        wrong = [name for name in maps if not _is_environment(values.get(name))]
        wrong += [name for name in _TEXTS if not isinstance(values.get(name), str)]
        if wrong:
            raise Setup(
                f"{source} lacks {', '.join(wrong)}: give the outputs of `terraform output -json` "
                "of this project's Terraform, applied"
            )
        planner, fetcher, loader = ({**values[name], **overrides} for name in _ENVIRONMENTS)
        return cls(
            source=source,
            planner_environment=planner,
            fetcher_environment=fetcher,
            loader_environment=loader,
            dead_letter_subscription=values["dead_letter_subscription"],
            planner_url=values["planner_url"],
            emulators=values["emulators"],
        )

    @property
    def place(self) -> str:
        """What it works on, for eyes; also when its settings are wrong."""
        project, bucket = (
            self.planner_environment.get(variable.name) or "unknown"
            for variable in (variables.GCP_PROJECT_ID, variables.EXPORT_BUCKET)
        )
        return f"project {project}, bucket {bucket}"

    @property
    def planner(self) -> PlannerSettings:
        """The planner's settings.

        Raises:
            Setup: everything that is wrong with them.
        """
        return PlannerSettings.from_env(self.planner_environment)

    @property
    def loader(self) -> LoaderSettings:
        """The loader's settings.

        Raises:
            Setup: everything that is wrong with them.
        """
        return LoaderSettings.from_env(self.loader_environment)

    def fetcher(self, credentials: str | None = None) -> FetcherSettings:
        """The fetcher's settings, with the operator's own credentials of Mixpanel.

        Those of the function are a secret that is not among the outputs; without any, these
        settings are good for everything but asking Mixpanel.

        Raises:
            Setup: everything that is wrong with them.
        """
        given = {CREDENTIALS: credentials or _UNKNOWN}
        return FetcherSettings.from_env({**self.fetcher_environment, **given})


def overrides(assignments: Iterable[str]) -> dict[str, str]:
    """The variables in texts such as `INTERVAL_MINUTES=30`.

    Raises:
        Setup: a text is none of this kind, names nothing that a function reads, or would put a
            secret on the command line.
    """
    given = {}
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise Setup("--set takes NAME=VALUE, such as INTERVAL_MINUTES=30")
        if name == CREDENTIALS:
            raise Setup(f"{name} is a secret: export it as an environment variable instead")
        if name not in _VARIABLES:
            nearest = get_close_matches(name, _VARIABLES, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "docs/settings.md has them all"
            raise Setup(f"no function has a variable {name}: {hint}")
        given[name] = value
    return given


def differences(outputs: Mapping[str, Any], overrides: Mapping[str, str]) -> Iterator[str]:
    """What `overrides` changes for this call, a line for each, and what the deployment has."""
    for name, value in overrides.items():
        variable = _VARIABLES[name]
        deployed = {
            _value(outputs[environment]).get(name) or variable.default
            for environment, settings in _ENVIRONMENTS.items()
            if variable in variables_of(settings).values()
        }
        if deployed != {value}:
            shown = " or ".join(repr(each) for each in sorted(deployed))
            yield f"--set {name}={value} is for this call only: the deployment has {shown}"


def refuse_emulators(deployment: Deployment, env: Mapping[str, str]) -> None:
    """Let nobody take a leftover of the shell for the cloud: Google's clients would.

    Raises:
        Setup: a variable leads to an emulator that is not the deployment's.
    """
    left_over = [name for name in _EMULATORS if env.get(name)]
    if left_over and not deployment.emulators:
        names = ", ".join(left_over)
        raise Setup(
            f"{names} is set, so that an emulator would be reached in place of "
            f"{deployment.place}: unset it, or choose the local stack with --local"
        )


def _value(output: object) -> Any:
    return output.get("value") if isinstance(output, dict) else None


def _is_environment(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
