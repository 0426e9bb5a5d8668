"""The environment variables of the functions, each said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from mixpanel_export import allowed
from mixpanel_export.allowed import Allowed
from mixpanel_export.series import TABLES as ALL_TABLES

T = TypeVar("T")


class Refused(ValueError):  # noqa: N818  (the class names what happened to a value)
    """A variable is not what it may be; the text says which, what it is and what is allowed."""


@dataclass(frozen=True, slots=True)
class Variable(Generic[T]):
    """One environment variable. An empty one counts as not set, and is then its default.

    It is required when it has no default and an empty text is not allowed.
    """

    name: str
    allowed: Allowed[T]
    meaning: str
    default: str = ""
    is_secret: bool = False

    def read(self, env: Mapping[str, str]) -> T:
        """What the variable stands for.

        Raises:
            Refused: it is not what it may be.
        """
        try:
            return self.allowed.parse(env.get(self.name) or self.default)
        except ValueError:
            # The cause would show the value, which may be secret.
            raise Refused(self.refusal(env)) from None

    def refusal(self, env: Mapping[str, str], because: str = "", instead: str = "") -> str:
        """Which variable, what it is, why that will not do, and what would."""
        reason = f" {because};" if because else ""
        return (
            f"{self.name} is {self._shown(env)};{reason} allowed: {instead or self.allowed.words}"
        )

    def _shown(self, env: Mapping[str, str]) -> str:
        value = env.get(self.name)
        if not value:
            return f"{self.default!r} (the default)" if self.default else "not set"
        # A URL may hold credentials, into whichever variable it was pasted.
        return "***" if self.is_secret or "@" in value else repr(value)


class Hosts(NamedTuple):
    """Where Mixpanel's two families of APIs are."""

    export: str
    query: str


_TOPIC = allowed.text(r"[A-Za-z][A-Za-z0-9_.~+%-]{2,254}", "a topic name")
_DATASET = allowed.text(r"[A-Za-z0-9_]{1,1024}", "a dataset name")
# docs.mixpanel.com/reference/raw-event-export and /reference/engage-query
_REGIONS = {
    "us": Hosts("https://data.mixpanel.com", "https://mixpanel.com"),
    "eu": Hosts("https://data-eu.mixpanel.com", "https://eu.mixpanel.com"),
    "in": Hosts("https://data-in.mixpanel.com", "https://in.mixpanel.com"),
}

GCP_PROJECT_ID = Variable(
    "GCP_PROJECT_ID",
    allowed.text(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "a Google Cloud project id"),
    "the project of the bucket, the topics and the datasets",
)
EXPORT_BUCKET = Variable(
    "EXPORT_BUCKET",
    allowed.text(r"[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9]", "a bucket name"),
    "where exports land; the only bucket whose notifications count",
)
REQUEST_TOPIC = Variable(
    "REQUEST_TOPIC", _TOPIC, "where requests are published", "export-requests"
)
LANDED_TOPIC = Variable(
    "LANDED_TOPIC",
    _TOPIC,
    "where an object that landed and was not loaded is announced again",
    "landed-objects",
)
DEAD_LETTER_TOPIC = Variable(
    "DEAD_LETTER_TOPIC", _TOPIC, "where poison messages are parked", "dead-letters"
)
DATASET = Variable(
    "DATASET", _DATASET, "the dataset of the views; `loads` says what is loaded", "mixpanel"
)
RAW_DATASET = Variable("RAW_DATASET", _DATASET, "the dataset of the raw tables", "mixpanel_raw")
BIGQUERY_LOCATION = Variable(
    "BIGQUERY_LOCATION",
    allowed.text(r"[A-Za-z0-9-]{2,40}", "such as EU or US"),
    "the location of the datasets, which every job must name",
)
ENVIRONMENT = Variable(
    "ENVIRONMENT",
    allowed.text(r"[a-z][a-z0-9-]{0,30}", "lower-case letters, digits and -"),
    "first part of every job id, a letter first and at most 31 characters; differs between"
    " deployments in one project",
    "prod",
)
TABLES = Variable(
    "TABLES",
    allowed.some_of(ALL_TABLES),
    "which tables are filled",
    ",".join(ALL_TABLES),
)
EXPORT_SINCE = Variable(
    "EXPORT_SINCE",
    # Mixpanel was founded in 2009.
    allowed.day_since("2009-01-01"),
    "the first UTC day of processing time to be in BigQuery; an earlier date than before is a"
    " backfill, which runs behind live traffic",
)
INTERVAL_MINUTES = Variable(
    "INTERVAL_MINUTES", allowed.LENGTH, "length of an interval of events", "60"
)
SETTLE_MINUTES = Variable(
    "SETTLE_MINUTES",
    allowed.minutes(allowed.number(0, 1440)),
    "the settle delay: so long after its end an interval is fetched first",
    "15",
)
VERIFY_AFTER_HOURS = Variable(
    "VERIFY_AFTER_HOURS",
    allowed.or_off(allowed.hours(allowed.number(0, 168))),
    "so long after its end an interval of events gets its second look, which costs one more"
    " export each; `0` turns it off, and what Mixpanel shows late is then missed",
    "24",
)
SWEEP_DAYS = Variable(
    "SWEEP_DAYS",
    # The lookback covers a week.
    allowed.zero_or_number(8, 1000),
    "how many event days the daily sweep reads; events imported with an older date are missed;"
    " `0` turns the sweep off",
    "100",
)
PEOPLE_SNAPSHOT_MINUTES = Variable(
    "PEOPLE_SNAPSHOT_MINUTES",
    allowed.LENGTH_OR_OFF,
    "how often all profiles are fetched; `0` turns it off, and deleted profiles then stay",
    "1440",
)
PEOPLE_CHANGES_MINUTES = Variable(
    "PEOPLE_CHANGES_MINUTES",
    allowed.LENGTH_OR_OFF,
    "how often the profiles last seen since are fetched, between snapshots; `0` turns it off",
    "0",
)
HEAL_AFTER_MINUTES = Variable(
    "HEAL_AFTER_MINUTES",
    allowed.minutes(allowed.number(30, 1440)),
    "a request younger than this is not repeated, and each time in vain twice as long; Pub/Sub"
    " itself tries for 3 to 6 hours",
    "180",
)
RELOAD_AFTER_MINUTES = Variable(
    "RELOAD_AFTER_MINUTES",
    allowed.minutes(allowed.number(10, 1440)),
    "an object that landed so long ago and is not loaded is announced again, then after twice as"
    " long, and so on for a day; after that its interval is fetched again",
    "60",
)
HEAL_HORIZON_HOURS = Variable(
    "HEAL_HORIZON_HOURS",
    allowed.hours(allowed.number(1, 744)),
    "gaps younger than this are healed before older ones are backfilled; second looks are"
    " taken within it",
    "168",
)
REQUESTS_PER_HOUR = Variable(
    "REQUESTS_PER_HOUR",
    allowed.number(4, 1000),
    "the budget of the planner for each of Mixpanel's two API families, export and query, of"
    " the [60 an hour](https://docs.mixpanel.com/reference/rate-limits) that each allows; the"
    " rest is for retries, replays and other users of the project",
    "40",
)
MIXPANEL_REGION = Variable(
    "MIXPANEL_REGION",
    allowed.choice(_REGIONS),
    "where Mixpanel keeps the project's data, and so its hosts",
    "us",
)
MIXPANEL_URL = Variable(
    "MIXPANEL_URL",
    allowed.text_or_none(
        r"https://[^/?#\s@]+|http://(127\.0\.0\.1|localhost)(:\d+)?",
        "https:// and a host, without path or credentials",
    ),
    "another host than the region's for both APIs, such as a proxy; `http://` for this machine"
    " only",
)
MIXPANEL_PROJECT_ID = Variable(
    "MIXPANEL_PROJECT_ID",
    allowed.text(r"[0-9]{1,19}", "the number of the Mixpanel project"),
    "the Mixpanel project",
)
MIXPANEL_CREDENTIALS = Variable(
    "MIXPANEL_CREDENTIALS",
    allowed.CREDENTIALS,
    "how to sign in at Mixpanel; a project secret alone does until"
    " [2027-03-03](https://docs.mixpanel.com/reference/project-secret)",
    is_secret=True,
)
MIXPANEL_WHERE = Variable(
    "MIXPANEL_WHERE",
    Allowed("an expression", lambda value: value.strip() or None),
    "a condition of your own on events, not on people, joined to the interval's with `and`, in"
    " [Mixpanel's language](https://docs.mixpanel.com/reference/segmentation-expressions)",
)
PROJECT_TIMEZONE = Variable(
    "PROJECT_TIMEZONE",
    allowed.ZONE,
    "the zone of event times; `UTC` for projects [made in 2023 or later]"
    "(https://docs.mixpanel.com/docs/orgs-and-projects/managing-projects)",
    "America/New_York",
)
LAST_SEEN_OVERLAP_HOURS = Variable(
    "LAST_SEEN_OVERLAP_HOURS",
    allowed.hours(allowed.number(0, 168)),
    "by how much `changes` widens its interval on both sides: the zone of `$last_seen` is not"
    " documented, and with less than a day profiles may be missed until the next snapshot",
    "24",
)
