"""One database for each module of tests, emptied after each: cheaper than one for each test."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from storage.embedded.postgres import EmbeddedPostgres
from storage.postgres import Database
from tests.integration.record.house import House, build_house

KEPT = ("organisation", "transitions", "migrations", "provider_state")
"""Tables whose rows a migration brings."""


@pytest.fixture(scope="module")
def shared_url(postgres_server: EmbeddedPostgres) -> Iterator[SecretStr]:
    """A migrated database of this module's own, which keeps what its tests leave behind."""
    name = f"shared_{uuid4().hex}"
    server = postgres_server.url.get_secret_value()
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f'create database "{name}" template template_studio')
    yield SecretStr(server.rpartition("/")[0] + f"/{name}")
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f'drop database "{name}" with (force)')


@pytest.fixture(scope="module")
def shared_database(shared_url: SecretStr) -> Iterator[Database]:
    """That database through the record's own door."""
    with Database(shared_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def house(shared_url: SecretStr, shared_database: Database) -> House:
    """A company of seven in the module's database."""
    return build_house(shared_url, shared_database)


@pytest.fixture
def database_url(shared_url: SecretStr) -> Iterator[SecretStr]:
    """The module's database, empty before and after the test."""
    _empty(shared_url)
    yield shared_url
    _empty(shared_url)


def _empty(url: SecretStr) -> None:
    with psycopg.connect(url.get_secret_value()) as owner:
        # Without foreign keys, so that the order does not matter.
        owner.execute("set session_replication_role = replica")
        tables = owner.execute(
            "select tablename from pg_tables where schemaname = 'studio' and tablename <> all(%s)",
            (list(KEPT),),
        ).fetchall()
        for (table,) in tables:
            owner.execute(SQL("delete from studio.{}").format(Identifier(table)))
        owner.execute(
            "update studio.provider_state "
            "set locked_since = null, reason = null, next_probe_at = null"
        )
