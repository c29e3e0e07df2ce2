"""Who leads, by a session-level advisory lock: it is free the moment its holder's connection ends.

The connection is its own, apart from the pool, and must not go through a transaction-mode pooler.
"""

from __future__ import annotations

import psycopg

from storage.errors import RecordUnavailable
from storage.postgres import CONNECT_TIMEOUT_S, mapped_errors
from storage.settings import Settings
from storage.sqlfiles import queries

_Q = queries("events")


class Leadership:
    """The right to be the one watcher that leads."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url
        self._connection: psycopg.Connection[tuple[bool]] | None = None

    def take(self) -> bool:
        """Try to lead; False while another does.

        Raises:
            RecordUnavailable: Postgres can't be reached.
        """
        self.give_up()
        if self._url is None:
            raise RecordUnavailable("No database is configured.")
        with mapped_errors():
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
        if self._connection is None:
            raise RecordUnavailable("The watcher does not lead.")
        with mapped_errors():
            self._connection.execute(_Q["still_here"].text)

    def give_up(self) -> None:
        """Let another lead. Safe to repeat."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
