from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from front_studio import Clock, Studio, served
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from dashboard import services as front_services
from dashboard.live_sessions import LiveSessions
from jobs.bootstrap import Services, opened_services
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from storage.migrate import migrate
from storage.settings import load_settings

_numbers = count()


@pytest.fixture(scope="session")
def front_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretStr]:
    folder = tmp_path_factory.mktemp("front-postgres")
    postgres = EmbeddedPostgres(folder / "postgres", folder / "postgres.log")
    postgres.start()
    migrate(postgres.url, company="Acme", time_zone="Europe/Berlin")
    yield postgres.url
    postgres.stop()


@pytest.fixture(scope="session")
def front_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretStr]:
    folder = tmp_path_factory.mktemp("front-valkey")
    valkey = EmbeddedValkey(folder / "valkey", folder / "valkey.log")
    valkey.start()
    yield valkey.url
    valkey.stop()


@pytest.fixture
def database_url(front_postgres: SecretStr) -> SecretStr:
    """A migrated database of its own: a copy of one that was migrated once."""
    url, name = front_postgres.get_secret_value(), f"front_{next(_numbers)}"
    head, _, template = url.rpartition("/")
    with psycopg.connect(f"{head}/postgres", autocommit=True) as connection:
        connection.execute(
            SQL("create database {} template {}").format(Identifier(name), Identifier(template))
        )
    return SecretStr(f"{head}/{name}")


@pytest.fixture
def services(
    database_url: SecretStr, front_valkey: SecretStr, tmp_path: Path
) -> Iterator[Services]:
    settings = load_settings(
        database_url=database_url,
        redis_url=front_valkey,
        fal_base_url="http://127.0.0.1:9",
        data_dir=tmp_path,
        company="Acme",
        public_url=None,
        supabase_url=None,
    )
    with opened_services(settings) as opened:
        yield opened


@pytest.fixture
def studio(services: Services) -> Iterator[Studio]:
    clock = Clock()
    front_services.install(services, LiveSessions(services.database, clock=clock))
    with served() as origin:
        studio = Studio(services, clock, origin)
        yield studio
        studio.close()
    front_services.close_services()
