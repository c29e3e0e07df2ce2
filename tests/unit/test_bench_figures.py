from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.bench.figures import (
    doubled,
    fal_s,
    in_flight_at,
    peak_in_flight,
    per_core,
    percentile,
    ratio,
    spread,
)

SECONDS = st.lists(st.floats(0, 1000), min_size=1)


def request(began: float, ended: float | None, generation: str = "a") -> dict[str, Any]:
    return {"submitted_at": began, "ended_at": ended, "tags": {"generation": generation}}


@given(SECONDS, st.floats(0, 1))
def test_a_percentile_is_a_value_that_so_many_are_not_above(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_without_values_there_is_no_percentile() -> None:
    assert spread("wait", []) == {"wait_p50_s": None, "wait_p95_s": None}


def test_the_spread_names_median_and_95th_percentile() -> None:
    values = [float(n) for n in range(1, 101)]
    assert spread("wait", values) == {"wait_p50_s": 50.0, "wait_p95_s": 95.0}


def test_a_second_request_for_a_generation_is_a_double() -> None:
    requests = [request(0, 1, "a"), request(0, 1, "b"), request(0, 1, "a"), request(0, 1, "a")]
    assert doubled(requests) == 2


def test_a_request_is_in_flight_from_its_submit_until_it_ends() -> None:
    requests = [request(0, 2), request(1, None)]
    assert [in_flight_at(requests, moment) for moment in (-1, 0, 1, 2, 9)] == [0, 1, 2, 1, 1]
    assert peak_in_flight(requests) == 2


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 100)), min_size=1, max_size=20))
def test_the_peak_is_never_below_the_number_at_any_start(stays: list[tuple[float, float]]) -> None:
    requests = [request(began, began + lasted) for began, lasted in stays]
    peak = peak_in_flight(requests)
    assert 1 <= peak <= len(requests)
    assert all(in_flight_at(requests, began) <= peak for began, _ in stays)


def test_ten_in_flight_all_the_time_on_half_a_core_are_twenty_per_core() -> None:
    requests = [request(0, 60) for _ in range(10)]
    assert fal_s(requests[0]) == 60
    assert per_core(requests, cpu_s=30) == pytest.approx(20)


def test_nothing_is_divided_by_nothing() -> None:
    assert ratio(1, 0) is None
    assert ratio(None, 2) is None
    assert per_core([request(0, 1)], cpu_s=0) is None
