"""Real servers for every test that asks: Postgres, Valkey and the fal simulator, one of each a run
(per xdist worker), and a fresh database for each test."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from botocore import loaders
from pydantic import SecretStr

from jobs import bootstrap, image_families
from jobs.admission import admit
from jobs.bootstrap import Services, opened_services
from jobs.content_rules import load_content_rules
from jobs.fal.catalog import load_catalog
from jobs.fal.simulator.process import Simulator, running_simulator
from jobs.images import CheckedImage, check_image
from jobs.requests import read_draft
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from storage.migrate import migrate
from storage.models import Person, Role
from storage.postgres import Database
from storage.records import ledger, people
from storage.settings import Settings, load_settings
from tests.made_once import MadeOnce
from tests.used_databases import TEMPLATE, UsedDatabases

SAMPLES = Path(__file__).parents[1] / "dashboard" / "samples"
OURS = (
    "STUDIO_",
    "FAL_",
    "SUPABASE_",
    "R2_",
    "CDN_",
    "CLOUDFLARE_",
    "DATABASE_URL",
    "REDIS_URL",
    "STREAMLIT_",
)
KEPT = ("STUDIO_CHROMIUM", "STUDIO_TEST_")
MADE = "made_once"


MOST_UNSWEPT = 50_000


def pytest_collection_finish() -> None:
    """Look for cycles seldom, and never among what was imported and collected: a tenth of the CPU
    of tests went into looking."""
    gc.set_threshold(MOST_UNSWEPT, *gc.get_threshold()[1:])
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Two workers more than cores: tests often wait for what they have started. None: the number
    that the environment names."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return (os.cpu_count() or 1) + 2


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long texts are named by their parameter: a name that can be read, and the same in every
    process (a token with a time in it is not, and xdist then refuses the whole run)."""
    return argname if isinstance(val, str | bytes) and len(val) > 60 else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what their module made once run in one process, which makes it."""
    for item in items:
        if {MADE, "shared_services"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test, and neither does the checkout's `.env`."""
    _clean_environment(monkeypatch)


def _clean_environment(patch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(OURS) and not name.startswith(KEPT):
            patch.delenv(name)
    patch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session", autouse=True)
def looked_at_once() -> Iterator[None]:
    """Each picture is looked at once a run, and the catalogue and the rules that ship with the
    studio are read once, as in a dashboard: most tests submit the same picture to them. So is what
    boto3 reads to make a client, of which a studio has one."""
    catalog, rules = load_catalog(), load_content_rules()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaders, "create_loader", cache(loaders.create_loader))
        patch.setattr(image_families, "looks_of", cache(image_families.looks_of))
        patch.setattr(
            bootstrap, "load_catalog", lambda file: load_catalog(file) if file else catalog
        )
        patch.setattr(
            bootstrap,
            "load_content_rules",
            lambda file: load_content_rules(file) if file else rules,
        )
        yield


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A Postgres with a migrated database named `template_studio`."""
    folder = tmp_path_factory.mktemp("postgres")
    # Nothing here has to outlive a power cut, and a database a test is a lot to write.
    careless = dict.fromkeys(
        ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"), "off"
    )
    server = EmbeddedPostgres(folder / "data", folder / "log", settings=careless)
    server.start()
    try:
        _make_connecting_cheap(server.url)
        _execute(server.url, f"create database {TEMPLATE}")
        migrate(_url_of(server, TEMPLATE), company="Acme", time_zone="Europe/Berlin")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def used_databases(postgres_server: EmbeddedPostgres) -> Iterator[UsedDatabases]:
    """Hands out databases that look new."""
    with closing(UsedDatabases(postgres_server)) as databases:
        yield databases


@pytest.fixture
def database_url(
    used_databases: UsedDatabases, request: pytest.FixtureRequest
) -> Iterator[SecretStr]:
    """A migrated database of this test's own, as its owner sees it."""
    name = used_databases.take()
    url = SecretStr(used_databases.url_of(name))
    if MADE in request.fixturenames:
        request.getfixturevalue("made_before").lay_record(url)
    yield url
    used_databases.give_back(name)


@pytest.fixture(scope="module")
def made_before(
    used_databases: UsedDatabases, tmp_path_factory: pytest.TempPathFactory
) -> MadeOnce:
    """The history of this module's tests, once one of them has made it."""
    return MadeOnce(used_databases, tmp_path_factory.mktemp("made") / "warehouse")


@pytest.fixture
def made_once(
    made_before: MadeOnce, database_url: SecretStr, settings: Settings
) -> Callable[[Callable[[], None]], None]:
    """Makes a history with its warehouse: `made_once(write)`. From the second test of the module
    on it is there already, with the same people, whom `add_person` then only finds."""
    return partial(made_before.make, database_url, settings.warehouse_folder)


@pytest.fixture
def database(database_url: SecretStr) -> Iterator[Database]:
    """The test's database through the record's own door."""
    with Database(database_url) as opened:
        yield opened


@pytest.fixture
def as_owner(database_url: SecretStr) -> Callable[..., list[Any]]:
    """Runs a statement as the database's owner, past every policy and (if asked) every trigger."""
    return partial(_run_as_owner, database_url)


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """A Redis-compatible server."""
    folder = tmp_path_factory.mktemp("valkey")
    server = EmbeddedValkey(folder / "data", folder / "log")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def simulator_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A fal simulator that makes a video in a fifth of a second."""
    with running_simulator(
        tmp_path_factory.mktemp("simulator"), seconds=0.2, render="copy"
    ) as server:
        yield server


@pytest.fixture
def simulator(simulator_server: Simulator) -> Iterator[Simulator]:
    """The simulator, without faults."""
    simulator_server.clear_faults()
    yield simulator_server
    simulator_server.clear_faults()


@pytest.fixture
def settings(
    tmp_path: Path, database_url: SecretStr, valkey_server: EmbeddedValkey, simulator: Simulator
) -> Settings:
    """Settings of a studio of this test's own."""
    return load_settings(
        data_dir=tmp_path / "studio",
        database_url=database_url,
        redis_url=valkey_server.url,
        fal_base_url=simulator.url,
    )


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """Everything use cases and steps work with; Redis is empty."""
    with _prepared_services(settings) as opened:
        yield opened


@pytest.fixture
def add_person(database: Database, request: pytest.FixtureRequest) -> Callable[..., Person]:
    """Adds people: `add_person("Ann", role=Role.MANAGER, team="Sales")`."""
    return partial(_add_person, database, found=MADE in request.fixturenames)


@pytest.fixture
def person(add_person: Callable[..., Person]) -> Person:
    """A member of the Marketing team."""
    return add_person()


@pytest.fixture(scope="session")
def sneaker() -> CheckedImage:
    """The sneaker sample, checked."""
    path = SAMPLES / "sneaker.webp"
    return check_image(path.read_bytes(), 30 * 1024 * 1024, path.name)


@pytest.fixture
def submit(services: Services, person: Person, sneaker: CheckedImage) -> Callable[..., UUID]:
    """Admits a request of `person` for the sneaker sample: `submit(prompt=…, seed=…)`."""

    def run(who: Person | None = None, **fields: object) -> UUID:
        usual = {
            "image": sneaker,
            "prompt": "The sneaker turns slowly on its stand",
            "resolution": "480p",
            "duration_s": 2,
        }
        return admit(services, who or person, read_draft({**usual, **fields}))

    return run


# --- one studio for all tests of a module: where they only read what was made once ---


@pytest.fixture(scope="module")
def shared_url(used_databases: UsedDatabases) -> Iterator[SecretStr]:
    """A migrated database of this module's own, which keeps what its tests leave behind."""
    name = used_databases.take()
    yield SecretStr(used_databases.url_of(name))
    used_databases.give_back(name)


@pytest.fixture(scope="module")
def shared_services(
    tmp_path_factory: pytest.TempPathFactory,
    shared_url: SecretStr,
    valkey_server: EmbeddedValkey,
    simulator_server: Simulator,
) -> Iterator[Services]:
    """Everything use cases work with, over the module's database and a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        _clean_environment(patch)
        settings = load_settings(
            data_dir=tmp_path_factory.mktemp("shared") / "studio",
            database_url=shared_url,
            redis_url=valkey_server.url,
            fal_base_url=simulator_server.url,
        )
        with _prepared_services(settings) as opened:
            yield opened


@pytest.fixture(scope="module")
def shared_owner(shared_url: SecretStr) -> Callable[..., list[Any]]:
    """`as_owner` of the module's database."""
    return partial(_run_as_owner, shared_url)


@pytest.fixture(scope="module")
def shared_people(shared_services: Services) -> Callable[..., Person]:
    """`add_person` of the module's database; who is there already is not added again."""
    return cache(partial(_add_person, shared_services.database))


@contextmanager
def _prepared_services(settings: Settings) -> Iterator[Services]:
    with opened_services(settings) as opened:
        opened.bells.redis.flushall()
        opened.store.prepare()
        with opened.database.as_service() as tx:
            ledger.set_default_person_budget(tx, settings.person_day_limit_usd)
        yield opened


def _add_person(
    database: Database,
    name: str = "Ann",
    role: Role = Role.MEMBER,
    team: str = "Marketing",
    *,
    found: bool = False,
) -> Person:
    email = f"{name.lower()}@acme.test"
    with database.as_service() as tx:
        there = people.by_email(tx, email) if found else None
        return there or people.add(tx, email=email, name=name, role=role, team=team)


def _run_as_owner(
    url: SecretStr, statement: str, *parameters: object, triggers: bool = True
) -> list[Any]:
    with psycopg.connect(url.get_secret_value(), autocommit=True) as connection:
        if not triggers:
            connection.execute("set session_replication_role = replica")
        cursor = connection.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def _url_of(server: EmbeddedPostgres, name: str) -> SecretStr:
    return SecretStr(server.url.get_secret_value().rpartition("/")[0] + f"/{name}")


def _make_connecting_cheap(url: SecretStr) -> None:
    """A password is hashed 4096 times for each connection, and tests make thousands."""
    password = psycopg.conninfo.conninfo_to_dict(url.get_secret_value())["password"]
    _execute(url, f"set scram_iterations = 1; alter user current_user password '{password}'")


def _execute(url: SecretStr, statement: str) -> None:
    with psycopg.connect(url.get_secret_value(), autocommit=True) as connection:
        connection.execute(statement)
