"""A watcher that works in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.bootstrap import Services, fal_key
from jobs.fal.polling import AsyncFalClient
from jobs.pace import UsualTimes
from jobs.warehouse_process import WarehouseUpkeep
from jobs.watcher import Watcher

ENDS_WITHIN_S = 60.0


class AsQuickAsTheSimulator(UsualTimes):
    """What the watcher would have learned after a while."""

    def of(self, model: str, duration_s: int, prior_s: float) -> float:
        return 0.2


@contextmanager
def watching(
    services: Services,
    client: type[AsyncFalClient] = AsyncFalClient,
    *,
    warehouse: WarehouseUpkeep | None = None,
) -> Iterator[threading.Thread]:
    """A watcher for the length of a `with` block. All it has begun is over after it: what still
    worked would open connections of the services anew when they are closed."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def watch() -> None:
        settings = services.settings
        async with client(fal_key(settings), settings.fal_base_url) as fal:
            await Watcher(services, fal, stop, warehouse, usual=AsQuickAsTheSimulator()).run()

    def work() -> None:
        try:
            loop.run_until_complete(watch())
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(ENDS_WITHIN_S)
        assert not thread.is_alive()
        loop.close()
