"""One database for each module of tests, emptied after each: cheaper than one for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from storage.postgres import Database
from tests.integration.record.house import House, build_house
from tests.used_databases import UsedDatabases

hypothesis_settings.register_profile(
    "thorough",
    max_examples=300,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


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
def database_url(used_databases: UsedDatabases, shared_url: SecretStr) -> Iterator[SecretStr]:
    """The module's database, as new before and after the test."""
    used_databases.refill(shared_url.get_secret_value())
    yield shared_url
    used_databases.refill(shared_url.get_secret_value())
