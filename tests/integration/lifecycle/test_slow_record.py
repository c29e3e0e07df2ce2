"""A record that is slow to take what was seen: the watcher must not pile up more meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Thread
from typing import ClassVar
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from jobs.bootstrap import Services
from jobs.fal.messages import Done, FalStatus, RequestRef
from jobs.fal.polling import AsyncFalClient
from jobs.submitting import submit_next
from storage.models import Attempt

Submit = Callable[..., UUID]
Tries = Callable[[UUID], list[Attempt]]
ANSWERS = 6


class Counted(AsyncFalClient):
    """Counts the answers about each request, and those that say it has completed."""

    answers: ClassVar[Counter[str]] = Counter()
    ends: ClassVar[Counter[str]] = Counter()

    async def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
        status = await super().status(request, with_logs=with_logs)
        self.answers[request.request_id] += 1
        self.ends[request.request_id] += isinstance(status, Done)
        return status


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def request_of(tries: Tries, generation_id: UUID) -> str:
    return str(tries(generation_id)[-1].request_id)


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    Counted.answers.clear()
    Counted.ends.clear()


def test_an_end_that_waits_to_be_written_is_not_asked_for_again(
    services: Services,
    submit: Submit,
    tries: Tries,
    database_url: SecretStr,
    led: Callable[..., AbstractContextManager[Thread]],
) -> None:
    ending, endless = submit(), submit(prompt="A sneaker on a stand [fault:never_completes]")
    assert submit_next(services)
    assert submit_next(services)
    ended, running = request_of(tries, ending), request_of(tries, endless)
    with psycopg.connect(database_url.get_secret_value()) as lock:
        lock.execute("select from studio.generations where id = %s for update", [ending])
        with led(services, client=Counted):
            eventually(lambda: Counted.ends[ended] > 0)
            so_far = Counted.answers[running]
            eventually(lambda: Counted.answers[running] >= so_far + ANSWERS)
            lock.rollback()
    assert Counted.ends[ended] == 1
