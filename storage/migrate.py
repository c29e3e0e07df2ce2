"""Brings the record to today's shape: every migration once, in order, under an advisory lock."""

from __future__ import annotations

import hashlib

import psycopg
from pydantic import SecretStr

from storage.errors import RecordError
from storage.postgres import mapped_errors
from storage.sqlfiles import migrations, queries


def migrate(url: SecretStr, *, company: str, time_zone: str) -> list[str]:
    """Apply what is missing; the names of the migrations applied.

    Each migration is its own transaction, so a failure leaves the record at the step before.

    Raises:
        RecordError: a migration failed, or one that is already applied was changed afterwards.
    """
    named = queries("migrate")
    applied = []
    with (
        mapped_errors(),
        psycopg.connect(url.get_secret_value(), autocommit=True) as connection,
    ):
        connection.execute(named["lock"].text)
        connection.execute(named["create_table"].text)
        done: dict[str, str] = dict(connection.execute(named["applied"].text).fetchall())
        for name, text in migrations():
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in done:
                _check_unchanged(name, done[name], digest)
                continue
            with connection.transaction():
                connection.execute(text)
                connection.execute(named["record"].text, {"name": name, "sha256": digest})
            applied.append(name)
        connection.execute(
            named["describe_organisation"].text, {"name": company, "time_zone": time_zone}
        )
    return applied


def _check_unchanged(name: str, applied: str, shipped: str) -> None:
    if applied != shipped:
        raise RecordError(
            f"The migration {name} was changed after it was applied.",
            todo="Migrations are append-only: restore the file and add a new one.",
        )
