"""Who runs when: first come first served, at most so many requests in progress at once.

Nothing here waits. `advance` works out from time stamps what has happened up to now, so two
thousand requests in flight cost nothing while nobody looks at them.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True)
class Waiting:
    """A request in the queue. Times are seconds since 1970."""

    seq: int
    ready_at: float
    """The earliest moment at which it may start."""
    run_s: float | None
    """How long it runs; None: until it is cancelled."""
    start_deadline: float | None
    """It is given up when it has not started by then; None: it waits without limit."""


@dataclass(frozen=True)
class Started:
    """Request `seq` started `at` and ends at `until` (None: not by itself)."""

    seq: int
    at: float
    until: float | None


@dataclass(frozen=True)
class GivenUp:
    """Request `seq` had not started when its deadline passed, `at` that moment."""

    seq: int
    at: float


class Schedule:
    """The queue of one account and its places at the machines."""

    def __init__(self, concurrency: int, busy_until: list[float], waiting: list[Waiting]) -> None:
        """`busy_until` are the ends of the requests in progress, `waiting` is in order of `seq`."""
        busy = heapq.nlargest(concurrency, busy_until)
        self._free_at = busy + [0.0] * (concurrency - len(busy))
        heapq.heapify(self._free_at)
        self._waiting = waiting
        self._first_deadline = _first_deadline(waiting)

    def add(self, request: Waiting) -> None:
        """Put a request at the end of the queue."""
        self._waiting.append(request)
        self._first_deadline = min(self._first_deadline, _first_deadline([request]))

    def position(self, seq: int) -> int:
        """How many requests are before `seq` in the queue."""
        return bisect_left(self._waiting, seq, key=lambda request: request.seq)

    def remove(self, seq: int) -> None:
        """Take `seq` out of the queue."""
        self._waiting.pop(self.position(seq))

    def release(self, until: float | None, now: float) -> None:
        """Free the place of a request in progress that would have ended at `until`."""
        self._free_at.remove(math.inf if until is None else until)
        heapq.heappush(self._free_at, now)

    def advance(self, now: float) -> list[Started | GivenUp]:
        """Everything that has happened up to `now` and was not reported before."""
        changes: list[Started | GivenUp] = []
        while self._waiting and (change := self._change_of_head()).at <= now:
            self._waiting.pop(0)
            if isinstance(change, Started):
                heapq.heapreplace(self._free_at, math.inf if change.until is None else change.until)
            changes.append(change)
        return changes + self._give_up(now)

    def _change_of_head(self) -> Started | GivenUp:
        head = self._waiting[0]
        start = max(head.ready_at, self._free_at[0])
        if head.start_deadline is not None and head.start_deadline < start:
            return GivenUp(head.seq, head.start_deadline)
        return Started(head.seq, start, None if head.run_s is None else start + head.run_s)

    def _give_up(self, now: float) -> list[Started | GivenUp]:
        """The requests behind the head whose deadline has passed."""
        if now < self._first_deadline:
            return []
        late = [r for r in self._waiting if r.start_deadline and r.start_deadline <= now]
        self._waiting = [r for r in self._waiting if r not in late]
        self._first_deadline = _first_deadline(self._waiting)
        return [GivenUp(r.seq, r.start_deadline or now) for r in late]


def _first_deadline(waiting: list[Waiting]) -> float:
    return min((r.start_deadline for r in waiting if r.start_deadline), default=math.inf)
