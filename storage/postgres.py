"""The record's one door: a pool of connections and transactions that act as somebody.

Every transaction runs under a role of row-level security: `authenticated` with the person's id as
claim, or `service_role` for workers (Supabase docs, Row Level Security). Role and claims are set
with `set_config(..., true)`, which ends with the transaction and so never leaks through a
connection pooler; prepared statements are off for the same reason.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout
from pydantic import SecretStr

from storage.errors import (
    RecordConflict,
    RecordError,
    RecordForbidden,
    RecordNotFound,
    RecordUnavailable,
)
from storage.sqlfiles import Query, queries

CONNECT_TIMEOUT_S = 5
CHECKOUT_TIMEOUT_S = 10.0


class Transaction:
    """Runs named queries inside one transaction."""

    def __init__(self, connection: Connection[DictRow]) -> None:
        self._connection = connection

    def all(self, query: Query, **parameters: Any) -> list[DictRow]:  # noqa: ANN401
        """Every row of the answer."""
        with mapped_errors():
            return self._connection.execute(query.text, parameters).fetchall()

    def one_or_none(self, query: Query, **parameters: Any) -> DictRow | None:  # noqa: ANN401
        """The first row of the answer, None when there is none."""
        with mapped_errors():
            return self._connection.execute(query.text, parameters).fetchone()

    def one(self, query: Query, **parameters: Any) -> DictRow:  # noqa: ANN401
        """The first row of the answer.

        Raises:
            RecordNotFound: there is none.
        """
        row = self.one_or_none(query, **parameters)
        if row is None:
            raise RecordNotFound("There is nothing here under this address.")
        return row

    def run(self, query: Query, **parameters: Any) -> int:  # noqa: ANN401
        """Run a statement for its effect; the number of rows it touched."""
        with mapped_errors():
            return self._connection.execute(query.text, parameters).rowcount


class Database:
    """A pool of connections to the record. Open it after a fork, close it when done."""

    def __init__(self, url: SecretStr, *, max_connections: int = 8) -> None:
        self._pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
            url.get_secret_value(),
            connection_class=Connection[DictRow],
            kwargs={
                "row_factory": dict_row,
                "prepare_threshold": None,
                "connect_timeout": CONNECT_TIMEOUT_S,
                "application_name": "studio",
            },
            min_size=0,
            max_size=max_connections,
            timeout=CHECKOUT_TIMEOUT_S,
            # The pool waits twice as long after each failed attempt and makes no other meanwhile:
            # by default a server that was away for minutes would stay away for minutes more.
            reconnect_timeout=CHECKOUT_TIMEOUT_S,
            check=ConnectionPool.check_connection,
            open=False,
        )
        self._queries = queries("session")
        self._rests_until = 0.0

    def __enter__(self) -> Database:
        self._pool.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. Safe to repeat."""
        self._pool.close()

    @property
    def rests(self) -> bool:
        """Whether everybody is told at once that the record can't be reached; see `rest`."""
        return time.monotonic() < self._rests_until

    def rest(self, seconds: float) -> None:
        """Tell everybody so at once, for so long: else each waits until its own time is up."""
        self._rests_until = time.monotonic() + seconds

    def wake(self) -> bool:
        """Try the record also while it rests, and end the rest when it answers; whether it does."""
        try:
            with self._asked("service_role", ""):
                self._rests_until = 0.0
        except RecordUnavailable:
            return False
        return True

    @contextmanager
    def as_person(self, person_id: UUID) -> Iterator[Transaction]:
        """A transaction that sees and does only what this person may."""
        claims = json.dumps({"sub": str(person_id), "role": "authenticated"})
        with self._transaction("authenticated", claims) as transaction:
            yield transaction

    @contextmanager
    def as_service(self) -> Iterator[Transaction]:
        """A transaction of the studio's own workers, outside row-level security."""
        with self._transaction("service_role", "") as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, role: str, claims: str) -> Iterator[Transaction]:
        if self.rests:
            raise _away()
        with self._asked(role, claims) as transaction:
            yield transaction

    @contextmanager
    def _asked(self, role: str, claims: str) -> Iterator[Transaction]:
        with mapped_errors():
            self._pool.open()
            with self._pool.connection() as connection:
                transaction = Transaction(connection)
                transaction.run(self._queries["act_as"], role=role, claims=claims)
                yield transaction


def _away() -> RecordUnavailable:
    return RecordUnavailable("The database can't be reached.", todo="Try again in a moment.")


@contextmanager
def mapped_errors() -> Iterator[None]:
    """The one place where psycopg's errors become ours."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as exc:
        raise _away() from exc
    except psycopg.errors.InsufficientPrivilege as exc:
        raise RecordForbidden("You may not change this.") from exc
    except psycopg.IntegrityError as exc:
        raise RecordConflict(
            str(exc.diag.message_primary),
            constraint=exc.diag.constraint_name,
            detail=exc.diag.message_detail or "",
        ) from exc
    except psycopg.Error as exc:
        # psycopg refuses some values itself; then there is no word from Postgres.
        raise RecordError(f"The database refused: {exc.diag.message_primary or exc}") from exc
