"""Requests that fal never ends: stopped, asked one last time, given up at a deadline of our own."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from jobs.admission import stop
from jobs.bootstrap import Services
from jobs.collecting import collect_next
from jobs.deadlines import CLOCK_SLACK, longest_run
from jobs.errors import FalAccountLocked, FalError, FalUnavailable
from jobs.fal.messages import FalStatus, RequestRef, Running
from jobs.fal.polling import AsyncFalClient
from jobs.recovery import stop_overdue
from jobs.submitting import submit_next
from storage.models import FailureCause, Generation, GenerationStatus, Person
from storage.records import attempts

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]

ENDLESS = "A sneaker on a stand [fault:never_completes]"


@pytest.fixture
def late(services: Services, look: Look, as_owner: Any) -> Callable[..., None]:
    """Moves a request so far back that its last longest run but `runs` began just now."""

    def run(generation_id: UUID, runs: int) -> None:
        generation = look(generation_id)
        longest = longest_run(
            services.catalog, generation.model, int(generation.parameters["duration_s"])
        )
        as_owner(
            "update studio.attempts set start_deadline = now() - %s::interval"
            " where generation_id = %s",
            longest * runs + CLOCK_SLACK + timedelta(minutes=1),
            generation_id,
        )

    return run


@pytest.fixture
def running(services: Services, submit: Submit, watch: Any) -> Callable[..., UUID]:
    """A generation that fal makes: `running(words)`."""

    def run(words: str = ENDLESS) -> UUID:
        generation_id = submit(prompt=words)
        watch(generation_id, "running")
        return generation_id

    return run


class Endless(AsyncFalClient):
    """A fal that always says that it is making the video, also after a cancel."""

    async def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
        return Running()


class Unreadable(AsyncFalClient):
    """A fal whose statuses can't be read."""

    trouble: FalError = FalUnavailable("fal can't be reached at the moment.")

    async def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
        raise self.trouble


class Locked(Unreadable):
    """A fal that refuses the account."""

    trouble = FalAccountLocked("fal refuses the studio's account or key.")


def swept(services: Services) -> int:
    with services.database.as_service() as tx:
        return stop_overdue(tx, services.catalog)


def test_a_request_within_its_time_is_left_alone(
    services: Services, running: Any, late: Any, look: Look
) -> None:
    generation_id = running()
    late(generation_id, 0)
    assert swept(services) == 0
    assert look(generation_id).status is GenerationStatus.RUNNING


def test_an_overdue_request_is_stopped_at_fal_and_ends_as_timed_out(
    services: Services, running: Any, late: Any, until: Any, money: Any, broken: Any
) -> None:
    generation_id = running()
    late(generation_id, 1)
    ended = until(generation_id)
    assert (ended.status, ended.cause) == ("failed", FailureCause.TIMEOUT)
    assert "in time" in str(ended.problem)
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)
    assert broken() == []


def test_an_overdue_video_that_comes_all_the_same_is_kept_and_charged(
    services: Services, submit: Submit, late: Any, until: Any, money: Any, look: Look
) -> None:
    generation_id = submit(prompt="A sneaker on a stand [fault:cancel_ignored]")
    assert submit_next(services)
    late(generation_id, 1)
    assert swept(services) == 1
    assert "has asked fal to stop it" in str(look(generation_id).problem)
    assert until(generation_id).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge.verified


def test_what_fal_does_not_stop_keeps_its_hold_and_is_given_up_a_longest_run_later(
    services: Services, running: Any, late: Any, look: Look, led: Any, eventually: Any, money: Any
) -> None:
    generation_id = running()
    late(generation_id, 1)
    swept(services)
    with led(services, Endless):
        eventually(lambda: cancel_was_sent(services, generation_id))
        assert look(generation_id).status is GenerationStatus.CANCELING
        assert money(generation_id).hold is not None
        late(generation_id, 2)
        eventually(lambda: look(generation_id).status is GenerationStatus.FAILED)
    assert look(generation_id).cause is FailureCause.TIMEOUT
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)


def test_a_stop_that_fal_never_answers_ends_as_stopped(
    services: Services,
    running: Any,
    late: Any,
    look: Look,
    led: Any,
    eventually: Any,
    person: Person,
    broken: Any,
) -> None:
    generation_id = running()
    stop(services, person, generation_id)
    late(generation_id, 2)
    with led(services, Endless):
        eventually(lambda: look(generation_id).status is GenerationStatus.CANCELED)
    assert broken() == []


def test_past_its_deadline_the_result_is_asked_for_when_the_status_can_not_be_read(
    services: Services, submit: Submit, late: Any, look: Look, led: Any, eventually: Any, money: Any
) -> None:
    generation_id = submit()
    assert submit_next(services)
    with led(services, Unreadable):
        late(generation_id, 1)
        eventually(lambda: look(generation_id).status is GenerationStatus.COLLECTING)
    assert money(generation_id).hold is not None
    eventually(lambda: collect_next(services) and look(generation_id).finished_at)
    assert look(generation_id).status is GenerationStatus.COMPLETED


def test_a_locked_account_is_no_reason_to_give_up(
    services: Services, running: Any, late: Any, look: Look, led: Any, eventually: Any, polled: Any
) -> None:
    generation_id = running()
    late(generation_id, 1)
    swept(services)
    with led(services, polled(Locked)):
        eventually(lambda: polled.count >= 3)
    assert look(generation_id).status is GenerationStatus.CANCELING


@pytest.fixture
def polled() -> Any:
    """Counts the polls of a client: `polled(Client)`, then `polled.count`."""

    class Counter:
        count = 0

        def __call__(self, client: type[AsyncFalClient]) -> type[AsyncFalClient]:
            counter = self

            class Counted(client):  # type: ignore[valid-type, misc]
                async def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
                    counter.count += 1
                    answer: FalStatus = await super().status(request, with_logs=with_logs)
                    return answer

            return Counted

    return Counter()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until a check is true."""

    def run(check: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not check():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return run


def cancel_was_sent(services: Services, generation_id: UUID) -> bool:
    with services.database.as_service() as tx:
        return any(
            w.cancel_sent for w in attempts.watched(tx) if w.attempt.generation_id == generation_id
        )
