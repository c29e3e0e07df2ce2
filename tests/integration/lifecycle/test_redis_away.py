from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jobs.bells import Bells
from jobs.worker import wait_for_redis
from storage.embedded.valkey import EmbeddedValkey


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """A server that has an address and is down."""
    server = EmbeddedValkey(tmp_path / "data", tmp_path / "log")
    server.start()
    server.stop()
    yield server
    server.stop()


def test_a_worker_that_starts_while_redis_is_away_waits_for_it(stopped: EmbeddedValkey) -> None:
    bells = Bells(stopped.url)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for_redis, bells)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        stopped.start()
        waiting.result(30)
    bells.close()
