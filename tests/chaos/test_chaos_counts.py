"""That the counting sees what must never happen: each case is a record that would be wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from jobs.bench.chaos_counts import compare, restless, unknown
from jobs.bench.record import Fate
from storage.models import AttemptState, GenerationStatus

ID = UUID(int=1)
GOOD = Fate(
    id=ID,
    status=GenerationStatus.COMPLETED,
    cause=None,
    problem=None,
    prompt="It turns [fault:reset]",
    attempt_state=AttemptState.ENDED,
    marker="http://fal/1",
    request_id="r1",
    charges=1,
    held=False,
)
LOST = replace(
    GOOD,
    status=GenerationStatus.UNKNOWN,
    attempt_state=AttemptState.UNKNOWN,
    request_id=None,
    charges=0,
    held=True,
)
REQUEST: dict[str, Any] = {
    "request_id": "r1",
    "tags": {"generation": str(ID)},
    "input": {"image_url": "http://fal/1"},
    "failure": None,
    "started_at": 0.5,
    "ended_at": 1.0,
}
GIVEN_BACK = {**REQUEST, "started_at": None, "failure": {"status_code": 504}}
ONCE = {"image_url:http://fal/1": {"posted": 1, "booked": 1}}
TWICE = {"image_url:http://fal/1": {"posted": 2, "booked": 1}}


def found(fate: Fate, *, requests: Any = (REQUEST,), markers: Any = ONCE) -> dict[str, Any]:
    return compare([fate], list(requests), markers)


def test_what_is_in_order_has_no_problem() -> None:
    counts = found(GOOD)
    assert counts["problems"] == []
    assert (counts["booked"], counts["attempts_booked"], counts["lost"]) == (1, 1, 0)
    assert counts["faults"] == {"reset": 1}


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (replace(GOOD, request_id=None), "known to no attempt"),
        (replace(GOOD, status=GenerationStatus.RUNNING), "is still running"),
        (replace(GOOD, charges=0), "no charge"),
        (replace(GOOD, charges=2), "charged 2 times"),
        (replace(GOOD, held=True), "money held"),
        (replace(GOOD, status=GenerationStatus.FAILED), "without a stated cause"),
        (LOST, "known to no attempt"),
    ],
)
def test_what_must_not_happen_is_a_problem(fate: Fate, words: str) -> None:
    assert any(words in problem for problem in found(fate)["problems"])


def test_a_second_post_is_doubled() -> None:
    assert found(GOOD, markers=TWICE)["doubled"] == 1


def test_a_second_request_of_one_generation_is_doubled() -> None:
    assert found(GOOD, requests=[REQUEST, REQUEST])["doubled"] == 1


def test_a_failure_at_fal_that_became_a_video_is_a_problem() -> None:
    assert found(GOOD, requests=[{**REQUEST, "failure": {"status_code": 422}}])["lost"] == 1


def test_a_submit_that_never_arrived_rests_and_one_that_did_does_not() -> None:
    assert unknown([LOST], []) == {ID}
    assert not restless([LOST], [])
    assert restless([LOST], [REQUEST]) == [LOST]


def test_a_lost_submit_that_fal_gave_back_before_it_started_is_for_a_person() -> None:
    assert unknown([LOST], [GIVEN_BACK]) == {ID}
    assert not restless([LOST], [GIVEN_BACK])
    counts = found(LOST, requests=[GIVEN_BACK])
    assert counts["problems"] == []
    assert (counts["given_back_unseen"], counts["booked"], counts["attempts_booked"]) == (1, 1, 0)


def test_only_the_last_attempt_of_a_generation_counts() -> None:
    refused = replace(LOST, attempt_state=AttemptState.REFUSED, marker="http://fal/0")
    assert not restless([refused, GOOD], [REQUEST])
    assert restless([LOST, refused], []) == [refused]
