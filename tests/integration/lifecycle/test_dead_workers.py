"""Workers that die, lose their lease or answer late: nothing is sent twice, nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from jobs.admission import stop
from jobs.bootstrap import SIMULATOR_KEY, Services
from jobs.collecting import collect_next
from jobs.errors import FalBadInput, FalError, FalOutcomeUnknown, FalUnavailable
from jobs.fal.client import FalClient
from jobs.fal.messages import Accepted, FalResult, RequestRef
from jobs.fal.simulator.process import Simulator
from jobs.lifecycle import Event
from jobs.moves import move_leased
from jobs.recovery import sweep
from jobs.submitting import submit_next
from storage.errors import RecordUnavailable
from storage.models import Attempt, AttemptState, Generation, GenerationStatus, Person
from storage.postgres import Database
from storage.records import attempts, generations
from storage.records.generations import Change

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]
Tries = Callable[[UUID], list[Attempt]]


class Between(FalClient):
    """The client, with something happening at the moment of a submit or a result."""

    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None
    instead: FalError | None = None

    def submit(self, endpoint: str, arguments: Mapping[str, Any], **how: Any) -> Accepted:
        if self.before:
            self.before()
        if self.instead:
            raise self.instead
        accepted = super().submit(endpoint, arguments, **how)
        if self.after:
            self.after()
        return accepted

    def result(self, request: RequestRef) -> FalResult:
        if self.before:
            self.before()
        if self.instead:
            raise self.instead
        return super().result(request)


@pytest.fixture
def between(simulator: Simulator) -> Iterator[Between]:
    with Between(SIMULATOR_KEY, simulator.url) as fal:
        yield fal


@pytest.fixture
def dies_after_intent(services: Services, expire: Any) -> Callable[[UUID], None]:
    """A worker that has written its intent and is never heard of again."""

    def run(generation_id: UUID) -> None:
        with services.database.as_service() as tx:
            lease = generations.claim_submit(tx, in_flight_limit=20, lease_s=30)
        assert lease is not None
        with services.database.as_service() as tx:
            move_leased(tx, lease, Event.SUBMIT_BEGUN, Change(keep_lease=True))
            attempts.intend(
                tx,
                generation_id,
                endpoint="e",
                marker=str(generation_id),
                arguments={},
                start_timeout_s=60,
            )
        expire(generation_id)

    return run


def test_a_worker_that_dies_before_the_intent_leaves_work_for_the_next(
    services: Services, submit: Submit, look: Look, expire: Any, posts: Any
) -> None:
    generation_id = submit()
    with services.database.as_service() as tx:
        generations.claim_submit(tx, in_flight_limit=20, lease_s=30)
    assert not submit_next(services)
    expire(generation_id)
    assert submit_next(services)
    assert look(generation_id).status is GenerationStatus.WAITING
    assert posts(generation_id) == 1


def test_a_worker_that_dies_after_the_intent_leaves_an_unknown_outcome(
    services: Services,
    submit: Submit,
    look: Look,
    tries: Tries,
    dies_after_intent: Any,
    money: Any,
    posts: Any,
) -> None:
    generation_id = submit()
    dies_after_intent(generation_id)
    for _ in range(3):
        sweep(services)
        assert not submit_next(services)
    assert look(generation_id).status is GenerationStatus.UNKNOWN
    assert look(generation_id).todo
    assert [t.state for t in tries(generation_id)] == [AttemptState.UNKNOWN]
    assert money(generation_id).hold is not None
    assert posts(generation_id) == 0


def test_a_living_submit_is_not_taken_for_a_dead_one(
    services: Services, submit: Submit, look: Look, between: Between
) -> None:
    generation_id = submit()
    between.before = lambda: sweep(services)
    submit_next(replace(services, fal=between))
    assert look(generation_id).status is GenerationStatus.WAITING


def test_a_dead_submit_that_was_stopped_stays_a_stop(
    services: Services,
    submit: Submit,
    look: Look,
    tries: Tries,
    person: Person,
    dies_after_intent: Any,
    money: Any,
) -> None:
    generation_id = submit()
    dies_after_intent(generation_id)
    stop(services, person, generation_id)
    sweep(services)
    assert look(generation_id).status is GenerationStatus.CANCELING
    assert [t.state for t in tries(generation_id)] == [AttemptState.UNKNOWN]
    assert money(generation_id).hold is not None


def test_an_answer_that_comes_after_the_lease_was_lost_is_kept(
    services: Services,
    submit: Submit,
    look: Look,
    until: Until,
    between: Between,
    expire: Any,
    money: Any,
    posts: Any,
) -> None:
    generation_id = submit()

    def lose() -> None:
        expire(generation_id)
        sweep(services)
        assert look(generation_id).status is GenerationStatus.UNKNOWN

    between.after = lose
    submit_next(replace(services, fal=between))
    assert look(generation_id).status is GenerationStatus.WAITING
    assert until(generation_id, "completed").problem is None
    assert money(generation_id).charge.verified
    assert posts(generation_id) == 1


@pytest.mark.parametrize("error", [FalUnavailable("Busy."), FalBadInput("Too small.")])
def test_a_refusal_that_comes_after_the_lease_was_lost_ends_the_unknown(
    error: FalError,
    services: Services,
    submit: Submit,
    look: Look,
    tries: Tries,
    between: Between,
    expire: Any,
    money: Any,
    broken: Any,
) -> None:
    generation_id = submit()

    def lose() -> None:
        expire(generation_id)
        sweep(services)

    between.before, between.instead = lose, error
    submit_next(replace(services, fal=between))
    assert look(generation_id).status is GenerationStatus.FAILED
    assert look(generation_id).problem == error.happened
    assert [t.state for t in tries(generation_id)] == [AttemptState.REFUSED]
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)
    assert broken() == []


def test_a_refusal_of_a_stopped_submit_ends_the_stop(
    services: Services,
    submit: Submit,
    look: Look,
    tries: Tries,
    person: Person,
    between: Between,
    expire: Any,
    money: Any,
) -> None:
    generation_id = submit()

    def stopped_and_lost() -> None:
        stop(services, person, generation_id)
        expire(generation_id)
        sweep(services)

    between.before, between.instead = stopped_and_lost, FalUnavailable("Busy.")
    submit_next(replace(services, fal=between))
    assert look(generation_id).status is GenerationStatus.CANCELED
    assert [t.state for t in tries(generation_id)] == [AttemptState.REFUSED]
    assert money(generation_id).hold is None


def test_a_lost_answer_to_a_stopped_submit_keeps_the_money_until_fal_is_asked(
    services: Services,
    submit: Submit,
    look: Look,
    tries: Tries,
    person: Person,
    between: Between,
    money: Any,
) -> None:
    generation_id = submit()
    between.before = lambda: assert_canceling(services, person, generation_id)
    between.instead = FalOutcomeUnknown("Lost.")
    submit_next(replace(services, fal=between))
    assert look(generation_id).status is GenerationStatus.CANCELING
    assert [t.state for t in tries(generation_id)] == [AttemptState.UNKNOWN]
    assert money(generation_id).hold is not None


def assert_canceling(services: Services, person: Person, generation_id: UUID) -> None:
    assert stop(services, person, generation_id) is GenerationStatus.CANCELING


def test_a_stop_while_the_image_is_uploaded_sends_nothing(
    services: Services,
    submit: Submit,
    look: Look,
    tries: Tries,
    person: Person,
    simulator: Simulator,
    money: Any,
    posts: Any,
) -> None:
    generation_id = submit()
    simulator.set_fault("upload_500", always=True)
    with Stopping(SIMULATOR_KEY, simulator.url, sleep=lambda _: None) as fal:
        fal.stop = lambda: stop(services, person, generation_id)
        submit_next(replace(services, fal=fal))
    generation = look(generation_id)
    assert generation.status is GenerationStatus.CANCELED
    assert generation.problem is None
    assert tries(generation_id) == []
    assert money(generation_id).hold is None
    assert posts(generation_id) == 0


class Stopping(FalClient):
    """The client, with somebody pressing Stop during the upload."""

    stop: Callable[[], object]

    def upload(self, source: Any, content_type: str, file_name: str) -> str:
        self.stop()
        return super().upload(source, content_type, file_name)


class Failing(Database):
    """The record, unreachable for the next so many transactions."""

    away: int = 0

    def as_service(self) -> Any:
        if self.away:
            self.away -= 1
            raise RecordUnavailable("The database can't be reached.")
        return super().as_service()


def test_an_answer_is_kept_when_the_record_comes_back(
    services: Services, database_url: Any, submit: Submit, look: Look, between: Between
) -> None:
    generation_id = submit()
    with closing(Failing(database_url)) as record:

        def go_away() -> None:
            record.away = 2

        between.after = go_away
        submit_next(replace(services, fal=between, database=record))
    assert look(generation_id).status is GenerationStatus.WAITING


def test_another_worker_collects_when_the_lease_runs_out_and_the_first_changes_nothing(
    services: Services,
    submit: Submit,
    look: Look,
    watch: Until,
    between: Between,
    expire: Any,
    money: Any,
    broken: Any,
) -> None:
    generation_id = submit()
    collecting_again = threading.Event()

    def lose() -> None:
        if not collecting_again.is_set():
            collecting_again.set()
            expire(generation_id)
            assert collect_next(services)

    between.before = lose
    watch(generation_id, "collecting")
    assert collect_next(replace(services, fal=between))
    assert look(generation_id).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge.amount_usd == Decimal("0.019440")
    assert broken() == []


@pytest.mark.parametrize(
    "error", [FalError("A page of HTML."), FalUnavailable("Busy."), FalBadInput("Too small.")]
)
def test_a_late_failure_of_a_worker_that_lost_its_lease_changes_nothing(
    error: FalError,
    services: Services,
    submit: Submit,
    look: Look,
    watch: Until,
    between: Between,
    expire: Any,
    money: Any,
) -> None:
    generation_id = submit()
    watch(generation_id, "collecting")

    def lose() -> None:
        expire(generation_id)
        with services.database.as_service() as tx:
            assert generations.claim_collect(tx, lease_s=30) is not None

    between.before, between.instead = lose, error
    collect_next(replace(services, fal=between))
    assert look(generation_id).status is GenerationStatus.COLLECTING
    assert money(generation_id).hold is not None
    expire(generation_id)
    assert collect_next(services)
    assert look(generation_id).status is GenerationStatus.COMPLETED
