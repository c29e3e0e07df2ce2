"""Until when a lost or endless request can still cost money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.deadlines import CLOCK_SLACK, SHORTEST_LIMIT, chargeable_until, given_up_at, longest_run
from jobs.fal.catalog import Model, load_catalog
from storage.models import Attempt, AttemptState

CATALOG = load_catalog()
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def attempt() -> Attempt:
    return Attempt(
        id=uuid4(),
        generation_id=uuid4(),
        number=1,
        state=AttemptState.UNKNOWN,
        endpoint="e",
        marker="m",
        request_id=None,
        status_url=None,
        response_url=None,
        cancel_url=None,
        start_deadline=START,
        created_at=START,
        accepted_at=None,
        started_at=None,
        completed_at=None,
        queue_position=None,
        inference_s=None,
    )


@pytest.mark.parametrize(
    ("model", "duration_s", "minutes"),
    [
        ("seedance-1.0-pro-fast", 5, 30),
        ("seedance-1.0-pro-fast", 12, 30),
        ("seedance-2.5", 5, 200 * 10 / 60),
        ("seedance-2.5", 30, 200 * 6 * 10 / 60),
        ("dropped-from-the-catalogue", 5, 30),
    ],
)
def test_the_longest_run_is_ten_times_the_usual_and_half_an_hour_at_least(
    model: str, duration_s: int, minutes: float
) -> None:
    assert longest_run(CATALOG, model, duration_s) == timedelta(minutes=minutes)


@given(st.sampled_from(CATALOG.models), st.integers(1, 60))
def test_a_request_is_given_up_after_it_can_cost_and_within_the_life_of_its_hold(
    model: Model, duration_s: int
) -> None:
    key = model.key
    last = chargeable_until(attempt(), CATALOG, key, duration_s)
    assert last >= START + SHORTEST_LIMIT + CLOCK_SLACK
    assert last < given_up_at(attempt(), CATALOG, key, duration_s) < START + timedelta(hours=24)
