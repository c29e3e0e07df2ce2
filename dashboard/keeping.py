"""What was made once and is shown many times, for all sessions of this process.

Streamlit's own caches look at the signature and hash the arguments in each call, which takes longer
than much of what is kept here takes to find.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """At most `most` things by key; the one that was asked for longest ago goes first.

    The key tells all that a thing is made of, whose rows included. All callers share it: only read.
    Safe to use from many threads. One thing is made at a time, which is for what takes milliseconds
    and must not be made twenty times when twenty ask for it at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._making = threading.RLock()
        self._things: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of this key, made by `make` when it is not there."""
        found = self._find(key)
        if found:
            return found[0]
        with self._making:
            found = self._find(key) or [make()]
            self._keep(key, found[0])
        return found[0]

    def _find(self, key: Hashable) -> list[T]:
        """The thing alone; nothing when it is not there."""
        with self._lock:
            if key not in self._things:
                return []
            self._things.move_to_end(key)
            return [self._things[key]]

    def _keep(self, key: Hashable, thing: T) -> None:
        with self._lock:
            self._things[key] = thing
            self._things.move_to_end(key)
            while len(self._things) > self._most:
                self._things.popitem(last=False)

    def __len__(self) -> int:
        return len(self._things)
