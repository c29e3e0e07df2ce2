"""A stop at every status, twice and from two sessions at once: one end, and the books right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from jobs.admission import stop
from jobs.bootstrap import SIMULATOR_KEY, Services
from jobs.errors import IllegalTransition
from jobs.fal.client import FalClient
from jobs.fal.messages import Accepted
from jobs.fal.simulator.process import Simulator
from jobs.submitting import submit_next
from storage.models import Generation, GenerationStatus, Person, Role

Submit = Callable[..., UUID]
Until = Callable[..., Generation]
Act = Callable[[UUID], None]
S = GenerationStatus

TOO_LATE = "too late"
ENDLESS = "[fault:never_completes]"


class Stopped(NamedTuple):
    """What every session is told, how the generation ends, and whether that is charged."""

    told: str
    end: GenerationStatus
    charged: bool


STOPS = {
    S.AWAITING_APPROVAL: Stopped(S.CANCELED, S.CANCELED, charged=False),
    S.QUEUED: Stopped(S.CANCELED, S.CANCELED, charged=False),
    S.SUBMITTING: Stopped(S.CANCELING, S.CANCELED, charged=False),
    S.UNKNOWN: Stopped(S.CANCELING, S.COMPLETED, charged=True),
    S.WAITING: Stopped(S.CANCELING, S.CANCELED, charged=False),
    S.RUNNING: Stopped(S.CANCELING, S.CANCELED, charged=False),
    S.CANCELING: Stopped(S.CANCELING, S.CANCELED, charged=False),
    S.COLLECTING: Stopped(TOO_LATE, S.COMPLETED, charged=True),
    S.COMPLETED: Stopped(TOO_LATE, S.COMPLETED, charged=True),
    S.FAILED: Stopped(TOO_LATE, S.FAILED, charged=False),
    S.CANCELED: Stopped(S.CANCELED, S.CANCELED, charged=False),
}
WORDS = {S.UNKNOWN: "[fault:drop_answer]", S.FAILED: "[fault:refuse_prompt]"}
WORDS |= dict.fromkeys((S.SUBMITTING, S.WAITING, S.RUNNING, S.CANCELING), ENDLESS)


class DuringThePost(FalClient):
    """The client, with something that happens while a submit is on its way."""

    act: Callable[[], None]

    def submit(self, endpoint: str, arguments: Mapping[str, Any], **more: Any) -> Accepted:
        self.act()
        return super().submit(endpoint, arguments, **more)


@pytest.fixture
def during_the_post(simulator: Simulator) -> Iterator[DuringThePost]:
    with DuringThePost(SIMULATOR_KEY, simulator.url) as fal:
        yield fal


@pytest.fixture
def at(
    services: Services,
    person: Person,
    submit: Submit,
    watch: Until,
    until: Until,
    during_the_post: DuringThePost,
    as_owner: Any,
) -> Callable[[GenerationStatus, Act], UUID]:
    """Does something with a generation at the moment at which it has a status."""

    def put(generation_id: UUID) -> None:
        """Nothing asks for approval yet."""
        for table, column in (("generations", "status"), ("generation_history", "to_status")):
            as_owner(f"update studio.{table} set {column} = 'awaiting_approval'", triggers=False)

    ways: dict[GenerationStatus, Callable[[UUID], object]] = {
        S.AWAITING_APPROVAL: put,
        S.QUEUED: lambda _: None,
        S.UNKNOWN: lambda _: submit_next(services),
        S.WAITING: lambda _: submit_next(services),
        S.RUNNING: lambda made: watch(made, "running"),
        S.COLLECTING: lambda made: watch(made, "collecting"),
        S.COMPLETED: lambda made: until(made, "completed"),
        S.FAILED: lambda made: until(made, "failed"),
        S.CANCELING: lambda made: (submit_next(services), stop(services, person, made)),
        S.CANCELED: lambda made: stop(services, person, made),
    }

    def run(status: GenerationStatus, act: Act) -> UUID:
        generation_id = submit(prompt=f"A sneaker on a stand {WORDS.get(status, '')}")
        if status is S.SUBMITTING:
            during_the_post.act = lambda: act(generation_id)
            submit_next(replace(services, fal=during_the_post))
            return generation_id
        ways[status](generation_id)
        act(generation_id)
        return generation_id

    return run


def answer(services: Services, who: Person, generation_id: UUID) -> str:
    try:
        return stop(services, who, generation_id)
    except IllegalTransition:
        return TOO_LATE


def test_every_status_has_a_line_in_the_table() -> None:
    assert set(STOPS) == set(GenerationStatus)


@pytest.mark.parametrize("status", list(STOPS))
def test_a_stop_ends_in_one_state_with_the_books_right(
    status: GenerationStatus,
    services: Services,
    person: Person,
    add_person: Callable[..., Person],
    at: Callable[[GenerationStatus, Act], UUID],
    look: Callable[[UUID], Generation],
    until: Until,
    found_at_fal: Callable[[int], None],
    money: Any,
    posts: Callable[[UUID], int],
    broken: Callable[[], list[str]],
    as_owner: Any,
) -> None:
    boss = add_person("Mia", role=Role.MANAGER)
    # Without a client for fal: the answer needs nothing but the record.
    alone = replace(services, fal=None)  # type: ignore[arg-type]
    told: set[str] = set()

    def stop_thrice(generation_id: UUID) -> None:
        assert look(generation_id).status is status
        with ThreadPoolExecutor(2) as two:
            told.update(two.map(lambda who: answer(alone, who, generation_id), (person, boss)))
        told.add(answer(alone, person, generation_id))

    generation_id = at(status, stop_thrice)
    if status is S.UNKNOWN:
        found_at_fal(1)
    expected = STOPS[status]
    assert told == {expected.told}
    assert until(generation_id).status is expected.end
    assert money(generation_id).hold is None
    assert (money(generation_id).charge is not None) is expected.charged
    assert posts(generation_id) <= 1
    events = as_owner("select count(*) from studio.events where kind = 'canceled'")[0][0]
    assert events == (0 if expected.told == TOO_LATE else 1)
    assert broken() == []
