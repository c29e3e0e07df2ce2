"""Whose turn it is to sync: one session-level advisory lock for all processes and machines.

It is free the moment its holder gives it back or its connection ends. The connection is its own,
apart from the pool, and must not go through a transaction-mode pooler.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

import psycopg
from pydantic import SecretStr

from storage.errors import StudioError, WarehouseBusy
from storage.postgres import CONNECT_TIMEOUT_S, mapped_errors
from storage.sqlfiles import queries

_Q = queries("warehouse")
ASK_AGAIN_S = 0.1


class Turn:
    """A connection to hold the lock over, which stays open between turns."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        self._kept: psycopg.Connection[tuple[bool]] | None = None

    @contextmanager
    def own(self, *, wait_s: float = 0.0) -> Iterator[Callable[[], None]]:
        """Hold the lock for a `with` block; yields a check that raises when it is lost.

        `wait_s`: how long to wait for another to be done.

        Raises:
            WarehouseBusy: another holds it.
            RecordUnavailable: Postgres can't be reached; from the check: the lock is lost.
        """
        connection = self._connected()
        _take(connection, time.monotonic() + wait_s)
        try:
            yield partial(_check, connection)
        except BaseException:
            self.close()
            raise
        self._give_back(connection)

    def close(self) -> None:
        """Give the lock back, if it is held, and hang up. Safe to repeat."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _connected(self) -> psycopg.Connection[tuple[bool]]:
        """One that was cut since the last turn is opened anew."""
        if self._kept is not None:
            try:
                _check(self._kept)
            except StudioError:
                self.close()
        if self._kept is None:
            with mapped_errors():
                self._kept = psycopg.connect(
                    self._url.get_secret_value(),
                    autocommit=True,
                    connect_timeout=CONNECT_TIMEOUT_S,
                    application_name="studio-warehouse",
                )
        return self._kept

    def _give_back(self, connection: psycopg.Connection[tuple[bool]]) -> None:
        try:
            _ask(connection, "unlock")
        except StudioError:
            # Then its connection has ended, and the lock with it.
            self.close()


@contextmanager
def own_turn(url: SecretStr, *, wait_s: float = 0.0) -> Iterator[Callable[[], None]]:
    """Hold the lock for a `with` block over a connection of its own; see `Turn.own`.

    Raises:
        WarehouseBusy: another holds it.
        RecordUnavailable: Postgres can't be reached; from the check: the lock is lost.
    """
    with closing(Turn(url)) as turn, turn.own(wait_s=wait_s) as still_mine:
        yield still_mine


def _take(connection: psycopg.Connection[tuple[bool]], deadline: float) -> None:
    while not _ask(connection, "lock"):
        if time.monotonic() >= deadline:
            raise WarehouseBusy(
                "Another process brings the warehouse up to date at this moment.",
                todo="Try again when it is done.",
            )
        time.sleep(ASK_AGAIN_S)


def _check(connection: psycopg.Connection[tuple[bool]]) -> None:
    _ask(connection, "still_here")


def _ask(connection: psycopg.Connection[tuple[bool]], query: str) -> bool:
    with mapped_errors():
        row = connection.execute(_Q[query].text).fetchone()
    return row is not None and row[0]
