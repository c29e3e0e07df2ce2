"""Runs the steps of a generation's life without worker processes, with a real watcher."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import structlog

from jobs.bootstrap import Services
from jobs.collecting import collect_next
from jobs.fal.messages import RequestRef
from jobs.fal.simulator.process import Simulator
from jobs.recovery import resolve_unknowns
from jobs.rendering import render_next
from jobs.submitting import submit_next
from storage.models import FINAL_STATUSES, Attempt, Charge, Generation, GenerationStatus
from storage.records import attempts, books, generations, ledger
from storage.records.ledger import Hold
from tests.watching import watching

WITHIN_S = 60.0


@dataclass(frozen=True)
class Money:
    """The money of one generation."""

    hold: Hold | None
    charge: Charge | None


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> Iterator[None]:
    """Tracebacks in the log without colours and frames, whose drawing takes half a second each."""
    usual = structlog.get_config()
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*usual["processors"][:-1], renderer])
    yield
    structlog.configure(**usual)


@pytest.fixture
def look(services: Services) -> Callable[[UUID], Generation]:
    """The generation as it is now."""

    def read(generation_id: UUID) -> Generation:
        with services.database.as_service() as tx:
            return generations.by_id(tx, generation_id)

    return read


@pytest.fixture
def tries(services: Services) -> Callable[[UUID], list[Attempt]]:
    """Every attempt of a generation, first to last."""

    def read(generation_id: UUID) -> list[Attempt]:
        with services.database.as_service() as tx:
            return attempts.of_generation(tx, generation_id)

    return read


@pytest.fixture
def money(services: Services) -> Callable[[UUID], Money]:
    """The open hold and the charge of a generation."""

    def read(generation_id: UUID) -> Money:
        with services.database.as_service() as tx:
            hold = ledger.open_hold_of(tx, generation_id)
            return Money(hold, ledger.charge_of(tx, generation_id))

    return read


@pytest.fixture
def posts(simulator: Simulator) -> Callable[[UUID], int]:
    """How many submits of a generation have reached fal."""

    def count(generation_id: UUID) -> int:
        seen = simulator.counts()["by_marker"].get(f"tag:generation={generation_id}", {})
        return int(seen.get("posted", 0))

    return count


@pytest.fixture
def broken(services: Services) -> Callable[[], list[str]]:
    """What is wrong with the books; empty when every invariant holds."""

    def check() -> list[str]:
        with services.database.as_service() as tx:
            found = books.broken_invariants(tx)
        return [f"{b.name}: {row['problem']}" for b in found if not b.warning for row in b.rows]

    return check


@pytest.fixture
def hurry(as_owner: Callable[..., list[Any]]) -> Callable[[], None]:
    """Lets every wait be over: of generations, of renders, and of the locked account."""

    def run() -> None:
        as_owner("""
            update studio.generations set not_before = null where not_before > now();
            update studio.videos set render_not_before = null where render_not_before > now();
            update studio.provider_state set next_probe_at = now() where next_probe_at > now()
        """)

    return run


@pytest.fixture
def expire(as_owner: Callable[..., list[Any]]) -> Callable[[UUID], None]:
    """Lets the leases on a generation and its video run out, as when their worker has died."""

    def run(generation_id: UUID) -> None:
        over = "now() - interval '1 second'"
        as_owner(
            f"update studio.generations set lease_until = {over}"
            " where id = %s and lease_token is not null",
            generation_id,
        )
        as_owner(
            f"update studio.videos set render_lease_until = {over}"
            " where id = %s and render_lease_token is not null",
            generation_id,
        )

    return run


@pytest.fixture
def until(
    services: Services, look: Callable[[UUID], Generation], hurry: Callable[[], None]
) -> Callable[..., Generation]:
    """Works and watches until a generation has one of the statuses: `until(id, "waiting")`.

    With `hurried` no wait between tries is sat out.
    """

    def run(generation_id: UUID, *statuses: str, hurried: bool = False) -> Generation:
        wanted = {GenerationStatus(s) for s in statuses} or FINAL_STATUSES
        deadline = time.monotonic() + WITHIN_S
        with watching(services):
            while look(generation_id).status not in wanted:
                if time.monotonic() > deadline:
                    raise AssertionError(f"still {look(generation_id).status}, not {wanted}")
                if not (submit_next(services) or collect_next(services) or render_next(services)):
                    time.sleep(0.1 if hurried else 0.02)
                    if hurried:
                        hurry()
        return look(generation_id)

    return run


@pytest.fixture
def watch(services: Services, look: Callable[[UUID], Generation]) -> Callable[..., Generation]:
    """Submits and watches, but collects nothing, until a generation has one of the statuses."""

    def run(generation_id: UUID, *statuses: str) -> Generation:
        deadline = time.monotonic() + WITHIN_S
        while submit_next(services):
            continue
        with watching(services):
            while look(generation_id).status not in statuses:
                if time.monotonic() > deadline:
                    raise AssertionError(f"still {look(generation_id).status}, not {statuses}")
                time.sleep(0.02)
        return look(generation_id)

    return run


@pytest.fixture
def found_at_fal(services: Services) -> Callable[[int], None]:
    """Looks in fal's history until so many lost requests were found there."""

    def run(count: int) -> None:
        deadline = time.monotonic() + WITHIN_S
        while (count := count - resolve_unknowns(services)) > 0:
            assert time.monotonic() < deadline, f"{count} are not in fal's history"
            time.sleep(0.05)

    return run


@pytest.fixture
def led() -> Callable[..., AbstractContextManager[threading.Thread]]:
    """A watcher in a thread: `with led(services, client=OtherClient) as thread:`."""
    return watching


@pytest.fixture(autouse=True)
def no_endless_runs(services: Services, as_owner: Callable[..., list[Any]]) -> Iterator[None]:
    """Gives back the simulator's places that a test's endless requests hold."""
    yield
    endless = as_owner(
        "select request_id, status_url, response_url, cancel_url from studio.attempts"
        " where arguments ->> 'prompt' like '%%never_completes%%' and starts_with(status_url, %s)",
        services.settings.fal_base_url,
    )
    for addresses in endless:
        services.fal.cancel(RequestRef(*addresses))
