"""Who may do what. That each grant is in the table of docs/deploy.md, test_deploy.py sees to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from local.bundles import ROOT
from tests.terraform.runs import State
from tests.terraform.test_views import VENDORS

# These types of resources list all who have a role, or all roles, and take away what others have
# granted; the last also takes away authorised views (the page of each in the provider's
# documentation says so).
AUTHORITATIVE = re.compile(
    r"google_\w+_iam_(binding|policy|audit_config)|google_bigquery_dataset_iam_\w+"
)
FUNCTIONS = ("planner", "fetcher", "loader")
HOPS = {"fetcher": "fetch_trigger", "loader": "load_trigger"}
SOURCES = sorted([*ROOT.glob("terraform/*.tf"), *ROOT.glob("terraform/modules/*/*.tf")])

Grant = tuple[str, str, str, str]


def grants(state: State, prefix: str = "") -> Counter[Grant]:
    """Every grant to a member: where in Terraform, who, which role, and on what, by names.

    Names are without the deployment's prefix.
    """
    return Counter(
        (
            each["address"],
            values["member"].partition(":")[2].partition(".")[0],
            values["role"],
            re.sub(rf"\b{prefix}[-_]", "", place(values)) if prefix else place(values),
        )
        for each in state.everything()
        if "_iam_" in each["type"]
        for values in [each["values"]]
    )


def place(values: Mapping[str, Any]) -> str:
    """What a grant is on, by the arguments that say so."""
    places = ("bucket", "crypto_key_id", "secret_id", "service", "subscription", "topic")
    names = [values[name] for name in (*places, "service_account_id") if name in values]
    if "table_id" in values:
        names = [f"{values['dataset_id']}.{values['table_id']}"]
    return " ".join(names)


def invokers(state: State, function: str) -> list[str]:
    """The members that may call a function's service."""
    service = state.resource(f"module.{function}.google_cloudfunctions2_function.this")["name"]
    return [
        values["member"]
        for values in state.resources("google_cloud_run_service_iam_member").values()
        if values["service"] == service
    ]


@pytest.mark.parametrize("run", ["defaults", "full", "longest"])
def test_the_planner_is_called_by_the_schedule_alone(
    run: str, states: Mapping[str, State]
) -> None:
    """The account of the schedule may call it where it calls, and nobody else may."""
    state = states[run]
    (target,) = state.resource("google_cloud_scheduler_job.tick")["http_target"]
    (token,) = target["oidc_token"]

    assert [f"serviceAccount:{token['service_account_email']}"] == invokers(state, "planner")
    assert token["audience"] == target["uri"] == state.outputs["planner_url"]


@pytest.mark.parametrize("run", ["defaults", "full", "longest"])
@pytest.mark.parametrize("function", HOPS)
def test_a_function_is_called_by_its_subscription_alone(
    function: str, run: str, states: Mapping[str, State]
) -> None:
    """The subscription's account may call it where it pushes to, and nobody else may."""
    state, module = states[run], f"module.{HOPS[function]}"
    (push,) = state.resource(f"{module}.google_pubsub_subscription.push")["push_config"]
    (token,) = push["oidc_token"]
    made = state.resource(f"module.{function}.google_cloudfunctions2_function.this")
    (service,) = made["service_config"]

    assert [f"serviceAccount:{token['service_account_email']}"] == invokers(state, function)
    assert token["audience"] == push["push_endpoint"] == service["uri"]


def test_functions_run_as_accounts_of_their_own(states: Mapping[str, State]) -> None:
    """No two things of the pipeline are done by one account."""
    state = states["defaults"]
    made = [
        state.resource(f"module.{name}.google_cloudfunctions2_function.this") for name in FUNCTIONS
    ]
    running = [each["service_config"][0]["service_account_email"] for each in made]
    building = {each["build_config"][0]["service_account"].rpartition("/")[2] for each in made}
    callers = [member.partition(":")[2] for name in FUNCTIONS for member in invokers(state, name)]
    accounts = [each["email"] for each in state.resources("google_service_account").values()]

    assert sorted(accounts) == sorted([*running, *building, *callers])
    assert running == [state.outputs["service_accounts"][name] for name in FUNCTIONS]


def test_a_prefix_changes_no_grant(states: Mapping[str, State]) -> None:
    """With everything that can be said the grants are the same; and three may use the key.

    But for those of maintenance, which test_maintenance.py looks at.
    """
    usual = grants(states["defaults"])
    all_of_it = grants(states["full"], "web")
    more = Counter(
        {grant: n for grant, n in (all_of_it - usual).items() if ".maintenance_" not in grant[0]}
    )
    key = "projects/acme-keys/locations/europe/keyRings/data/cryptoKeys/mixpanel"
    role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"

    assert {
        ("bq-123456789012@bigquery-encryption", role, key),
        ("service-123456789012@gcp-sa-pubsub", role, key),
        ("service-123456789012@gs-project-accounts", role, key),
        # The secret is another.
        ("fetcher@acme-analytics", "roles/secretmanager.secretAccessor", "mixpanel-of-web"),
    } == {grant[1:] for grant in more}
    assert [
        ("fetcher@acme-analytics", "roles/secretmanager.secretAccessor", "mixpanel-credentials")
    ] == [grant[1:] for grant in usual - all_of_it]


def test_readers_see_the_views_alone(states: Mapping[str, State]) -> None:
    """Each reader may read what views show; on the raw dataset only views and functions may."""
    found = states["full"].resources("google_bigquery_dataset_access")
    accesses = [values for address, values in found.items() if "settle_reads" not in address]
    kinds = ("user_by_email", "group_by_email", "domain", "iam_member")
    readers = {
        (values["dataset_id"], values["role"], kind, values[kind])
        for values in accesses
        for kind in kinds
        if values[kind]
    }
    pool = "iam.googleapis.com/locations/global/workforcePools/pool/group/analysts"

    assert {
        ("domain", "example.com"),
        ("group_by_email", "analysts@example.com"),
        ("iam_member", f"principalSet://{pool}"),
        ("user_by_email", "reports@acme-bi.iam.gserviceaccount.com"),
        ("user_by_email", "somebody@example.com"),
    } == {reader[2:] for reader in readers}
    assert {("web_mixpanel", "READER"), *((name, "READER") for name in VENDORS.values())} == {
        reader[:2] for reader in readers
    }
    assert len(readers) == 5 * (1 + len(VENDORS))
    assert {("web_mixpanel_raw", None), ("web_mixpanel", None)} == {
        (values["dataset_id"], values["role"])
        for values in accesses
        if values["view"] or values["routine"]
    }


def test_the_build_reads_its_copies_alone(states: Mapping[str, State]) -> None:
    """What it may read of the whole project is bound to the buckets with copies of sources."""
    values = states["defaults"].resource("google_project_iam_member.build_reads_copy")
    (condition,) = values["condition"]

    assert (
        'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-123456789012-europe-west1")'
    ) == condition["expression"]


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "terraform"))
)
def test_grants_are_added_each_with_its_reason(path: Any) -> None:
    """No resource takes away what others have granted, and each grant has its reason before it."""
    source = path.read_text()
    grants = re.findall(r'^(.*)\nresource "(google_\w+_iam_member)"', source, re.MULTILINE)

    assert not AUTHORITATIVE.search(re.sub(r"#.*", "", source))
    assert [] == [kind for above, kind in grants if not above.startswith("# ")]
