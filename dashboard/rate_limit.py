"""Limits how often something may be tried, per key, in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

MOST_KEYS = 20_000


class SlidingWindow:
    """At most `limit` tries for a key within any `window_s` seconds. Safe from many threads.

    When more than `MOST_KEYS` keys are known the ones seen longest ago are forgotten, so that
    made-up keys can't fill the memory. `clock` gives seconds that never run backwards.
    """

    def __init__(
        self, limit: int, window_s: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Count one try; 0 when it may go on, else the seconds until the next one may."""
        now = self._clock()
        with self._lock:
            tries = self._recent(key, now)
            if len(tries) >= self._limit:
                return tries[0] + self._window_s - now
            tries.append(now)
            return 0.0

    def clear(self, key: Hashable) -> None:
        """Forget the tries of a key: it turned out to be who it says."""
        with self._lock:
            self._tries.pop(key, None)

    def give_back(self, key: Hashable) -> None:
        """Take back the last try of a key: it was no guess."""
        with self._lock:
            tries = self._tries.get(key)
            if tries:
                tries.pop()

    def _recent(self, key: Hashable, now: float) -> deque[float]:
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while tries and tries[0] <= now - self._window_s:
            tries.popleft()
        if len(self._tries) > MOST_KEYS:
            self._tries.popitem(last=False)
        return tries
