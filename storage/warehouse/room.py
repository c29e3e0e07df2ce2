"""Room for questions: many share the memory of one engine, and one that it was too small for beside
the others gets all of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """Any number are in it together, or one alone. Safe to use from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._waiting_alone = 0
        self._alone = False

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody waits to be alone."""
        return self._waiting_alone > 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Be in it beside others; waits for whoever is alone or waits to be."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._alone or self._waiting_alone))
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be in it alone; waits until everybody has left."""
        with self._changed:
            self._waiting_alone += 1
            try:
                self._changed.wait_for(lambda: not (self._alone or self._inside))
            finally:
                self._waiting_alone -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
