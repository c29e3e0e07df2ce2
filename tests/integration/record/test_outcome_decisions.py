"""Decisions about lost submits: who may write one, about what, and that it stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from storage.errors import RecordConflict, RecordForbidden
from storage.models import GenerationStatus, Person, Role
from storage.postgres import Database
from storage.records import attempts, outcomes
from storage.records.outcomes import Decided, NewDecision
from tests.integration.record.house import new_decision
from tests.integration.record.record_rows import add_attempt, add_held, move, sql

S = GenerationStatus


@pytest.fixture
def lost(database: Database, person: Person) -> tuple[UUID, UUID]:
    """A generation whose submit's answer was lost, and the attempt."""
    with database.as_service() as tx:
        generation_id = add_held(tx, person)
        attempt_id = add_attempt(tx, generation_id)
        move(tx, generation_id, S.SUBMITTING, S.UNKNOWN)
        attempts.mark_unknown(tx, attempt_id, "The answer was lost.")
    return generation_id, attempt_id


@pytest.fixture
def decide(database: Database, person: Person, lost: Any) -> Callable[..., None]:
    """Writes a decision of `person`: `decide(what=…)`, or of `who`."""

    def run(who: Person | None = None, **changes: Any) -> None:
        writer = who or person
        new = replace(new_decision(lost[0], lost[1], writer.id), **changes)
        with database.as_person(writer.id) as tx:
            outcomes.decide(tx, new)

    return run


@pytest.mark.parametrize(
    ("name", "role", "team", "may"),
    [
        ("Mia", Role.MANAGER, "Marketing", True),
        ("Ada", Role.ADMIN, "Office", True),
        ("Ben", Role.MEMBER, "Marketing", False),
        ("Max", Role.MANAGER, "Sales", False),
        ("Ana", Role.ANALYST, "Marketing", False),
    ],
)
def test_only_those_who_see_a_generation_decide_about_it(
    name: str, role: Role, team: str, may: bool, decide: Any, add_person: Any
) -> None:
    who = add_person(name, role=role, team=team)
    if may:
        decide(who)
    else:
        with pytest.raises(RecordForbidden):
            decide(who)


def test_nobody_decides_in_anothers_name(decide: Any, person: Person, add_person: Any) -> None:
    with pytest.raises(RecordForbidden):
        decide(person, decided_by=add_person("Mia", role=Role.MANAGER).id)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"confirmed": False}, "early_needs_confirmation"),
        ({"what": Decided.ADOPTED}, "adopted_names_request"),
        ({"what": Decided.RESUBMITTED}, "resubmitted_names_new"),
        ({"request_id": "a-request"}, "adopted_names_request"),
        ({"reason": "  "}, "outcome_decisions_reason_check"),
        ({"attempt_id": UUID(int=1)}, "outcome_is_open"),
    ],
)
def test_half_a_decision_is_refused(
    changes: dict[str, object], constraint: str, decide: Any
) -> None:
    with pytest.raises(RecordConflict) as refused:
        decide(**changes)
    assert refused.value.constraint == constraint


def test_after_the_deadline_no_confirmation_is_needed(decide: Any) -> None:
    decide(confirmed=False, chargeable_until=datetime.now(UTC) - timedelta(seconds=1))


def test_one_of_two_decisions_counts_unless_it_was_overtaken(
    decide: Any, database: Database, lost: Any
) -> None:
    decide()
    with pytest.raises(RecordConflict) as refused:
        decide(what=Decided.ADOPTED, request_id="a-request")
    assert refused.value.constraint == "outcome_decisions_one"
    with database.as_service() as tx:
        (decision,) = outcomes.of_generation(tx, lost[0])
        outcomes.close(tx, decision.id, overtaken=True)
    decide(what=Decided.ADOPTED, request_id="a-request")


def test_what_is_known_can_not_be_decided(decide: Any, database: Database, lost: Any) -> None:
    with database.as_service() as tx:
        attempts.accept(
            tx,
            lost[1],
            request_id=str(uuid4()),
            status_url="s",
            response_url="r",
            cancel_url="c",
            queue_position=None,
        )
    with pytest.raises(RecordConflict) as refused:
        decide()
    assert refused.value.constraint == "outcome_is_open"


@pytest.mark.parametrize(
    "statement",
    [
        "update studio.outcome_decisions set reason = 'Another'",
        "update studio.outcome_decisions set decided_by = null",
        "delete from studio.outcome_decisions",
    ],
)
def test_not_even_the_studio_changes_what_was_decided(
    statement: str, decide: Any, database: Database
) -> None:
    decide()
    with pytest.raises(RecordForbidden), database.as_service() as tx:
        tx.run(sql(statement))


def test_every_request_that_was_ever_found_is_kept(database: Database, lost: Any) -> None:
    with database.as_service() as tx:
        assert outcomes.note_look(tx, lost[1], ["b", "a"], None) == ["a", "b"]
        assert outcomes.note_look(tx, lost[1], ["b", "c"], None) == ["a", "b", "c"]
        assert outcomes.note_look(tx, lost[1], [], "fal is down.") == ["a", "b", "c"]
        attempt = attempts.latest(tx, lost[0])
    assert attempt is not None
    assert (attempt.look_count, attempt.look_problem) == (3, "fal is down.")


def test_an_old_lost_answer_is_looked_for_less_often(
    database: Database, lost: Any, as_owner: Any
) -> None:
    as_owner("update studio.attempts set created_at = now() - interval '1 hour'")
    with database.as_service() as tx:
        assert [a.id for a in attempts.unresolved(tx)] == [lost[1]]
        outcomes.note_look(tx, lost[1], [], None)
        assert attempts.unresolved(tx) == []
    as_owner("update studio.attempts set looked_at = now() - interval '4 minutes'")
    with database.as_service() as tx:
        assert [a.id for a in attempts.unresolved(tx)] == [lost[1]]


def test_a_decision_is_read_back_as_it_was_written(
    decide: Any, database: Database, lost: Any, person: Person
) -> None:
    decide()
    with database.as_person(person.id) as tx:
        (decision,) = outcomes.of_generation(tx, lost[0])
    written: NewDecision = new_decision(lost[0], lost[1], person.id)
    assert (decision.what, decision.reason) == (written.what, written.reason)
    assert (decision.decided_by_name, decision.state) == (person.name, "open")
