"""How often fal is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pace import EARLY, LONGEST_S, MAX_POLLS_PER_S, SHORTEST_S, UsualTimes, next_poll_in_s

seconds = st.floats(0, 1e6)
usual = st.floats(0.01, 1e4)
early = st.floats(0, EARLY, exclude_max=True)
few = st.integers(1, int(SHORTEST_S * MAX_POLLS_PER_S))


@given(st.floats(-3600, 1e6), usual, st.integers(1, 100_000))
def test_a_poll_is_never_hurried_nor_put_off_without_end(
    elapsed_s: float, usual_s: float, in_flight: int
) -> None:
    spread_s = in_flight / MAX_POLLS_PER_S
    wait_s = next_poll_in_s(elapsed_s, usual_s, in_flight)
    assert max(SHORTEST_S, spread_s) <= wait_s <= max(LONGEST_S, spread_s)


@given(seconds, usual, st.integers(1, 10_000), st.integers(1, 10_000))
def test_more_in_flight_never_means_more_polls_of_each(
    elapsed_s: float, usual_s: float, some: int, more: int
) -> None:
    waits = [next_poll_in_s(elapsed_s, usual_s, n) for n in sorted((some, more))]
    assert waits == sorted(waits)


@given(usual, few, early, early)
def test_the_nearer_the_usual_time_the_sooner_the_next_poll(
    usual_s: float, in_flight: int, one: float, other: float
) -> None:
    waits = [next_poll_in_s(usual_s * part, usual_s, in_flight) for part in sorted((one, other))]
    assert waits == sorted(waits, reverse=True)


@given(usual, few, st.floats(3.001, 1e4), st.floats(3.001, 1e4))
def test_what_is_long_overdue_is_asked_for_less_and_less(
    usual_s: float, in_flight: int, one: float, other: float
) -> None:
    waits = [next_poll_in_s(usual_s * part, usual_s, in_flight) for part in sorted((one, other))]
    assert waits == sorted(waits)


@given(usual, few, st.floats(EARLY, 3.0))
def test_around_the_usual_time_it_is_asked_for_most_often(
    usual_s: float, in_flight: int, part: float
) -> None:
    assert next_poll_in_s(usual_s * part, usual_s, in_flight) == SHORTEST_S


def test_a_poll_does_not_oversleep_the_moment_it_may_be_ripe() -> None:
    assert next_poll_in_s(elapsed_s=69.0, usual_s=100.0, in_flight=1) == pytest.approx(1.0)


def test_the_catalogue_counts_until_something_was_seen() -> None:
    times = UsualTimes()
    assert times.of("pro", 5, prior_s=40.0) == 40.0
    times.learn("pro", 5, 20.0)
    assert times.of("pro", 5, prior_s=40.0) == 20.0
    assert times.of("pro", 10, prior_s=80.0) == 80.0


@given(st.lists(st.floats(0.1, 1000), min_size=1))
def test_the_usual_time_stays_within_what_was_seen(seen: list[float]) -> None:
    times = UsualTimes()
    for measured_s in seen:
        times.learn("pro", 5, measured_s)
    assert min(seen) * 0.999 <= times.of("pro", 5, 0.0) <= max(seen) * 1.001
