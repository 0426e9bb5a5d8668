"""The settings of each function, read from its environment all at once.

Every problem is reported together, with the variable, its value (masked when secret) and what
is allowed, so that one deployment fixes them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from zoneinfo import ZoneInfo

from mixpanel_export.errors import Setup

_MINUTES_A_DAY = 24 * 60
_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_NAME = r"[A-Za-z][A-Za-z0-9_.~+%-]{2,254}"
_BUCKET = r"[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9]"
_DATASET = r"[A-Za-z0-9_]{1,1024}"
_ENVIRONMENT = r"[a-z][a-z0-9-]{0,30}"
_API_HOSTS = {
    "us": "https://data.mixpanel.com",
    "eu": "https://data-eu.mixpanel.com",
    "in": "https://data-in.mixpanel.com",
}


@dataclass(frozen=True, slots=True)
class PlannerSettings:
    """What the planner needs: where to look, where to publish, and how far back."""

    project_id: str
    bucket: str
    request_topic: str
    interval: timedelta
    settle: timedelta
    horizon: timedelta
    max_requests_per_tick: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            Setup: everything that is wrong with them.
        """
        with _reading(env) as read:
            settings = cls(
                project_id=read.project_id(),
                bucket=read.bucket(),
                request_topic=read.text("REQUEST_TOPIC", _NAME, "a topic name", "export-requests"),
                interval=read.interval("INTERVAL_MINUTES", 60),
                settle=timedelta(minutes=read.number("SETTLE_MINUTES", 0, _MINUTES_A_DAY, 15)),
                horizon=timedelta(hours=read.number("PLAN_HORIZON_HOURS", 1, 24 * 31, 48)),
                max_requests_per_tick=read.number("MAX_REQUESTS_PER_TICK", 1, 1000, 40),
            )
            if settings.horizon < settings.settle + settings.interval:
                read.refuse("PLAN_HORIZON_HOURS", "at least SETTLE_MINUTES and INTERVAL_MINUTES")
            return settings


@dataclass(frozen=True, slots=True)
class Credentials:
    """A service account, or a project secret (its user name, with an empty password)."""

    username: str
    password: str

    @property
    def is_project_secret(self) -> bool:
        """Mixpanel retires these on 2027-03-03 (docs.mixpanel.com/reference/project-secret)."""
        return not self.password

    def __repr__(self) -> str:
        return "Credentials(***)"


@dataclass(frozen=True, slots=True)
class FetcherSettings:
    """What the fetcher needs: one Mixpanel project, one bucket, one place for dead letters."""

    project_id: str
    bucket: str
    dead_letter_topic: str
    mixpanel_url: str
    mixpanel_project_id: str
    credentials: Credentials
    project_timezone: ZoneInfo
    lookback_days: int
    where: str | None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            Setup: everything that is wrong with them.
        """
        with _reading(env) as read:
            return cls(
                project_id=read.project_id(),
                bucket=read.bucket(),
                dead_letter_topic=read.dead_letter_topic(),
                mixpanel_url=read.mixpanel_url(),
                mixpanel_project_id=read.text(
                    "MIXPANEL_PROJECT_ID", r"[0-9]{1,19}", "the number of the Mixpanel project"
                ),
                credentials=read.credentials("MIXPANEL_CREDENTIALS"),
                project_timezone=read.timezone("PROJECT_TIMEZONE", "America/New_York"),
                lookback_days=read.number("LOOKBACK_DAYS", 0, 100, 5),
                where=env.get("MIXPANEL_WHERE", "").strip() or None,
            )


@dataclass(frozen=True, slots=True)
class LoaderSettings:
    """What the loader needs: one bucket to trust and one dataset to append to."""

    project_id: str
    bucket: str
    dead_letter_topic: str
    dataset: str
    location: str
    environment: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            Setup: everything that is wrong with them.
        """
        with _reading(env) as read:
            return cls(
                project_id=read.project_id(),
                bucket=read.bucket(),
                dead_letter_topic=read.dead_letter_topic(),
                dataset=read.text("RAW_DATASET", _DATASET, "a dataset name", "mixpanel_raw"),
                location=read.text("BIGQUERY_LOCATION", r"[A-Za-z0-9-]{2,40}", "such as EU or US"),
                environment=read.text(
                    "ENVIRONMENT", _ENVIRONMENT, "lower-case letters, digits and -", "prod"
                ),
            )


@contextmanager
def _reading(env: Mapping[str, str]) -> Iterator[_Reader]:
    """Read settings; at the end, report everything that was wrong with them."""
    read = _Reader(env)
    yield read
    if read.problems:
        problems = "\n".join(f"- {problem}" for problem in read.problems)
        raise Setup(f"settings are wrong; correct the function's environment:\n{problems}")


class _Reader:
    """Reads variables one by one and remembers what was wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def project_id(self) -> str:
        return self.text("GCP_PROJECT_ID", _PROJECT, "a Google Cloud project id")

    def bucket(self) -> str:
        return self.text("EXPORT_BUCKET", _BUCKET, "a bucket name")

    def dead_letter_topic(self) -> str:
        return self.text("DEAD_LETTER_TOPIC", _NAME, "a topic name", "dead-letters")

    def text(self, name: str, pattern: str, allowed: str, default: str = "") -> str:
        value = self._env.get(name) or default
        if not re.fullmatch(pattern, value):
            self.refuse(name, allowed)
        return value

    def number(self, name: str, low: int, high: int, default: int) -> int:
        value = self._env.get(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            self.refuse(name, f"a whole number from {low} to {high}")
            return default
        return int(value)

    def interval(self, name: str, default: int) -> timedelta:
        minutes = self.number(name, 1, _MINUTES_A_DAY, default)
        if _MINUTES_A_DAY % minutes:
            self.refuse(name, "minutes that divide 24 hours, such as 5, 15, 60 or 1440")
        return timedelta(minutes=minutes)

    def timezone(self, name: str, default: str) -> ZoneInfo:
        try:
            return ZoneInfo(self._env.get(name) or default)
        except (ValueError, OSError, LookupError):
            self.refuse(name, "an IANA zone such as America/New_York, or UTC")
            return ZoneInfo(default)

    def mixpanel_url(self) -> str:
        """`MIXPANEL_REGION` picks Mixpanel's host; `MIXPANEL_URL` overrides it (a proxy)."""
        region = self._env.get("MIXPANEL_REGION") or "us"
        if region not in _API_HOSTS:
            self.refuse("MIXPANEL_REGION", f"one of {', '.join(_API_HOSTS)}")
        url = self._env.get("MIXPANEL_URL") or _API_HOSTS.get(region, _API_HOSTS["us"])
        if not re.fullmatch(r"https://[^/?#\s@]+|http://(127\.0\.0\.1|localhost)(:\d+)?", url):
            allowed = "https:// and a host, without path or credentials"
            self.refuse("MIXPANEL_URL", allowed, secret="@" in url)
        return url

    def credentials(self, name: str) -> Credentials:
        value = self._env.get(name, "").strip()
        username, _, password = value.partition(":")
        if not username or not re.fullmatch(r"[!-~]+", value):
            self.refuse(name, "`username:secret` of a service account", secret=True)
        return Credentials(username, password)

    def refuse(self, name: str, allowed: str, *, secret: bool = False) -> None:
        value = self._env.get(name)
        shown = "not set" if not value else "***" if secret else repr(value)
        self.problems.append(f"{name} is {shown}; allowed: {allowed}")
