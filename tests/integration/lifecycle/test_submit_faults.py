"""Whatever fal answers to a submit: one POST, the money held as long as it may be owed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from jobs.bootstrap import SIMULATOR_KEY, Services
from jobs.errors import FalUnavailable
from jobs.fal.client import FalClient
from jobs.fal.messages import Timeouts
from jobs.fal.simulator.faults import FAULTS, Stage
from jobs.fal.simulator.process import Simulator
from jobs.recovery import sweep
from jobs.submitting import MAX_TRIES, submit_next, wait_s
from storage.models import Attempt, AttemptState, FailureCause, Generation, GenerationStatus
from storage.records import attempts, generations

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]
Tries = Callable[[UUID], list[Attempt]]

LOST = [name for name, (stage, _) in FAULTS.items() if stage is Stage.SUBMIT]
REFUSED = [name for name, (stage, _) in FAULTS.items() if stage is Stage.REFUSAL]
LOCKING = ["locked_403", "bad_key_401"]


@pytest.fixture
def impatient(services: Services, simulator: Simulator) -> Iterator[Services]:
    """Services that wait half a second for the answer to a submit."""
    with FalClient(SIMULATOR_KEY, simulator.url, timeouts=Timeouts(submit_s=0.5)) as fal:
        yield replace(services, fal=fal)


def words(name: str) -> str:
    late = "=3" if name == "slow_answer" else ""
    return f"The sneaker turns slowly [fault:{name}{late}]"


@pytest.mark.parametrize("name", LOST)
def test_a_lost_answer_leaves_one_post_and_the_money_held(
    name: str,
    impatient: Services,
    submit: Submit,
    look: Look,
    tries: Tries,
    money: Any,
    posts: Any,
    hurry: Any,
) -> None:
    generation_id = submit(prompt=words(name))
    assert submit_next(impatient)
    for _ in range(3):
        hurry()
        sweep(impatient)
        assert not submit_next(impatient)
    generation = look(generation_id)
    assert generation.status is GenerationStatus.UNKNOWN
    assert "lost" in str(generation.problem)
    assert "Do not submit it again" in str(generation.todo)
    assert [t.state for t in tries(generation_id)] == [AttemptState.UNKNOWN]
    assert money(generation_id).hold is not None
    assert posts(generation_id) == 1


def test_lost_requests_are_found_and_each_video_charged_once(
    impatient: Services,
    submit: Submit,
    until: Until,
    money: Any,
    posts: Any,
    found_at_fal: Any,
) -> None:
    lost = [submit(prompt=words(name)) for name in LOST]
    while submit_next(impatient):
        continue
    found_at_fal(len(lost))
    for generation_id in lost:
        assert until(generation_id, "completed").status is GenerationStatus.COMPLETED
        assert money(generation_id).hold is None
        assert money(generation_id).charge.verified
        assert posts(generation_id) == 1


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_submit_keeps_its_money_and_goes_through_later(
    name: str,
    services: Services,
    simulator: Simulator,
    submit: Submit,
    look: Look,
    until: Until,
    tries: Tries,
    money: Any,
    posts: Any,
) -> None:
    simulator.set_fault(name)
    generation_id = submit()
    assert submit_next(services)
    assert look(generation_id).status is GenerationStatus.QUEUED
    assert look(generation_id).problem
    assert money(generation_id).hold is not None
    assert until(generation_id, "completed", hurried=True).problem is None
    assert [t.state for t in tries(generation_id)] == [AttemptState.REFUSED, AttemptState.ENDED]
    assert money(generation_id).charge is not None
    assert posts(generation_id) == 2


@pytest.mark.parametrize("name", LOCKING)
def test_while_the_account_is_locked_nothing_is_claimed(
    name: str, simulator: Simulator, services: Services, submit: Submit, posts: Any
) -> None:
    simulator.set_fault(name)
    first, second = submit(), submit()
    submit_next(services)
    assert not submit_next(services)
    with services.database.as_service() as tx:
        account = attempts.account(tx)
    assert account.locked_since is not None
    assert account.reason
    assert (posts(first), posts(second)) == (1, 0)


@pytest.mark.parametrize("name", LOCKING)
def test_the_probe_of_a_locked_account_lets_everybody_through_again(
    name: str, simulator: Simulator, services: Services, submit: Submit, hurry: Any
) -> None:
    simulator.set_fault(name)
    submit()
    submit_next(services)
    submit()
    hurry()
    assert submit_next(services)
    with services.database.as_service() as tx:
        assert attempts.account(tx).locked_since is None
    assert submit_next(services)


def test_one_generation_at_a_time_probes_a_locked_account(
    services: Services, submit: Submit, hurry: Any, as_owner: Any
) -> None:
    submit()
    submit()
    as_owner("update studio.provider_state set locked_since = now(), next_probe_at = now()")
    with services.database.as_service() as tx:
        first = generations.claim_submit(tx, in_flight_limit=20, lease_s=30)
    with services.database.as_service() as tx:
        second = generations.claim_submit(tx, in_flight_limit=20, lease_s=30)
    assert first is not None
    assert second is None


def test_an_account_locked_at_the_upload_sends_no_post(
    services: Services, submit: Submit, look: Look, simulator: Simulator, posts: Any
) -> None:
    simulator.set_fault("upload_403_locked")
    generation_id = submit()
    submit_next(services)
    with services.database.as_service() as tx:
        assert attempts.account(tx).locked_since is not None
    assert look(generation_id).status is GenerationStatus.QUEUED
    assert posts(generation_id) == 0


def test_while_fal_is_down_a_generation_waits_and_then_goes_through(
    services: Services, submit: Submit, look: Look, until: Until, money: Any, posts: Any
) -> None:
    generation_id = submit()
    with FalClient(SIMULATOR_KEY, "http://127.0.0.1:9", sleep=lambda _: None) as nobody:
        assert submit_next(replace(services, fal=nobody))
    assert look(generation_id).status is GenerationStatus.QUEUED
    assert "can't be reached" in str(look(generation_id).problem)
    assert not submit_next(services), "it waits before the next try"
    assert until(generation_id, hurried=True).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge is not None
    assert posts(generation_id) == 1


def test_a_busy_fal_is_tried_eight_times_and_costs_nothing(
    services: Services,
    submit: Submit,
    look: Look,
    simulator: Simulator,
    money: Any,
    hurry: Any,
    posts: Any,
) -> None:
    simulator.set_fault("http_429", always=True)
    generation_id = submit()
    for _ in range(MAX_TRIES):
        assert look(generation_id).status is GenerationStatus.QUEUED
        hurry()
        assert submit_next(services)
    generation = look(generation_id)
    assert (generation.status, generation.cause) == ("failed", FailureCause.PROVIDER_DOWN)
    assert money(generation_id).hold is None
    assert money(generation_id).charge is None
    assert posts(generation_id) == MAX_TRIES


def test_a_store_that_lost_the_image_ends_it_without_a_post(
    services: Services, submit: Submit, look: Look, money: Any, posts: Any
) -> None:
    generation_id = submit()
    services.store.delete([look(generation_id).start_image.key])
    assert submit_next(services)
    generation = look(generation_id)
    assert (generation.status, generation.cause) == ("failed", FailureCause.STORAGE)
    assert money(generation_id).hold is None
    assert posts(generation_id) == 0


def test_waits_grow_to_a_minute_and_follow_what_fal_asks_for() -> None:
    plain = FalUnavailable("Busy.")
    assert [wait_s(n, plain) for n in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]
    assert wait_s(1, FalUnavailable("Busy.", retry_after_s=7.5)) == 7.5
