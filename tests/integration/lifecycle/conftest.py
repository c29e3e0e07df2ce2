"""Runs the steps of a generation's life without worker processes, with a real watcher."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from jobs.bootstrap import Services, fal_key
from jobs.collecting import collect_next
from jobs.fal.polling import AsyncFalClient
from jobs.rendering import render_next
from jobs.submitting import submit_next
from jobs.watcher import Watcher
from storage.models import FINAL_STATUSES, Generation, GenerationStatus
from storage.records import generations

WITHIN_S = 60.0


@pytest.fixture
def look(services: Services) -> Callable[[UUID], Generation]:
    """The generation as it is now."""

    def read(generation_id: UUID) -> Generation:
        with services.database.as_service() as tx:
            return generations.by_id(tx, generation_id)

    return read


@pytest.fixture
def until(services: Services, look: Callable[[UUID], Generation]) -> Callable[..., Generation]:
    """Works and watches until a generation has one of the statuses: `until(id, "waiting")`."""

    def run(generation_id: UUID, *statuses: str) -> Generation:
        wanted = {GenerationStatus(s) for s in statuses} or FINAL_STATUSES
        deadline = time.monotonic() + WITHIN_S
        with watching(services):
            while look(generation_id).status not in wanted:
                if time.monotonic() > deadline:
                    raise AssertionError(f"still {look(generation_id).status}, not {wanted}")
                if not (submit_next(services) or collect_next(services) or render_next(services)):
                    time.sleep(0.02)
        return look(generation_id)

    return run


@contextmanager
def watching(services: Services) -> Iterator[None]:
    """A watcher in a thread for the length of a `with` block."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def watch() -> None:
        settings = services.settings
        async with AsyncFalClient(fal_key(settings), settings.fal_base_url) as fal:
            await Watcher(services, fal, stop).run()

    thread = threading.Thread(target=lambda: loop.run_until_complete(watch()), daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()
