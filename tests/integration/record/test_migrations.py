"""The record's shape: brought about once, whoever tries, on whatever Postgres is there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from storage import migrate as migrating
from storage.embedded.postgres import EmbeddedPostgres
from storage.errors import RecordError, RecordForbidden, RecordUnavailable
from storage.migrate import migrate
from storage.models import Role
from storage.postgres import Database
from storage.records import people
from storage.sqlfiles import migrations
from tests.integration.record.record_rows import add_complete, sql

ALL = [name for name, _ in migrations()]
OLDER = Path("/usr/lib/postgresql/15/bin")


def url_of(server: EmbeddedPostgres, database: str, user: str | None = None) -> SecretStr:
    url = server.url.get_secret_value()
    if user is not None:
        url = f"postgresql://{user}:word@{url.rpartition('@')[2]}"
    return SecretStr(url.rpartition("/")[0] + f"/{database}")


def execute(url: SecretStr, *statements: str) -> None:
    with psycopg.connect(url.get_secret_value(), autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement.encode())


@contextmanager
def empty_database(server: EmbeddedPostgres, owner: str = "studio") -> Iterator[SecretStr]:
    name = f"empty_{uuid4().hex}"
    execute(server.url, f"create database {name} owner {owner}")
    try:
        yield url_of(server, name)
    finally:
        execute(server.url, f"drop database {name} with (force)")


@pytest.fixture
def empty(postgres_server: EmbeddedPostgres) -> Iterator[SecretStr]:
    with empty_database(postgres_server) as url:
        yield url


def apply(url: SecretStr) -> list[str]:
    return migrate(url, company="Acme", time_zone="Europe/Berlin")


def work_through(url: SecretStr) -> None:
    """A generation from its admission to its video, and what a colleague sees of it."""
    with Database(url) as database:
        with database.as_service() as tx:
            ann = people.add(tx, email="a@a.test", name="Ann", role=Role.MEMBER, team="Marketing")
            add_complete(tx, ann)
        with database.as_person(ann.id) as tx:
            assert tx.one(sql("select count(*) as n from studio.videos")) == {"n": 1}
        with database.as_person(uuid4()) as tx:
            assert tx.one(sql("select count(*) as n from studio.videos")) == {"n": 0}


def test_every_migration_is_applied_once_and_in_order(empty: SecretStr) -> None:
    assert apply(empty) == ALL
    assert apply(empty) == []
    assert sorted(ALL) == ALL
    work_through(empty)


def test_migrating_again_keeps_the_data_and_renames_the_company(empty: SecretStr) -> None:
    apply(empty)
    work_through(empty)
    migrate(empty, company="Acme & Sons", time_zone="UTC")
    with Database(empty) as database, database.as_service() as tx:
        assert tx.one(sql("select count(*) as n from studio.generations"))["n"] == 1
        row = tx.one(sql("select name, time_zone from studio.organisation"))
    assert row == {"name": "Acme & Sons", "time_zone": "UTC"}


def test_a_migration_that_was_changed_is_refused(
    empty: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(empty)
    (name, text), *others = migrations()
    monkeypatch.setattr(migrating, "migrations", lambda: ((name, text + "\n"), *others))
    with pytest.raises(RecordError, match=f"{name} was changed") as refused:
        apply(empty)
    assert "add a new one" in refused.value.todo


def test_a_new_migration_is_added_to_a_database_with_data(
    empty: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(empty)
    work_through(empty)
    new = ("9999_add", "alter table studio.videos add column note text not null default ''")
    monkeypatch.setattr(migrating, "migrations", lambda: (*migrations(), new))
    assert apply(empty) == ["9999_add"]


def test_a_migration_that_fails_leaves_the_step_before(
    empty: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ("9999_break", "create table studio.half (id int); select 1 / 0")
    monkeypatch.setattr(migrating, "migrations", lambda: (*migrations(), broken))
    with pytest.raises(RecordError, match="division by zero"):
        apply(empty)
    monkeypatch.undo()
    assert apply(empty) == []
    with Database(empty) as database, database.as_service() as tx:
        assert tx.one(sql("select to_regclass('studio.half') as found")) == {"found": None}


def test_of_several_who_migrate_at_once_each_step_has_one(empty: SecretStr) -> None:
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(apply, [empty] * 4))
    assert sorted(applied, key=len) == [[], [], [], ALL]


def test_without_a_server_migrating_says_so() -> None:
    nowhere = SecretStr("postgresql://studio@127.0.0.1:1/studio")
    with pytest.raises(RecordUnavailable):
        apply(nowhere)


# --- other servers, other owners ---

SUPABASE_ROLES = (
    "create role anon nologin noinherit",
    "create role authenticated nologin noinherit",
    "create role service_role nologin noinherit bypassrls",
    "grant anon, authenticated, service_role to keeper",
)
SUPABASE_AUTH = (
    "create schema auth",
    "grant usage on schema auth to anon, authenticated, service_role, keeper",
    """create function auth.uid() returns uuid language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$""",
)
KEEPER = "create role keeper login nosuperuser createrole password 'word'"
ROLES = "anon, authenticated, service_role, keeper"


@pytest.fixture(scope="module", params=["bundled", "older"])
def own_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """A server whose roles are this module's to make and drop."""
    if request.param == "older" and not OLDER.exists():
        pytest.skip("no Postgres 15 on this machine")
    folder = tmp_path_factory.mktemp(request.param)
    bin_dir = OLDER if request.param == "older" else None
    server = EmbeddedPostgres(folder / "data", folder / "log", bin_dir)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(own_server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """That server with a role that owns databases and is no superuser."""
    execute(own_server.url, KEEPER)
    yield own_server
    execute(own_server.url, f"drop role if exists {ROLES}")


def test_a_plain_server_is_enough(server: EmbeddedPostgres) -> None:
    with empty_database(server) as url:
        assert apply(url) == ALL
        work_through(url)


def test_an_owner_who_may_make_roles_is_enough(server: EmbeddedPostgres) -> None:
    with empty_database(server, "keeper") as url:
        as_keeper = url_of(server, url.get_secret_value().rpartition("/")[2], "keeper")
        assert apply(as_keeper) == ALL
        work_through(as_keeper)


def test_what_supabase_brings_is_left_alone(server: EmbeddedPostgres) -> None:
    execute(server.url, *SUPABASE_ROLES)
    with empty_database(server, "keeper") as url:
        execute(url, *SUPABASE_AUTH)
        as_keeper = url_of(server, url.get_secret_value().rpartition("/")[2], "keeper")
        assert apply(as_keeper) == ALL
        work_through(as_keeper)
        with Database(as_keeper) as database, database.as_service() as tx:
            source = tx.one(sql("select prosrc from pg_proc where proname = 'uid'"))["prosrc"]
    assert "request.jwt.claim.sub" in source


def test_a_second_database_on_the_same_server_shares_the_roles(server: EmbeddedPostgres) -> None:
    with empty_database(server) as first, empty_database(server, "keeper") as second:
        apply(first)
        execute(server.url, "grant authenticated, service_role to keeper")
        as_keeper = url_of(server, second.get_secret_value().rpartition("/")[2], "keeper")
        assert apply(as_keeper) == ALL
        work_through(as_keeper)


def test_an_owner_without_any_rights_is_told_so(server: EmbeddedPostgres) -> None:
    execute(server.url, "alter role keeper nocreaterole")
    with empty_database(server, "keeper") as url:
        as_keeper = url_of(server, url.get_secret_value().rpartition("/")[2], "keeper")
        with pytest.raises(RecordForbidden, match="may not migrate") as refused:
            apply(as_keeper)
    assert "create roles" in refused.value.todo
