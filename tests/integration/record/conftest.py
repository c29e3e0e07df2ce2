"""A database for a whole module of tests that leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from storage.embedded.postgres import EmbeddedPostgres
from storage.postgres import Database


@pytest.fixture(scope="module")
def shared_url(postgres_server: EmbeddedPostgres) -> Iterator[SecretStr]:
    """A migrated database of this module's own."""
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
