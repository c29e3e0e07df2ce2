"""Who is signed in, answered from the record through a cache of two seconds.

One page opens dozens of requests at once, and every run and fragment asks again. The cache makes
that one question to the record; what it may cost is that a session revoked by another process
lives two seconds longer. A sign-out in this process empties the cache, so it counts at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from uuid import UUID

from storage.models import Session
from storage.postgres import Database, Transaction
from storage.records import sessions

CACHE_S = 2.0
MOST_CACHED = 10_000


class LiveSessions:
    """Finds live sessions by cookie or by id. Safe to use from many threads.

    `clock` gives seconds that never run backwards; tests hand in their own.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._cached: dict[Hashable, tuple[float, Session]] = {}
        self._emptied = 0

    def by_token(self, token: str) -> Session | None:
        """The live session behind a cookie's value; None when expired, revoked or unknown.

        Raises:
            RecordUnavailable: the record can't be asked.
        """
        return self._get(token, lambda tx: sessions.find(tx, token))

    def by_id(self, session_id: UUID) -> Session | None:
        """The live session with this id; None when expired, revoked or unknown.

        Raises:
            RecordUnavailable: the record can't be asked.
        """
        return self._get(session_id, lambda tx: sessions.find_by_id(tx, session_id))

    def forget(self) -> None:
        """Ask the record again for everybody; call it after a session was ended."""
        with self._lock:
            self._cached.clear()
            self._emptied += 1

    def _get(self, key: Hashable, find: Callable[[Transaction], Session | None]) -> Session | None:
        with self._lock:
            until, session = self._cached.get(key, (0.0, None))
            emptied = self._emptied
        if session is not None and self._clock() < until:
            return session
        with self._database.as_service() as tx:
            session = find(tx)
        self._keep(key, session, emptied)
        return session

    def _keep(self, key: Hashable, session: Session | None, emptied: int) -> None:
        with self._lock:
            # An answer from before a sign-out must not outlive it.
            if session is None or emptied != self._emptied:
                self._cached.pop(key, None)
                return
            if len(self._cached) >= MOST_CACHED:
                self._cached.clear()
            self._cached[key] = (self._clock() + CACHE_S, session)
