"""Looks at the studio's processes at regular times while a load runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from jobs.bench.figures import Requests, in_flight_at, peak_in_flight, ratio
from jobs.bench.studio import BenchStudio

EVERY_S = 1.0
FULL = 0.9
"""From this part of the peak on, a moment counts as fully in flight."""


@dataclass(frozen=True)
class Sample:
    """What the processes had used at a moment (seconds since 1970)."""

    at: float
    cpu_s: dict[str, float]
    memory_mb: float


@contextmanager
def sampling(studio: BenchStudio) -> Iterator[list[Sample]]:
    """Samples at the beginning, every second, and at the end of the block."""
    samples, stop = [_sample(studio)], threading.Event()

    def watch() -> None:
        while not stop.wait(EVERY_S):
            samples.append(_sample(studio))

    thread = threading.Thread(target=watch, daemon=True, name="sampling")
    thread.start()
    try:
        yield samples
    finally:
        stop.set()
        thread.join()
        samples.append(_sample(studio))


def _sample(studio: BenchStudio) -> Sample:
    return Sample(time.time(), studio.cpu_by_part(), studio.memory_mb())


def used_cpu_s(samples: list[Sample]) -> dict[str, float]:
    """CPU seconds of each part between the first and the last sample."""
    first, last = samples[0].cpu_s, samples[-1].cpu_s
    return {part: last[part] - first[part] for part in last}


def cores_at_full_flight(samples: list[Sample], requests: Requests, part: str) -> float | None:
    """Cores that a part used while all were in flight."""
    pairs = list(pairwise(samples))
    steps = [
        (after.at - before.at, after.cpu_s[part] - before.cpu_s[part])
        for before, after in [pair for pair in pairs if _is_full(pair, requests)] or pairs
    ]
    return ratio(sum(cpu_s for _, cpu_s in steps), sum(wall_s for wall_s, _ in steps))


def most_memory_mb(samples: list[Sample]) -> float:
    """The most that workers and watcher had at once."""
    return max(sample.memory_mb for sample in samples)


def _is_full(pair: tuple[Sample, Sample], requests: Requests) -> bool:
    least = FULL * peak_in_flight(requests)
    return all(in_flight_at(requests, sample.at) >= least for sample in pair)
