"""The watcher: one leads, it writes what it sees, and no single generation can stop it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs.admission import stop
from jobs.bootstrap import SIMULATOR_KEY, Services
from jobs.collecting import collect_next
from jobs.errors import FalUnavailable
from jobs.fal.client import FalClient
from jobs.fal.messages import CancelOutcome, Done, FalStatus, FoundRequest, RequestRef, Running
from jobs.fal.polling import AsyncFalClient
from jobs.fal.simulator.process import Simulator, running_simulator
from jobs.recovery import resolve_unknowns
from jobs.submitting import submit_next
from jobs.watcher import GONE_POLLS
from storage.errors import RecordUnavailable
from storage.leadership import Leadership
from storage.models import Attempt, FailureCause, Generation, GenerationStatus, Person
from storage.settings import Settings

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]
Tries = Callable[[UUID], list[Attempt]]

ENDLESS = "[fault:never_completes]"
CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where pid <> pg_backend_pid() and datname = current_database() and application_name like %s"
)


def eventually(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def at_fal(services: Services, submit: Submit) -> Callable[..., UUID]:
    """Submits a request to fal: `at_fal("[fault:never_completes]")`."""

    def run(words: str = "") -> UUID:
        generation_id = submit(prompt=f"A sneaker on a stand {words}")
        assert submit_next(services)
        return generation_id

    return run


@pytest.fixture
def seen(look: Look) -> Callable[..., None]:
    """Waits until the watcher has brought a generation to a status: `seen(id, "running")`."""
    return lambda generation_id, status: eventually(lambda: look(generation_id).status == status)


# Leading


@contextmanager
def candidate(settings: Settings) -> Iterator[Leadership]:
    leadership = Leadership(settings)
    try:
        yield leadership
    finally:
        leadership.give_up()


def test_one_of_two_watchers_leads_until_it_gives_up(settings: Settings) -> None:
    with candidate(settings) as first, candidate(settings) as second:
        assert first.take()
        assert not second.take()
        first.check()
        first.give_up()
        eventually(second.take)


def test_when_the_leaders_connection_dies_it_notices_and_another_leads(
    settings: Settings, as_owner: Any
) -> None:
    with candidate(settings) as first, candidate(settings) as second:
        assert first.take()
        as_owner(CUT, "studio-watcher")
        eventually(second.take)
        with pytest.raises(RecordUnavailable):
            first.check()


def test_two_watchers_at_once_bring_one_request_to_its_end(
    services: Services, at_fal: Any, seen: Any, led: Any, broken: Any
) -> None:
    generation_id = at_fal()
    with led(services), led(services):
        seen(generation_id, "collecting")
    assert broken() == []


def test_a_watcher_whose_connections_are_cut_leads_again(
    services: Services, at_fal: Any, seen: Any, led: Any, as_owner: Any
) -> None:
    first = at_fal(ENDLESS)
    with led(services) as thread:
        seen(first, "running")
        as_owner(CUT, "studio%")
        second = at_fal()
        seen(second, "collecting")
        assert thread.is_alive()


# What it writes


def test_phases_log_lines_and_inference_time_are_written(
    services: Services, at_fal: Any, watch: Until, tries: Tries
) -> None:
    generation_id = at_fal()
    watch(generation_id, "collecting")
    (attempt,) = tries(generation_id)
    assert attempt.logs[-1]["message"] == "Generating video: 75%"
    assert attempt.inference_s is not None
    assert attempt.inference_s > 0
    assert attempt.started_at is not None
    assert attempt.completed_at is not None
    assert attempt.started_at <= attempt.completed_at


@pytest.fixture
def one_place(services: Services, tmp_path: Path) -> Iterator[Services]:
    """Services with a fal that makes one video at a time."""
    with (
        running_simulator(tmp_path / "fal", seconds=0.1, concurrency=1, render="copy") as server,
        FalClient(SIMULATOR_KEY, server.url) as fal,
    ):
        settings = services.settings.model_copy(update={"fal_base_url": server.url})
        yield replace(services, settings=settings, fal=fal)


def test_the_place_in_fals_queue_is_kept_up_to_date(
    one_place: Services, submit: Submit, tries: Tries, led: Any, person: Person, seen: Any
) -> None:
    first, second, third = [
        submit(prompt=f"A sneaker on a stand {words}") for words in (ENDLESS, ENDLESS, "")
    ]
    while submit_next(one_place):
        continue
    with led(one_place):
        seen(first, "running")
        eventually(lambda: [t.queue_position for t in tries(third)] == [1])
        stop(one_place, person, first)
        seen(second, "running")
        eventually(lambda: [t.queue_position for t in tries(third)] == [0])
        stop(one_place, person, second)
        seen(third, "collecting")
    assert tries(third)[0].queue_position is None


def test_a_request_stopped_in_fals_queue_ends_without_cost(
    one_place: Services,
    submit: Submit,
    look: Look,
    led: Any,
    seen: Any,
    person: Person,
    money: Any,
    broken: Any,
) -> None:
    submit(prompt=f"A sneaker on a stand {ENDLESS}")
    queued_there = submit()
    while submit_next(one_place):
        continue
    stop(one_place, person, queued_there)
    with led(one_place):
        seen(queued_there, "collecting")
    assert collect_next(one_place)
    assert look(queued_there).status is GenerationStatus.CANCELED
    assert (money(queued_there).hold, money(queued_there).charge) == (None, None)
    assert broken() == []


# Requests that are gone


@pytest.fixture
def forgotten(as_owner: Any) -> Callable[[UUID], None]:
    """fal no longer knows the generation's request."""

    def run(generation_id: UUID) -> None:
        as_owner(
            "update studio.attempts set"
            " status_url = replace(status_url, request_id, %s),"
            " response_url = replace(response_url, request_id, %s),"
            " cancel_url = replace(cancel_url, request_id, %s) where generation_id = %s",
            *[str(uuid4())] * 3,
            generation_id,
        )

    return run


@pytest.fixture
def soon_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that fal does not know need not be unknown for a minute."""
    monkeypatch.setattr("jobs.watcher.GONE_AFTER_S", 0.0)


@pytest.mark.usefixtures("soon_gone")
def test_a_request_that_fal_forgot_ends_with_words_and_the_estimate(
    services: Services,
    at_fal: Any,
    forgotten: Any,
    watch: Until,
    look: Look,
    money: Any,
    hurry: Any,
) -> None:
    generation_id = at_fal()
    forgotten(generation_id)
    watch(generation_id, "collecting")
    while collect_next(services):
        hurry()
    generation = look(generation_id)
    assert (generation.status, generation.cause) == ("failed", FailureCause.PROVIDER_DOWN)
    assert "no longer knows" in str(generation.problem)
    assert not money(generation_id).charge.verified
    assert money(generation_id).hold is None


def test_a_request_that_fal_does_not_know_for_moments_is_not_gone(
    services: Services, at_fal: Any, forgotten: Any, tries: Tries, look: Look, led: Any
) -> None:
    generation_id = at_fal()
    forgotten(generation_id)
    asked = []

    class Counting(AsyncFalClient):
        async def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
            asked.append(request.request_id)
            return await super().status(request, with_logs=with_logs)

    with led(services, client=Counting):
        eventually(lambda: len(asked) > 2 * GONE_POLLS)
    assert look(generation_id).status is GenerationStatus.WAITING


@pytest.mark.usefixtures("soon_gone")
def test_a_stopped_request_that_fal_forgot_ends_without_cost(
    services: Services, at_fal: Any, forgotten: Any, watch: Until, person: Person, money: Any
) -> None:
    generation_id = at_fal()
    forgotten(generation_id)
    stop(services, person, generation_id)
    watch(generation_id, "canceled")
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)


# One bad generation


class Troubled(AsyncFalClient):
    """The client, with trouble over one request."""

    request_id = ""

    async def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
        if request.request_id == self.request_id:
            await self.trouble()
        return await super().status(request, with_logs=with_logs)

    async def trouble(self) -> None:
        raise RuntimeError("a bug of ours")


@pytest.fixture
def others_go_on(
    services: Services, at_fal: Any, seen: Any, led: Any, tries: Tries
) -> Callable[..., None]:
    """Whether a watcher goes on with others beside a generation that is trouble."""

    def run(bad: UUID, client: type[Troubled] = Troubled) -> None:
        client.request_id = str(tries(bad)[0].request_id)
        good = at_fal()
        with led(services, client) as thread:
            seen(good, "collecting")
            another = at_fal()
            seen(another, "collecting")
            assert thread.is_alive()

    return run


def test_a_bug_over_one_request_stops_no_other(at_fal: Any, others_go_on: Any) -> None:
    others_go_on(at_fal(ENDLESS))


def test_an_answer_that_does_not_come_stops_no_other(at_fal: Any, others_go_on: Any) -> None:
    class Silent(Troubled):
        async def trouble(self) -> None:
            await asyncio.Event().wait()

    others_go_on(at_fal(ENDLESS), Silent)


def test_an_address_that_can_not_be_read_stops_no_other(
    at_fal: Any, others_go_on: Any, as_owner: Any
) -> None:
    bad = at_fal(ENDLESS)
    as_owner("update studio.attempts set status_url = 'http://[::'")
    others_go_on(bad, type("Plain", (Troubled,), {"trouble": lambda self: asyncio.sleep(0)}))


def test_a_model_that_nobody_knows_stops_no_other(
    at_fal: Any, others_go_on: Any, as_owner: Any
) -> None:
    bad = at_fal(ENDLESS)
    as_owner("update studio.generations set model = 'long-gone'")
    others_go_on(bad)


def test_log_lines_that_the_record_refuses_do_not_hold_up_the_rest(
    services: Services, at_fal: Any, led: Any, seen: Any, tries: Tries
) -> None:
    bad, good = at_fal(), at_fal()

    class Binary(AsyncFalClient):
        async def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
            status = await super().status(request, with_logs=with_logs)
            if request.request_id == tries(bad)[0].request_id and isinstance(status, Done):
                return replace(status, logs=[{"message": "\x00"}])
            if request.request_id == tries(bad)[0].request_id:
                return Running([{"message": "\x00"}])
            return status

    with led(services, Binary):
        seen(good, "collecting")
        seen(bad, "collecting")
    assert tries(bad)[0].logs == []


def test_a_chore_that_fails_is_done_again(
    services: Services, at_fal: Any, led: Any, seen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Services] = []

    def broken_sweep(services: Services) -> None:
        failures.append(services)
        raise ValueError("a bug of ours")

    monkeypatch.setattr("jobs.watcher.sweep", broken_sweep)
    monkeypatch.setattr("jobs.watcher.AFTER_FAILURE_S", 0.3)
    monkeypatch.setattr("jobs.watcher.SWEEP_S", 0.01)
    generation_id = at_fal()
    with led(services) as thread:
        seen(generation_id, "collecting")
        eventually(lambda: len(failures) > 1)
        assert thread.is_alive()


def test_a_cancel_that_fal_does_not_take_does_not_hide_the_end(
    services: Services, at_fal: Any, led: Any, seen: Any, person: Person, simulator: Simulator
) -> None:
    class Deaf(FalClient):
        def cancel(self, request: RequestRef) -> CancelOutcome:
            raise FalUnavailable("fal is in trouble.")

    generation_id = at_fal()
    stop(services, person, generation_id)
    with Deaf(SIMULATOR_KEY, simulator.url) as fal, led(replace(services, fal=fal)):
        seen(generation_id, "collecting")


# Lost requests


class History(FalClient):
    """The client, with another history at fal."""

    found: list[FoundRequest]

    def find_requests(
        self,
        endpoint: str,
        since: datetime,
        marker_image_url: str,
        *,
        until: datetime | None = None,
    ) -> list[FoundRequest]:
        return self.found


def entry(request_id: str, simulator: Simulator) -> FoundRequest:
    url = f"{simulator.url}/fal-ai/bytedance/requests/{request_id}"
    ref = RequestRef(request_id, f"{url}/status", url, f"{url}/cancel")
    return FoundRequest(ref, None, None, None, None)


@pytest.mark.parametrize("matches", [0, 2])
def test_only_a_single_match_is_taken_for_a_lost_request(
    matches: int, services: Services, at_fal: Any, look: Look, simulator: Simulator
) -> None:
    generation_id = at_fal("[fault:drop_answer]")
    with History(SIMULATOR_KEY, simulator.url) as fal:
        fal.found = [entry(str(uuid4()), simulator) for _ in range(matches)]
        assert resolve_unknowns(replace(services, fal=fal)) == 0
    assert look(generation_id).status is GenerationStatus.UNKNOWN


def test_two_lost_requests_are_never_one(
    services: Services, at_fal: Any, look: Look, simulator: Simulator
) -> None:
    lost = [at_fal("[fault:drop_answer]") for _ in range(2)]
    with History(SIMULATOR_KEY, simulator.url) as fal:
        fal.found = [entry(str(uuid4()), simulator)]
        assert resolve_unknowns(replace(services, fal=fal)) == 1
    statuses = sorted(look(generation_id).status for generation_id in lost)
    assert statuses == ["unknown", "waiting"]
