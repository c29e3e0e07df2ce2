"""Submits a minute, places at fal for one person, and a locked account from end to end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs.account_probe import probe_account
from jobs.admission import retry, stop
from jobs.bootstrap import SIMULATOR_KEY, Services
from jobs.collecting import MAX_TRIES as MAX_COLLECTS
from jobs.collecting import collect_next
from jobs.errors import FalAccountLocked, TooManySubmits
from jobs.fal.client import FalClient
from jobs.fal.messages import FalResult, RequestRef
from jobs.fal.simulator.process import Simulator
from jobs.submitting import MAX_TRIES, submit_next
from storage.models import Generation, GenerationStatus, Person
from storage.records import attempts
from storage.settings import Settings

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """People may submit ten times a minute and have two at fal."""
    return settings.model_copy(update={"person_submits_per_minute": 10, "person_concurrency": 2})


def tried(submit: Submit, *who: Person) -> UUID | TooManySubmits:
    try:
        return submit(*who)
    except TooManySubmits as exc:
        return exc


def count(as_owner: Any) -> int:
    ((found,),) = as_owner("select count(*) from studio.generations")
    return int(found)


def test_of_fifty_submits_at_once_ten_are_let_in(submit: Submit, as_owner: Any) -> None:
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: tried(submit), range(50)))
    refused = [one for one in found if isinstance(one, TooManySubmits)]
    assert len(refused) == 40
    assert count(as_owner) == 10


def test_a_refusal_says_when_the_next_is_let_in(submit: Submit) -> None:
    for _ in range(10):
        submit()
    refused = tried(submit)
    assert isinstance(refused, TooManySubmits)
    assert "10 times within a minute" in refused.happened
    assert 1 <= refused.retry_after_s <= 60
    assert f"in {refused.retry_after_s} s" in refused.todo
    assert refused.cost == "Nothing was spent."


def test_the_limit_is_each_persons_own(submit: Submit, add_person: Callable[..., Person]) -> None:
    for _ in range(10):
        submit()
    assert isinstance(tried(submit, add_person("Bob")), UUID)


def test_the_minute_goes_on_with_the_oldest(submit: Submit, as_owner: Any) -> None:
    first, *_ = [submit() for _ in range(10)]
    at = "update studio.generations set created_at = now() - make_interval(secs => %s)"
    as_owner(f"{at} where id = %s", 40, first)
    refused = tried(submit)
    assert isinstance(refused, TooManySubmits)
    assert refused.retry_after_s <= 20
    as_owner(f"{at} where id = %s", 60, first)
    assert isinstance(tried(submit), UUID)
    assert isinstance(tried(submit), TooManySubmits)


def test_a_batch_is_one_submit(submit: Submit, as_owner: Any) -> None:
    for _ in range(10):
        submit()
    as_owner("update studio.generations set batch_id = %s", uuid4())
    assert isinstance(tried(submit), UUID)


def test_a_retry_is_a_submit_too(
    services: Services, submit: Submit, person: Person, as_owner: Any
) -> None:
    first, *_ = [submit() for _ in range(10)]
    as_owner("update studio.generations set status = 'canceled' where id = %s", first)
    with pytest.raises(TooManySubmits):
        retry(services, person, first)


def test_a_person_has_no_more_at_fal_than_their_limit(
    services: Services, submit: Submit, add_person: Callable[..., Person], look: Look
) -> None:
    mine = [submit(prompt=f"A sneaker number {n} [fault:never_completes]") for n in range(4)]
    theirs = submit(add_person("Bob"))
    while submit_next(services):
        continue
    left = [g for g in mine if look(g).status is GenerationStatus.QUEUED]
    assert len(left) == 2
    assert look(theirs).status is GenerationStatus.WAITING


def test_a_locked_account_holds_everything_and_goes_on_by_itself(
    services: Services,
    submit: Submit,
    simulator: Simulator,
    hurry: Any,
    until: Until,
    look: Look,
    posts: Any,
    broken: Any,
) -> None:
    simulator.set_fault("locked_403", always=True)
    made = [submit() for _ in range(3)]
    for _ in range(MAX_TRIES + 2):
        assert submit_next(services), "one probe"
        assert not submit_next(services), "and nothing else"
        hurry()
    assert {look(g).status for g in made} == {GenerationStatus.QUEUED}
    simulator.clear_faults()
    for generation_id in made:
        assert until(generation_id).status is GenerationStatus.COMPLETED
    with services.database.as_service() as tx:
        assert attempts.account(tx).locked_since is None
    assert sum(posts(g) for g in made) == MAX_TRIES + 2 + 3
    assert broken() == []


def test_a_locked_account_with_an_empty_queue_is_unlocked_by_a_probe_of_the_watcher(
    services: Services, submit: Submit, simulator: Simulator, person: Person, hurry: Any
) -> None:
    def locked() -> bool:
        with services.database.as_service() as tx:
            return attempts.account(tx).locked_since is not None

    simulator.set_fault("upload_403_locked", always=True)
    generation_id = submit()
    assert submit_next(services)
    hurry()
    assert not probe_account(services), "what is queued is the probe"
    stop(services, person, generation_id)
    assert not probe_account(services)
    simulator.clear_faults()
    assert not probe_account(services), "not due yet"
    assert locked()
    hurry()
    assert probe_account(services)
    assert not locked()


def test_waiting_for_a_locked_account_uses_up_no_tries(
    services: Services, submit: Submit, simulator: Simulator, hurry: Any, look: Look
) -> None:
    simulator.set_fault("upload_403_locked", always=True)
    generation_id = submit()
    for _ in range(MAX_TRIES):
        assert submit_next(services)
        hurry()
    simulator.clear_faults()
    with FalClient(SIMULATOR_KEY, "http://127.0.0.1:9", sleep=lambda _: None) as nobody:
        assert submit_next(replace(services, fal=nobody))
    assert look(generation_id).status is GenerationStatus.QUEUED


class LockedAtResults(FalClient):
    """A client whose account is locked when it asks for results."""

    def result(self, request: RequestRef) -> FalResult:
        raise FalAccountLocked(f"fal refuses the studio's account at {request.request_id}.")


def test_a_paid_video_waits_for_a_locked_account_however_long(
    services: Services,
    simulator: Simulator,
    submit: Submit,
    watch: Until,
    look: Look,
    hurry: Any,
    until: Until,
) -> None:
    generation_id = submit()
    watch(generation_id, "collecting")
    with LockedAtResults(SIMULATOR_KEY, simulator.url) as locked:
        for _ in range(MAX_COLLECTS + 1):
            assert collect_next(replace(services, fal=locked))
            hurry()
    assert look(generation_id).status is GenerationStatus.COLLECTING
    assert until(generation_id, hurried=True).status is GenerationStatus.COMPLETED
