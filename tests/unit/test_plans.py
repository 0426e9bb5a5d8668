"""Plans as they are kept: nothing of them is lost on the way to the bucket and back."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export import backfill
from mixpanel_export.plans import Plan
from tests.strategies import moments, requests

FATES = st.sampled_from(["open", "published", "abandoned"])


@given(
    st.builds(
        Plan,
        st.integers(1, 99_999_999),
        moments(),
        moments(),
        st.lists(requests, max_size=4).map(tuple),
        st.lists(st.text(), max_size=3).map(tuple),
        FATES,
    )
)
def test_a_plan_round_trips(plan: Plan) -> None:
    """Requests with their origins, and what was announced again."""
    assert plan == Plan.decode(plan.number, plan.data, plan.fate)


@given(st.dates(date(2009, 1, 1), date(2100, 1, 1)))
def test_a_wish_for_the_past_round_trips(since: date) -> None:
    """A day is its first moment, in UTC."""
    expected = datetime(since.year, since.month, since.day, tzinfo=UTC)

    assert expected == backfill.decode(backfill.encode(since))
