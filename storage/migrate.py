"""Brings the record to today's shape: every migration once, in order, under an advisory lock."""

from __future__ import annotations

import hashlib

import psycopg
from pydantic import SecretStr

from storage.errors import RecordError, RecordForbidden
from storage.postgres import CONNECT_TIMEOUT_S, mapped_errors
from storage.sqlfiles import migrations, queries

_Q = queries("migrate")


def migrate(url: SecretStr, *, company: str, time_zone: str) -> list[str]:
    """Apply what is missing; the names of the migrations applied.

    Each migration is its own transaction, so a failure leaves the record at the step before.

    Raises:
        RecordError: a migration failed, or one that is already applied was changed afterwards.
        RecordForbidden: the database's user may not do this.
    """
    try:
        with (
            mapped_errors(),
            psycopg.connect(
                url.get_secret_value(), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
            ) as connection,
        ):
            connection.execute(_Q["lock"].text)
            applied = _apply_missing(connection)
            connection.execute(
                _Q["describe_organisation"].text, {"name": company, "time_zone": time_zone}
            )
    except RecordForbidden as exc:
        raise RecordForbidden(
            "This user of the database may not migrate it.",
            todo="Put one into DATABASE_URL that owns the database and may create roles.",
        ) from exc
    return applied


def _apply_missing(connection: psycopg.Connection[tuple[str, str]]) -> list[str]:
    connection.execute(_Q["create_table"].text)
    done = dict(connection.execute(_Q["applied"].text).fetchall())
    applied = []
    for name, text in migrations():
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name in done:
            _check_unchanged(name, done[name], digest)
            continue
        with connection.transaction():
            connection.execute(text)
            connection.execute(_Q["record"].text, {"name": name, "sha256": digest})
        applied.append(name)
    return applied


def _check_unchanged(name: str, applied: str, shipped: str) -> None:
    if applied != shipped:
        raise RecordError(
            f"The migration {name} was changed after it was applied.",
            todo="Migrations are append-only: restore the file and add a new one.",
        )
