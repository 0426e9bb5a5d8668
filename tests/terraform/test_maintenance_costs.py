"""What the page of costs says of maintenance, by hand."""

from __future__ import annotations

import pytest

from local import maintenance_costs
from local.bundles import ROOT
from local.cost_tables import VOLUMES
from local.volumes import Volume
from mixpanel_export import variables

EASY = Volume(1_000_000, 60)
# A TiB read, and a GiB kept for a month: new, and old.
READ, NEW, OLD = 6.25 / 2**40, 0.02 / 2**30, 0.01 / 2**30


def test_settling_costs_what_is_read_and_kept() -> None:
    """Each line is what a reader gets who does the sum by hand."""
    weeks = 30 / 7

    assert [
        pytest.approx(30 * 1.2e9 * READ),
        pytest.approx(93 * weeks * 2 * 1.2e9 * READ),
        pytest.approx(1.2e9 * (90 * NEW + 275 * OLD)),
        pytest.approx(30 * (110 - 21) * 1e6 * READ),
    ] == list(maintenance_costs.settled_dollars(EASY).values())


def test_so_many_queries_pay_for_settling() -> None:
    """As many as save what it costs, and as many at every size."""
    once, again, copy, saved = maintenance_costs.settled_dollars(EASY).values()
    pay = maintenance_costs.queries_until_settled_pays

    assert pytest.approx((once + copy) / saved) == pay(EASY, late=False)
    assert pytest.approx((once + again + copy) / saved) == pay(EASY, late=True)
    assert {349} == {round(pay(volume, late=False)) for volume in VOLUMES}


def test_sweeps_reach_as_far_back_as_the_page_says() -> None:
    """The last 100 days are those of the sweep with its default."""
    assert variables.SWEEP_DAYS.default == "100"


@pytest.mark.parametrize("share", [1, 1 / 24, 0.01])
def test_collecting_pays_when_keeping_would_have_cost_as_much(share: float) -> None:
    """Rewriting is paid once; of an old partition the price of new rows comes back for 90 days."""
    rewritten = (1 + share) * READ
    months = maintenance_costs.collected_pays_after

    assert pytest.approx(rewritten / (share * NEW)) == months(share, is_old=False)
    assert pytest.approx((rewritten + 3 * (NEW - OLD)) / (share * OLD)) == months(
        share, is_old=True
    )


def test_the_page_says_when_to_turn_each_on() -> None:
    """The sentences go with the tables."""
    page = (ROOT / "docs" / "costs.md").read_text()

    assert "hundreds of such queries a month" in page
    assert 100 < maintenance_costs.queries_until_settled_pays(EASY, late=False) < 1000
    assert 1 > maintenance_costs.collected_pays_after(1, is_old=False)
    assert 6 < maintenance_costs.collected_pays_after(1 / 24, is_old=False)
