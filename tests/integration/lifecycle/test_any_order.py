"""The table of moves against the database, and the books after events in any order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.admission import stop
from jobs.bootstrap import Services
from jobs.collecting import collect_next, request_of
from jobs.errors import FalError, IllegalTransition
from jobs.fal.messages import Done, Running
from jobs.lifecycle import Event, transitions
from jobs.moves import move, try_move
from jobs.observing import Sight, write_sights
from jobs.recovery import resolve_unknowns, sweep
from jobs.submitting import submit_next
from storage.errors import RecordConflict
from storage.models import FINAL_STATUSES, Attempt, Generation, GenerationStatus, Person
from storage.records import attempts

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]


def test_the_database_allows_exactly_the_moves_of_the_table(as_owner: Any) -> None:
    allowed = as_owner("select from_status, to_status from studio.transitions")
    assert {(str(a), str(b)) for a, b in transitions()} == set(allowed)


def test_the_database_refuses_a_status_that_no_move_leads_to(submit: Submit, as_owner: Any) -> None:
    submit()
    with pytest.raises(Exception, match="queued cannot become completed"):
        as_owner("update studio.generations set status = 'completed'")


def test_a_move_from_elsewhere_changes_nothing(
    services: Services, submit: Submit, look: Look
) -> None:
    generation_id = submit()
    with services.database.as_service() as tx:
        assert not try_move(tx, generation_id, Event.STARTED)
        with pytest.raises(IllegalTransition):
            move(tx, generation_id, Event.COLLECTED)
    assert look(generation_id).status is GenerationStatus.QUEUED


def test_a_completed_generation_needs_its_charge(services: Services, submit: Submit) -> None:
    generation_id = submit()
    with pytest.raises(RecordConflict, match="without a charge"):
        completed_unpaid(services, generation_id)


def completed_unpaid(services: Services, generation_id: UUID) -> None:
    with services.database.as_service() as tx:
        for event in (Event.SUBMIT_BEGUN, Event.ACCEPTED, Event.FAL_COMPLETED, Event.COLLECTED):
            move(tx, generation_id, event)


FAULTS = [
    "",
    "drop_answer",
    "cancel_ignored",
    "refuse_output_billed",
    "units_missing",
    "result_500",
]
ACTS = ["submit", "watch", "collect", "stop", "sweep", "resolve", "die"]


def watch_once(services: Services) -> None:
    """One round of polls."""
    with services.database.as_service() as tx:
        followed = attempts.watched(tx)
    sights = []
    for watched in followed:
        status = services.fal.status(request_of(watched.attempt))
        done = status if isinstance(status, Done) else None
        sights.append(Sight(watched, running=isinstance(status, Running), done=done))
        if watched.status is GenerationStatus.CANCELING and done is None:
            services.fal.cancel(request_of(watched.attempt))
    write_sights(services.database, sights)


@given(
    fault=st.sampled_from(FAULTS),
    acts=st.lists(st.sampled_from(ACTS), min_size=4, max_size=14),
)
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_books_are_right_after_any_order_of_events(
    fault: str,
    acts: list[str],
    services: Services,
    person: Person,
    submit: Submit,
    look: Look,
    tries: Callable[[UUID], list[Attempt]],
    money: Any,
    posts: Any,
    expire: Any,
    broken: Any,
) -> None:
    generation_id = submit(prompt=f"A sneaker on a stand [fault:{fault}]")
    does: dict[str, Callable[[], object]] = {
        "submit": lambda: submit_next(services),
        "watch": lambda: watch_once(services),
        "collect": lambda: collect_next(services),
        "stop": lambda: stop(services, person, generation_id),
        "sweep": lambda: sweep(services),
        "resolve": lambda: resolve_unknowns(services),
        "die": lambda: expire(generation_id),
    }
    for act in acts:
        with suppress(IllegalTransition, FalError):
            does[act]()
        ended = look(generation_id).status in FINAL_STATUSES
        assert (money(generation_id).hold is None) == ended
        assert broken() == []
    assert posts(generation_id) == len(tries(generation_id)) <= 1
