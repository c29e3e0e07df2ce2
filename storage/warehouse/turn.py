"""Whose turn it is to sync: one session-level advisory lock for all processes and machines.

It is free the moment its holder's connection ends. The connection is its own, apart from the pool,
and must not go through a transaction-mode pooler.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from pydantic import SecretStr

from storage.errors import WarehouseBusy
from storage.postgres import CONNECT_TIMEOUT_S, mapped_errors
from storage.sqlfiles import queries

_Q = queries("warehouse")
ASK_AGAIN_S = 0.1


@contextmanager
def own_turn(url: SecretStr, *, wait_s: float = 0.0) -> Iterator[Callable[[], None]]:
    """Hold the lock for a `with` block; yields a check that raises when it is lost.

    `wait_s`: how long to wait for another to be done.

    Raises:
        WarehouseBusy: another holds it.
        RecordUnavailable: Postgres can't be reached; from the check: the lock is lost.
    """
    with mapped_errors():
        connection = psycopg.connect(
            url.get_secret_value(),
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="studio-warehouse",
        )
    try:
        _take(connection, time.monotonic() + wait_s)
        yield lambda: _check(connection)
    finally:
        connection.close()


def _take(connection: psycopg.Connection[tuple[bool]], deadline: float) -> None:
    while True:
        with mapped_errors():
            row = connection.execute(_Q["lock"].text).fetchone()
        if row and row[0]:
            return
        if time.monotonic() >= deadline:
            raise WarehouseBusy(
                "Another process brings the warehouse up to date at this moment.",
                todo="Try again when it is done.",
            )
        time.sleep(ASK_AGAIN_S)


def _check(connection: psycopg.Connection[tuple[bool]]) -> None:
    with mapped_errors():
        connection.execute(_Q["still_here"].text)
