"""What the database itself refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from jobs.lifecycle import transitions
from storage.errors import RecordConflict, RecordError
from storage.models import FINAL_STATUSES, FailureCause, GenerationStatus, Person, Role
from storage.postgres import Database, Transaction
from storage.records import attempts, generations, ledger, people
from storage.records.generations import Change
from tests.integration.record.record_rows import (
    ESTIMATE_USD,
    PATHS,
    add_attempt,
    add_held,
    finish,
    move,
    new_generation,
    sql,
)

S = GenerationStatus
PAIRS = [(origin, target) for origin in S for target in S]


@pytest.fixture(scope="module")
def ann(shared_database: Database) -> Person:
    with shared_database.as_service() as tx:
        return people.add(tx, email="ann@acme.test", name="Ann", role=Role.MEMBER, team="Marketing")


@pytest.fixture
def generation_in(shared_database: Database, ann: Person) -> Callable[[GenerationStatus], UUID]:
    def make(status: GenerationStatus) -> UUID:
        with shared_database.as_service() as tx:
            if status is S.AWAITING_APPROVAL:
                return _insert_as(tx, ann, status)
            generation_id = add_held(tx, ann)
            if status is S.COMPLETED:
                finish(tx, generation_id)
            else:
                move(tx, generation_id, *PATHS[status])
            return generation_id

    return make


def _insert_as(tx: Transaction, ann: Person, status: str) -> UUID:
    """A generation that begins in this status, which no use case can ask for."""
    copied, made = add_held(tx, ann), uuid4()
    tx.run(
        sql("""
        insert into studio.generations
        select (jsonb_populate_record(g, jsonb_build_object(
            'id', %(made)s::uuid, 'status', %(status)s::text))).*
        from studio.generations as g where g.id = %(copied)s"""),
        made=made,
        copied=copied,
        status=status,
    )
    return made


def _change(tx: Transaction, generation_id: UUID, target: GenerationStatus) -> int:
    """Set a status past our own code, with all that its constraints ask for."""
    statement = sql("""
        update studio.generations set status = %(status)s,
            cause = case when %(status)s = 'failed' then 'our_bug' end
        where id = %(id)s""")
    if target is S.COMPLETED:
        ledger.charge(
            tx, generation_id, ESTIMATE_USD, billable_units=None, verified=True, note=None
        )
    return tx.run(statement, status=target.value, id=generation_id)


@pytest.mark.parametrize(
    ("origin", "target"), [p for p in PAIRS if p not in transitions() and p[0] is not p[1]]
)
def test_an_unlisted_change_is_refused(
    shared_database: Database,
    generation_in: Callable[[GenerationStatus], UUID],
    origin: GenerationStatus,
    target: GenerationStatus,
) -> None:
    generation_id = generation_in(origin)
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        tx.run(
            sql("update studio.generations set status = %(s)s where id = %(id)s"),
            s=target.value,
            id=generation_id,
        )
    assert refused.value.constraint == "legal_transition"


@pytest.mark.parametrize(("origin", "target"), sorted(transitions()))
def test_a_listed_change_is_made_and_written_to_the_history(
    shared_database: Database,
    generation_in: Callable[[GenerationStatus], UUID],
    origin: GenerationStatus,
    target: GenerationStatus,
) -> None:
    generation_id = generation_in(origin)
    with shared_database.as_service() as tx:
        before = len(generations.history(tx, generation_id))
        assert _change(tx, generation_id, target) == 1
    with shared_database.as_service() as tx:
        *_, last = steps = generations.history(tx, generation_id)
        ended = generations.by_id(tx, generation_id).finished_at
    assert len(steps) == before + 1
    assert (last.from_status, last.to_status) == (origin, target)
    assert (ended is not None) == (target in FINAL_STATUSES)


@pytest.mark.parametrize("status", S)
def test_a_status_that_stays_leaves_no_history(
    shared_database: Database,
    generation_in: Callable[[GenerationStatus], UUID],
    status: GenerationStatus,
) -> None:
    generation_id = generation_in(status)
    with shared_database.as_service() as tx:
        before = generations.history(tx, generation_id)
        tx.run(
            sql("update studio.generations set status = status where id = %(id)s"),
            id=generation_id,
        )
        assert generations.history(tx, generation_id) == before


@pytest.mark.parametrize("status", [*sorted(set(S) - {S.QUEUED, S.AWAITING_APPROVAL}), "other"])
def test_a_generation_begins_at_the_beginning(
    shared_database: Database, ann: Person, status: str
) -> None:
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        _insert_as(tx, ann, status)
    assert refused.value.constraint == "legal_transition"


REFUSED = {
    "final_has_end": "update studio.generations set finished_at = now() where id = %(id)s",
    "failed_has_cause": "update studio.generations set cause = 'timeout' where id = %(id)s",
    "lease_is_whole": "update studio.generations set lease_token = %(id)s where id = %(id)s",
    "holds_one_open": "select studio.place_hold(%(id)s, 1, now() + interval '1 hour')",
    "generations_cause_check": (
        "update studio.generations set status = 'failed', cause = 'other' where id = %(id)s"
    ),
    "generations_estimate_usd_check": (
        "update studio.generations set estimate_usd = -0.000001 where id = %(id)s"
    ),
    "generations_price_usd_per_unit_check": (
        "update studio.generations set price_usd_per_unit = -1 where id = %(id)s"
    ),
    "generations_price_tokens_per_unit_check": (
        "update studio.generations set price_tokens_per_unit = 0 where id = %(id)s"
    ),
    "holds_amount_usd_check": (
        "update studio.holds set amount_usd = -0.000001 where generation_id = %(id)s"
    ),
    "release_has_reason": (
        "update studio.holds set released_at = now() where generation_id = %(id)s"
    ),
    "budgets_limit_usd_check": (
        "insert into studio.budgets (scope, period, limit_usd) values ('organisation', 'day', -1)"
    ),
    "scope_names_its_target": (
        "insert into studio.budgets (scope, period, limit_usd) values ('team', 'day', 1)"
    ),
    "charge_not_negative": """
        insert into studio.charges (generation_id, person_id, team_id, amount_usd, verified)
        select id, person_id, team_id, -0.000001, true from studio.generations where id = %(id)s""",
}


@pytest.mark.parametrize("constraint", REFUSED)
def test_what_makes_no_sense_is_refused_by_name(
    shared_database: Database, ann: Person, constraint: str
) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        tx.run(sql(REFUSED[constraint]), id=generation_id)
    assert refused.value.constraint == constraint


def test_failing_needs_a_cause(shared_database: Database, ann: Person) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        generations.transition(tx, generation_id, [S.QUEUED], S.FAILED, Change())
    assert refused.value.constraint == "failed_has_cause"


def test_completing_needs_a_charge_at_commit(shared_database: Database, ann: Person) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        move(tx, generation_id, *PATHS[S.COMPLETED])
    assert refused.value.constraint == "completed_is_charged"


def test_the_charge_may_follow_the_status(shared_database: Database, ann: Person) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
        move(tx, generation_id, *PATHS[S.COMPLETED])
        ledger.charge(tx, generation_id, Decimal(0), billable_units=None, verified=True, note=None)
    with shared_database.as_service() as tx:
        assert generations.by_id(tx, generation_id).status is S.COMPLETED


def test_a_charge_is_written_once(shared_database: Database, ann: Person) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
        finish(tx, generation_id)
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        ledger.charge(tx, generation_id, Decimal(1), billable_units=None, verified=True, note=None)
    assert refused.value.constraint == "charges_one"


@pytest.mark.parametrize("status", sorted(FINAL_STATUSES))
def test_the_end_releases_the_hold_and_takes_no_other(
    shared_database: Database,
    generation_in: Callable[[GenerationStatus], UUID],
    status: GenerationStatus,
) -> None:
    generation_id = generation_in(status)
    with shared_database.as_service() as tx:
        assert ledger.open_hold_of(tx, generation_id) is None
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        ledger.place_hold(tx, generation_id, ESTIMATE_USD, expires_s=60)
    assert refused.value.constraint == "hold_needs_unfinished"


@pytest.mark.parametrize("state", ["intended", "accepted", "unknown"])
def test_a_second_open_attempt_is_refused(
    shared_database: Database, ann: Person, state: str
) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
        _bring_to(tx, add_attempt(tx, generation_id), state)
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        add_attempt(tx, generation_id)
    assert refused.value.constraint == "attempts_one_open"


def _bring_to(tx: Transaction, attempt_id: UUID, state: str) -> None:
    if state == "unknown":
        attempts.mark_unknown(tx, attempt_id, "lost")
    if state == "accepted":
        url = f"https://fal.test/{attempt_id}"
        attempts.accept(
            tx,
            attempt_id,
            request_id=str(attempt_id),
            status_url=url,
            response_url=url,
            cancel_url=url,
            queue_position=0,
        )


def test_a_refused_attempt_makes_room_for_the_next(shared_database: Database, ann: Person) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
        attempts.refuse(tx, add_attempt(tx, generation_id), "busy")
        add_attempt(tx, generation_id)
        numbers = [attempt.number for attempt in attempts.of_generation(tx, generation_id)]
    assert numbers == [1, 2]


def test_an_accepted_attempt_has_all_its_addresses(shared_database: Database, ann: Person) -> None:
    with shared_database.as_service() as tx:
        attempt_id = add_attempt(tx, add_held(tx, ann))
    with pytest.raises(RecordConflict) as refused, shared_database.as_service() as tx:
        tx.run(
            sql("update studio.attempts set state = 'accepted' where id = %(id)s"), id=attempt_id
        )
    assert refused.value.constraint == "accepted_has_request"


def test_a_lease_that_was_lost_changes_nothing(shared_database: Database, ann: Person) -> None:
    with shared_database.as_service() as tx:
        generation_id = add_held(tx, ann)
        changed = generations.transition(
            tx, generation_id, [S.QUEUED], S.SUBMITTING, Change(), lease_token=uuid4()
        )
        assert not changed
        assert generations.by_id(tx, generation_id).status is S.QUEUED


def test_amounts_beyond_reason_are_an_error_of_the_record(
    shared_database: Database, ann: Person
) -> None:
    new = new_generation(ann, estimate_usd=Decimal("1e9"))
    with pytest.raises(RecordError, match="overflow"), shared_database.as_service() as tx:
        generations.insert(tx, new)


def test_every_cause_can_be_kept(shared_database: Database, ann: Person) -> None:
    for cause in FailureCause:
        with shared_database.as_service() as tx:
            generation_id = add_held(tx, ann)
            change = Change(cause=cause)
            assert generations.transition(tx, generation_id, [S.QUEUED], S.FAILED, change)
            assert generations.by_id(tx, generation_id).cause is cause
