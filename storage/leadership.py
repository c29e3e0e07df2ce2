"""Who leads, by a session-level advisory lock: it is free the moment its holder's connection ends.

The connection is its own, apart from the pool, and must not go through a transaction-mode pooler.
"""

from __future__ import annotations

import threading

import psycopg

from storage.errors import RecordUnavailable
from storage.postgres import CONNECT_TIMEOUT_S, mapped_errors
from storage.settings import Settings
from storage.sqlfiles import queries

_Q = queries("events")


class Leadership:
    """The right to be the one watcher that leads. Safe to use from many threads: a connection that
    is closed under a statement can leave it waiting for ever, so one thing is done at a time."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url
        self._connection: psycopg.Connection[tuple[bool]] | None = None
        self._turn = threading.Lock()

    def take(self) -> bool:
        """Try to lead; False while another does.

        Raises:
            RecordUnavailable: Postgres can't be reached.
        """
        if self._url is None:
            raise RecordUnavailable("No database is configured.")
        with self._turn, mapped_errors():
            self._close()
            self._connection = psycopg.connect(
                self._url.get_secret_value(),
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name="studio-watcher",
            )
            row = self._connection.execute(_Q["lead"].text).fetchone()
        return bool(row and row[0])

    def check(self) -> None:
        """Make sure that we still lead.

        Raises:
            RecordUnavailable: the connection, and with it the lock, is lost.
        """
        with self._turn, mapped_errors():
            if self._connection is None:
                raise RecordUnavailable("The watcher does not lead.")
            self._connection.execute(_Q["still_here"].text)

    def give_up(self) -> None:
        """Let another lead, when what is under way is done. Safe to repeat."""
        with self._turn:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
