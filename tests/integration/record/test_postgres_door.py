"""The record's one door: its errors, and what it does when the server comes and goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests
from pydantic import SecretStr

from storage import leadership, postgres
from storage.embedded.postgres import EmbeddedPostgres
from storage.errors import (
    RecordConflict,
    RecordError,
    RecordForbidden,
    RecordNotFound,
    RecordUnavailable,
    ServiceError,
)
from storage.leadership import Leadership
from storage.postgres import Database, mapped_errors
from storage.settings import load_settings
from tests.integration.record.record_rows import sql

ONE = sql("select 1 as one")


def mapped(error: Exception) -> Exception:
    with pytest.raises(Exception) as caught, mapped_errors():  # noqa: PT011
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("raised", "ours"),
    [
        (psycopg.OperationalError, RecordUnavailable),
        (psycopg.InterfaceError, RecordUnavailable),
        (errors.AdminShutdown, RecordUnavailable),
        (errors.CannotConnectNow, RecordUnavailable),
        (errors.TooManyConnections, RecordUnavailable),
        (errors.DeadlockDetected, RecordUnavailable),
        (errors.SerializationFailure, RecordUnavailable),
        (errors.QueryCanceled, RecordUnavailable),
        (errors.DiskFull, RecordUnavailable),
        (PoolTimeout, RecordUnavailable),
        (PoolClosed, RecordUnavailable),
        (TooManyRequests, RecordUnavailable),
        (errors.InsufficientPrivilege, RecordForbidden),
        (errors.UniqueViolation, RecordConflict),
        (errors.CheckViolation, RecordConflict),
        (errors.ForeignKeyViolation, RecordConflict),
        (errors.NotNullViolation, RecordConflict),
        (errors.ExclusionViolation, RecordConflict),
        (errors.UndefinedTable, RecordError),
        (errors.SyntaxError, RecordError),
        (errors.NumericValueOutOfRange, RecordError),
        (errors.InvalidTextRepresentation, RecordError),
        (errors.FeatureNotSupported, RecordError),
        (errors.InternalError_, RecordError),
        (psycopg.DataError, RecordError),
        (psycopg.NotSupportedError, RecordError),
        (psycopg.Error, RecordError),
    ],
)
def test_every_family_of_errors_becomes_ours(
    raised: type[psycopg.Error], ours: type[RecordError]
) -> None:
    found = mapped(raised("boom"))
    assert type(found) is ours
    assert isinstance(found.__cause__, raised)


def test_every_error_of_postgres_becomes_ours() -> None:
    known = [
        c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, psycopg.Error)
    ]
    assert len(known) > 200
    assert all(isinstance(mapped(kind("boom")), RecordError) for kind in known)


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), ServiceError("x"), RecordNotFound("x")]
)
def test_other_errors_pass_through_untouched(database: Database, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, database.as_service():
        raise error
    assert caught.value is error


def test_while_it_rests_nobody_waits_and_a_look_that_finds_it_ends_the_rest(
    database: Database,
) -> None:
    database.rest(3600)
    with pytest.raises(RecordUnavailable), database.as_service():
        pass
    assert database.wake()
    with database.as_service() as tx:
        assert tx.one(ONE) == {"one": 1}


def test_a_look_that_does_not_find_it_leaves_it_at_rest(database: Database) -> None:
    database.rest(3600)
    database.close()
    assert not database.wake()
    assert database.rests


def test_an_error_in_the_block_undoes_its_work(database: Database) -> None:
    def half() -> None:
        with database.as_service() as tx:
            tx.run(sql("insert into studio.teams (name) values ('Half')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with database.as_service() as tx:
        assert tx.all(sql("select 1 from studio.teams")) == []


def test_a_conflict_names_its_constraint(database: Database) -> None:
    add = sql("insert into studio.teams (name) values ('Twice'), ('twice')")
    with pytest.raises(RecordConflict) as refused, database.as_service() as tx:
        tx.run(add)
    assert refused.value.constraint == "teams_name"


def test_what_the_client_refuses_is_told_in_its_words(database: Database) -> None:
    with pytest.raises(RecordError, match="NUL") as refused, database.as_service() as tx:
        tx.all(sql("select %(text)s::text"), text="a\x00b")
    assert "None" not in refused.value.happened


def test_no_row_is_told_apart_from_an_error(database: Database) -> None:
    none = sql("select 1 where false")
    with database.as_service() as tx:
        assert tx.one_or_none(none) is None
        assert tx.all(none) == []
        with pytest.raises(RecordNotFound):
            tx.one(none)


def test_a_name_that_is_no_parameter_is_refused(database: Database) -> None:
    with pytest.raises(RecordError), database.as_service() as tx:
        tx.all(sql("select %(missing)s"))


def test_a_database_that_was_never_migrated_is_an_error(postgres_server: EmbeddedPostgres) -> None:
    with Database(postgres_server.url) as bare, pytest.raises(RecordError), bare.as_service() as tx:
        tx.all(sql("select 1 from studio.people"))


def test_more_transactions_than_connections_take_turns(database_url: SecretStr) -> None:
    def one(_: int) -> int:
        with narrow.as_service() as tx:
            return int(tx.one(ONE)["one"])

    with Database(database_url, max_connections=2) as narrow, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one, range(40))) == [1] * 40


def test_the_address_is_never_shown(database_url: SecretStr) -> None:
    password = database_url.get_secret_value().split(":")[2].split("@")[0]
    database = Database(database_url)
    assert password not in repr(database)
    assert password not in repr(vars(database))


def test_closing_twice_is_safe_and_ends_the_use(database_url: SecretStr) -> None:
    database = Database(database_url)
    with database.as_service() as tx:
        tx.one(ONE)
    database.close()
    database.close()
    with pytest.raises(RecordUnavailable), database.as_service():
        pass


# --- a server that comes and goes ---


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CHECKOUT_TIMEOUT_S", 1.0)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    folder = tmp_path_factory.mktemp("own")
    server = EmbeddedPostgres(folder / "data", folder / "log")
    server.start()
    with psycopg.connect(server.url.get_secret_value()) as owner:
        owner.execute("create role service_role")
    yield server
    server.stop()


@pytest.mark.usefixtures("impatient")
def test_the_pool_outlives_a_restart_of_the_server(own_server: EmbeddedPostgres) -> None:
    with Database(own_server.url, max_connections=2) as database:
        with database.as_service() as tx:
            tx.one(ONE)
        own_server.stop()
        for _ in range(4):  # Long enough for waits between attempts to grow.
            with pytest.raises(RecordUnavailable), database.as_service() as tx:
                tx.one(ONE)
        own_server.start()
        with database.as_service() as tx:
            assert tx.one(ONE) == {"one": 1}


def test_a_connection_that_breaks_is_unavailable_and_replaced(
    database: Database, as_owner: Callable[..., list[Any]]
) -> None:
    def cut() -> None:
        with database.as_service() as tx:
            pid = tx.one(sql("select pg_backend_pid() as pid"))["pid"]
            as_owner("select pg_terminate_backend(%s, 5000)", pid)
            tx.one(ONE)

    with pytest.raises(RecordUnavailable):
        cut()
    with database.as_service() as tx:
        assert tx.one(ONE) == {"one": 1}


@pytest.mark.usefixtures("impatient")
def test_without_a_server_the_record_is_unavailable(tmp_path: Path) -> None:
    nowhere = SecretStr(f"postgresql://studio:secret-{uuid4()}@127.0.0.1:1/studio")
    with (
        Database(nowhere) as database,
        pytest.raises(RecordUnavailable) as refused,
        database.as_service(),
    ):
        pass
    assert "secret" not in str(refused.value)


# --- who leads ---


def test_one_leads_and_another_takes_over_when_it_is_gone(database_url: SecretStr) -> None:
    first, second = (Leadership(load_settings(database_url=database_url)) for _ in range(2))
    assert first.take()
    assert not second.take()
    first.check()
    first.give_up()
    assert second.take()
    second.give_up()
    second.give_up()


def test_a_leader_whose_connection_is_cut_learns_it(
    database_url: SecretStr, as_owner: Callable[..., list[Any]]
) -> None:
    leader = Leadership(load_settings(database_url=database_url))
    assert leader.take()
    as_owner(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
        "where application_name = 'studio-watcher' and datname = current_database()"
    )
    with pytest.raises(RecordUnavailable):
        leader.check()
    assert leader.take()
    leader.give_up()


def test_giving_up_waits_for_a_check_under_way(
    database_url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A connection that is closed under a statement can leave it waiting for ever.
    leader = Leadership(load_settings(database_url=database_url))
    assert leader.take()
    checks, go_on = threading.Event(), threading.Event()

    @contextmanager
    def held_up() -> Iterator[None]:
        checks.set()
        assert go_on.wait(10)
        yield

    monkeypatch.setattr(leadership, "mapped_errors", held_up)
    with ThreadPoolExecutor(2) as two:
        checked = two.submit(leader.check)
        assert checks.wait(10)
        given_up = two.submit(leader.give_up)
        assert wait([given_up], timeout=0.2).not_done == {given_up}
        go_on.set()
        assert (checked.exception(10), given_up.exception(10)) == (None, None)


def test_nobody_leads_without_having_asked_or_an_address() -> None:
    leader = Leadership(load_settings())
    with pytest.raises(RecordUnavailable):
        leader.check()
    with pytest.raises(RecordUnavailable):
        leader.take()
