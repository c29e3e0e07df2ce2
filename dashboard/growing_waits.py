"""Waits between wrong guesses that double with each, per key, in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 15 * 60.0
FORGOTTEN_AFTER_S = 2 * 3600.0
MOST_KEYS = 20_000


@dataclass
class _Tries:
    count: int = 0
    last_at: float = 0.0
    free_at: float = 0.0


class GrowingWaits:
    """`free` tries at once for a key, then a wait of 2 s, 4 s, 8 s … up to a quarter of an hour.

    A try counts when it begins, so that many at the same time get no further than one after
    another. When more than `MOST_KEYS` keys are known the ones seen longest ago are forgotten.
    Safe from many threads. `clock` gives seconds that never run backwards.
    """

    def __init__(self, free: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[Hashable, _Tries] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Count one try; 0 when it may go on, else the seconds until the next one may."""
        now = self._clock()
        with self._lock:
            tries = self._known(key, now)
            if now < tries.free_at:
                return tries.free_at - now
            tries.count, tries.last_at = tries.count + 1, now
            tries.free_at = now + self._wait_s(tries.count)
            return 0.0

    def give_back(self, key: Hashable) -> None:
        """Take back the last try of a key, and the wait that came of it: it was no guess."""
        with self._lock:
            tries = self._tries.get(key)
            if tries:
                tries.count, tries.free_at = max(0, tries.count - 1), 0.0

    def clear(self, key: Hashable) -> None:
        """Forget the tries of a key: it turned out to know."""
        with self._lock:
            self._tries.pop(key, None)

    def _wait_s(self, count: int) -> float:
        if count < self._free:
            return 0.0
        doublings = min(count - self._free, 30)
        return min(FIRST_WAIT_S * 2.0**doublings, LONGEST_WAIT_S)

    def _known(self, key: Hashable, now: float) -> _Tries:
        tries = self._tries.get(key)
        if tries is None or now - tries.last_at > FORGOTTEN_AFTER_S:
            tries = self._tries[key] = _Tries()
        self._tries.move_to_end(key)
        if len(self._tries) > MOST_KEYS:
            self._tries.popitem(last=False)
        return tries
