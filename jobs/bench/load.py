"""Puts generations into a studio as people would: spread over time, so many at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import UUID

from jobs.admission import admit
from jobs.bench import record
from jobs.bench.request import draft, sample_image
from jobs.bench.studio import BenchStudio
from jobs.requests import RequestDraft

RAMP = 0.7
"""Part of fal's time over which the first are admitted: the quickest needs 0.8 of it, so for a
moment all of them are in flight at once."""
_LOOK_EVERY_S = 0.25
"""Seldom: the looking itself is work for the servers that are measured."""


@dataclass(frozen=True)
class Load:
    """How many to admit, and how fast."""

    generations: int
    in_flight: int
    seconds: float
    """What fal takes for each."""
    video_s: int
    """Length of each."""
    patience_s: float
    """How long to wait for the last after it was admitted."""

    @property
    def pause_s(self) -> float:
        """Seconds between two admissions."""
        return self.seconds * RAMP / self.in_flight


@dataclass
class Admitted:
    """What was admitted."""

    began: dict[UUID, float] = field(default_factory=dict)
    """When each was asked for, in seconds since 1970."""
    cpu_s: float = 0.0
    """CPU that asking used in this process."""


def put_through(studio: BenchStudio, load: Load) -> Admitted:
    """Admit everything and wait until all of it has ended, or until patience is at an end."""
    admitted, asked = Admitted(), draft(sample_image(), load.video_s)
    next_at = time.monotonic()
    for so_far in range(load.generations):
        time.sleep(max(0.0, next_at - time.monotonic()))
        if so_far >= load.in_flight and not _fewer_than(studio, load.in_flight, load.patience_s):
            break
        _admit(studio, asked, admitted)
        next_at += load.pause_s
    _fewer_than(studio, 1, load.patience_s)
    return admitted


def _fewer_than(studio: BenchStudio, most: int, within_s: float) -> bool:
    """Wait until fewer are on their way; False when that took too long."""
    deadline = time.monotonic() + within_s
    while record.unfinished(studio.services.database) >= most:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _admit(studio: BenchStudio, asked: RequestDraft, admitted: Admitted) -> None:
    began, cpu_began = time.time(), time.thread_time()
    generation_id = admit(studio.services, studio.person, asked)
    admitted.began[generation_id] = began
    admitted.cpu_s += time.thread_time() - cpu_began
