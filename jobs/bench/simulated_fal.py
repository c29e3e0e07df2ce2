"""The simulator for a benchmark: its videos are ready, so that nobody waits for their making."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.bench.plain_client import PlainClient
from jobs.fal.simulator.process import Simulator, running_simulator

_RENDERS = "renders"
_AT_ONCE_S = 0.05


@contextmanager
def simulated_fal(
    folder: Path, *, seconds: float, in_flight: int, video_s: int
) -> Iterator[Simulator]:
    """A simulator that makes a video of `video_s` seconds in `seconds`, `in_flight` at once.

    Raises:
        ServiceStartFailed: it did not come up.
    """
    first, lasting = folder / "first", folder / "lasting"
    # All videos of one length are one file, which the first to be asked for waits to be made.
    with running_simulator(first, seconds=_AT_ONCE_S, render="copy") as simulator:
        PlainClient(simulator.url, video_s, first).subscribe()
    shutil.copytree(first / _RENDERS, lasting / _RENDERS)
    with running_simulator(
        lasting, seconds=seconds, concurrency=in_flight, render="copy"
    ) as simulator:
        yield simulator
