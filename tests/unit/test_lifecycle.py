"""The table of moves, without any service."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jobs.lifecycle import MOVES, Event, can_stop, mermaid, transitions
from storage.models import FINAL_STATUSES, GenerationStatus

S = GenerationStatus


def walked(events: list[Event]) -> list[GenerationStatus]:
    """The statuses that a queued generation goes through; events that can't happen are passed."""
    statuses = [S.QUEUED]
    for event in events:
        if statuses[-1] in MOVES[event].from_statuses:
            statuses.append(MOVES[event].to_status)
    return statuses


@given(st.lists(st.sampled_from(Event), max_size=40))
def test_no_sequence_of_events_leaves_the_table(events: list[Event]) -> None:
    path = walked(events)
    assert set(pairwise(path)) <= transitions()


@given(st.lists(st.sampled_from(Event), max_size=40))
def test_a_final_status_is_the_last_one(events: list[Event]) -> None:
    path = walked(events)
    assert not FINAL_STATUSES.intersection(path[:-1])


def test_every_event_has_a_move() -> None:
    assert set(MOVES) == set(Event)


def test_every_status_can_be_reached_and_every_unfinished_one_left() -> None:
    reached = {to for _, to in transitions()} | {S.AWAITING_APPROVAL}
    left = {origin for origin, _ in transitions()}
    assert reached == set(S)
    assert left == set(S) - FINAL_STATUSES


def test_from_every_status_an_end_can_be_reached() -> None:
    ending = set(FINAL_STATUSES)
    for _ in S:
        ending |= {origin for origin, to in transitions() if to in ending}
    assert ending == set(S)


def test_nothing_is_submitted_again_once_its_outcome_is_unknown() -> None:
    after, found = {S.UNKNOWN}, set[GenerationStatus]()
    while after - found:
        found |= after
        after |= {to for origin, to in transitions() if origin in found}
    assert found.isdisjoint({S.QUEUED, S.SUBMITTING})


def test_nothing_is_completed_without_being_collected() -> None:
    assert {origin for origin, to in transitions() if to is S.COMPLETED} == {S.COLLECTING}


def test_a_person_can_stop_what_fal_has_not_finished() -> None:
    assert {status for status in S if can_stop(status)} == {
        S.AWAITING_APPROVAL,
        S.QUEUED,
        S.SUBMITTING,
        S.UNKNOWN,
        S.WAITING,
        S.RUNNING,
    }


def test_the_diagram_names_every_pair_and_every_end() -> None:
    lines = [line.strip() for line in mermaid().splitlines()]
    pairs = {tuple(line.split(":")[0].split(" --> ")) for line in lines[2:]}
    expected = {(str(a), str(b)) for a, b in transitions()}
    assert pairs == expected | {(str(status), "[*]") for status in FINAL_STATUSES}
