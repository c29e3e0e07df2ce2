"""What was made once and is shown many times, for all sessions of this process.

Streamlit's own caches look at the signature and hash the arguments in each call, which takes longer
than much of what is kept here takes to find.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
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

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._things.clear()

    def __len__(self) -> int:
        return len(self._things)


@dataclass
class _Answer(Generic[T]):
    """What was read last; `until` is zero before that."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    value: list[T] = field(default_factory=list)


class KeptBriefly(Generic[P, T]):
    """A function that reads, asked once in so many seconds for the same arguments.

    All callers share the answer: only read. An error is not kept. Those who ask for the same at the
    same time wait for one reading, others are not held up. `clock` gives seconds that never run
    backwards; tests hand in their own.
    """

    def __init__(
        self,
        read: Callable[P, T],
        *,
        seconds: float,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._answers = Kept[_Answer[T]](most)
        update_wrapper(self, read)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer, at most so many seconds old."""
        answer = self._answers.get((args, *sorted(kwargs.items())), _Answer)
        with answer.lock:
            if self._clock() >= answer.until:
                answer.value = [self._read(*args, **kwargs)]
                answer.until = self._clock() + self._seconds
            return answer.value[0]

    def clear(self) -> None:
        """Read anew from now on."""
        self._answers.clear()


def kept_for(seconds: float, *, most: int) -> Callable[[Callable[P, T]], KeptBriefly[P, T]]:
    """Keep answers of a function for a while, those of `most` different arguments."""

    def decorate(read: Callable[P, T]) -> KeptBriefly[P, T]:
        return KeptBriefly(read, seconds=seconds, most=most)

    return decorate
