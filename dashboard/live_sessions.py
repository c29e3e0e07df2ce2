"""Who is signed in, answered from the record through a cache of two seconds.

One page opens dozens of requests at once, and every run and fragment asks again. The cache makes
that one question to the record; what it may cost is that a session revoked by another process
lives two seconds longer. A sign-out in this process empties the cache, so it counts at once.

While the record is away, whoever was let in shortly before stays in: figures come from the lake,
which does not need it, and everything else says so by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from datetime import UTC, datetime
from uuid import UUID

from storage.errors import RecordUnavailable
from storage.models import Session
from storage.postgres import Database, Transaction
from storage.records import sessions

CACHE_S = 2.0
GRACE_S = 300.0
"""So long after the last answer of the record a session counts while the record is away."""
PATIENCE_S = 8.0
"""A record that takes longer is away: one that is frozen never says so itself."""
REST_S = 15.0
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
        self._looking = False

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
        if session is None or self._clock() > until + GRACE_S or _is_over(session):
            return self._asked(key, find, emptied)
        if self._clock() < until:
            return session
        if self._database.rests:
            self._look_out()
            return session
        try:
            return _in_time(lambda: self._asked(key, find, emptied))
        except (RecordUnavailable, TimeoutError):
            self._database.rest(REST_S)
            return session

    def _asked(
        self, key: Hashable, find: Callable[[Transaction], Session | None], emptied: int
    ) -> Session | None:
        with self._database.as_service() as tx:
            session = find(tx)
        self._keep(key, session, emptied)
        return session

    def _look_out(self) -> None:
        """See in the background whether the record is back, one look at a time."""
        with self._lock:
            if self._looking:
                return
            self._looking = True
        threading.Thread(target=self._look, name="record", daemon=True).start()

    def _look(self) -> None:
        try:
            if not self._database.wake():
                self._database.rest(REST_S)
        finally:
            self._looking = False

    def _keep(self, key: Hashable, session: Session | None, emptied: int) -> None:
        with self._lock:
            # An answer from before a sign-out must not outlive it.
            if session is None or emptied != self._emptied:
                self._cached.pop(key, None)
                return
            if len(self._cached) >= MOST_CACHED:
                self._cached.clear()
            self._cached[key] = (self._clock() + CACHE_S, session)


def _is_over(session: Session) -> bool:
    return session.expires_at <= datetime.now(UTC)


def _in_time(ask: Callable[[], Session | None]) -> Session | None:
    """What `ask` answers.

    Raises:
        TimeoutError: it takes too long; it goes on, and its answer is kept.
    """
    answer: Future[Session | None] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as exc:  # noqa: BLE001  (the edge of the thread: its caller raises it)
            answer.set_exception(exc)

    threading.Thread(target=run, name="session", daemon=True).start()
    return answer.result(PATIENCE_S)
