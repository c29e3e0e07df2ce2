import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import psycopg
import pytest

from storage.embedded import postgres as postgres_module
from storage.embedded import privileges, server
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.postgres_programs import _debian
from storage.embedded.privileges import Account
from storage.embedded.processes import command_of, read_log, wait_until
from storage.errors import ServiceError, ServiceStartFailed


def ask(postgres: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(postgres.url.get_secret_value()) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One cluster for all tests; it has the table `words` with one row."""
    folder = tmp_path_factory.mktemp("kept")
    postgres = EmbeddedPostgres(folder / "postgres", folder / "postgres.log")
    postgres.start()
    with psycopg.connect(postgres.url.get_secret_value()) as connection:
        connection.execute("create table words as select 'kept' as word")
    yield postgres
    postgres.stop()


@pytest.fixture
def postgres(kept: EmbeddedPostgres) -> EmbeddedPostgres:
    kept.start()
    return kept


def pid_of(postgres: EmbeddedPostgres) -> int:
    assert postgres.pid is not None
    return postgres.pid


def data_of(postgres: EmbeddedPostgres) -> Path:
    return postgres.folder / "cluster" / "data"


def test_it_has_one_user_and_one_database(postgres: EmbeddedPostgres) -> None:
    assert ask(postgres, "select current_user || '/' || current_database()") == "studio/studio"


def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    url = postgres.url.get_secret_value()
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "guess"))


def test_the_password_is_in_no_repr_no_log_and_no_command_line(postgres: EmbeddedPostgres) -> None:
    password = postgres.url.get_secret_value().split(":")[2].split("@")[0]
    shown = f"{postgres.url!r} {postgres.url} {postgres!r} {command_of(pid_of(postgres))}"
    assert password not in shown + postgres.log.read_text()


def test_letters_do_not_depend_on_the_locales_of_the_machine(postgres: EmbeddedPostgres) -> None:
    assert ask(
        postgres, "select lower('ÄÖÜ') || (select min(x) from (values ('b'), ('Z')) v(x))"
    ) == ("äöüZ")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("synchronous_commit", "on"),
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("listen_addresses", "127.0.0.1"),
        ("TimeZone", "UTC"),
    ],
)
def test_a_commit_that_was_answered_is_on_the_disk_and_nobody_else_can_reach_it(
    postgres: EmbeddedPostgres, setting: str, value: str
) -> None:
    assert ask(postgres, f"show {setting}") == value


def test_starting_twice_changes_nothing(postgres: EmbeddedPostgres) -> None:
    pid = postgres.pid
    postgres.start()
    assert postgres.pid == pid


def test_stopping_twice_changes_nothing(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    postgres.stop()
    assert not postgres.alive()


def test_a_restart_keeps_the_data_and_the_address(postgres: EmbeddedPostgres) -> None:
    url = postgres.url
    postgres.stop()
    postgres.start()
    assert ask(postgres, "select word from words") == "kept"
    assert postgres.url == url


def test_after_kill_9_it_comes_back_with_every_committed_row(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url.get_secret_value()) as connection:
        connection.execute("create table if not exists last_words as select 1 as word")
    os.kill(pid_of(postgres), SIGKILL)
    assert wait_until(lambda: not postgres.alive(), 10)
    postgres.start()
    assert ask(postgres, "select word from last_words") == 1


def test_a_session_that_outlives_the_killed_server_is_waited_for(
    postgres: EmbeddedPostgres,
) -> None:
    with psycopg.connect(postgres.url.get_secret_value()) as connection:
        session = connection.info.backend_pid
        os.kill(session, SIGSTOP)
        said = postgres.log.stat().st_size
        os.kill(pid_of(postgres), SIGKILL)
        waker = threading.Thread(target=wake_when_missed, args=(session, postgres.log, said))
        waker.start()
        assert wait_until(lambda: not postgres.alive(), 10)
        postgres.start()
        waker.join()
    assert "is still in use" in read_log(postgres.log, said, lines=1000)
    assert ask(postgres, "select word from words") == "kept"


def wake_when_missed(session: int, log: Path, start: int) -> None:
    """Let a stopped session run on once a new server has seen it; then it ends by itself."""
    try:
        wait_until(lambda: "is still in use" in read_log(log, start, lines=1000), 20)
    finally:
        os.kill(session, SIGCONT)


def test_a_server_left_running_is_taken_over(postgres: EmbeddedPostgres) -> None:
    left = postgres.pid
    with EmbeddedPostgresOn(postgres) as heir:
        assert ask(heir, "select word from words") == "kept"
        assert heir.pid != left
        assert not postgres.alive()


class EmbeddedPostgresOn:
    """Another object for the same cluster, as the next `studio up` makes one."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self.heir = EmbeddedPostgres(postgres.folder, postgres.log)

    def __enter__(self) -> EmbeddedPostgres:
        self.heir.start()
        return self.heir

    def __exit__(self, *_: object) -> None:
        self.heir.stop()


@pytest.mark.parametrize("content", ["{pid}\n{data}\n0\n1\n\n127.0.0.1\n", "", "half a"])
def test_a_stale_pid_file_does_not_stop_a_start(postgres: EmbeddedPostgres, content: str) -> None:
    postgres.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (data_of(postgres) / "postmaster.pid").write_text(
            content.format(pid=other.pid, data=data_of(postgres))
        )
        postgres.start()
        assert other.poll() is None
    assert ask(postgres, "select word from words") == "kept"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


def test_a_former_port_that_somebody_else_took_is_given_up(
    postgres: EmbeddedPostgres, taken_port: int
) -> None:
    postgres.stop()
    (postgres.folder / "port").write_text(str(taken_port))
    postgres.start()
    assert f":{taken_port}/" not in postgres.url.get_secret_value()
    assert ask(postgres, "select word from words") == "kept"


def test_a_port_lost_in_a_race_is_tried_again_elsewhere(
    postgres: EmbeddedPostgres, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.stop()
    (postgres.folder / "port").unlink()
    ports = iter([taken_port, taken_port, server.free_port()])
    monkeypatch.setattr(server, "free_port", lambda: next(ports))
    postgres.start()
    assert ask(postgres, "select word from words") == "kept"


def test_three_lost_ports_are_reported(
    postgres: EmbeddedPostgres, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.stop()
    (postgres.folder / "port").unlink()
    monkeypatch.setattr(server, "free_port", lambda: taken_port)
    with pytest.raises(ServiceStartFailed, match="could not create any TCP/IP sockets"):
        postgres.start()
    assert not postgres.alive()


def test_a_failed_start_says_what_the_log_says(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    config = data_of(postgres) / "postgresql.conf"
    good = config.read_text()
    config.write_text(good + "nonsense = 1\n")
    try:
        with pytest.raises(
            ServiceStartFailed, match='unrecognized configuration parameter "nonsense"'
        ):
            postgres.start()
    finally:
        config.write_text(good)


def test_without_a_start_there_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="not been started"):
        _ = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "postgres.log").url


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
@pytest.mark.parametrize("account", [privileges._in_user_namespace, privileges._as_nobody])
def test_root_runs_it_in_a_folder_that_only_root_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Callable[[], Account]
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(postgres_module, "unprivileged_account", account)
    postgres = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "postgres.log")
    try:
        postgres.start()
        assert ask(postgres, "select 1") == 1
    finally:
        postgres.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_a_cluster_follows_from_one_account_to_the_other(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.stop()
    for account in (privileges._as_nobody, privileges._in_user_namespace):
        monkeypatch.setattr(postgres_module, "unprivileged_account", account)
        with EmbeddedPostgresOn(postgres) as heir:
            assert ask(heir, "select word from words") == "kept"


def test_root_without_a_way_to_become_another_user_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for way in ("_in_user_namespace", "_as_nobody"):
        monkeypatch.setattr(privileges, way, lambda: Account(1, 1, ("false",)))
    with pytest.raises(ServiceStartFailed, match="refuses to run as root") as told:
        privileges.unprivileged_account()
    assert "ordinary user" in told.value.todo


@pytest.mark.skipif(not _debian(), reason="this machine has no Postgres of its own")
def test_the_postgres_of_the_system_serves_too(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "postgres.log", _debian()[0])
    try:
        postgres.start()
        assert ask(postgres, "select lower('ÄÖÜ')") == "äöü"
    finally:
        postgres.stop()


def test_a_cluster_left_half_made_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    (folder / "cluster.new-x" / "data").mkdir(parents=True)
    postgres = EmbeddedPostgres(folder, tmp_path / "postgres.log")
    try:
        postgres.start()
        assert sorted(entry.name for entry in folder.iterdir()) == ["cluster", "port"]
    finally:
        postgres.stop()


def test_a_cluster_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, code in (("postgres", "echo 'postgres (PostgreSQL) 18.1'"), ("initdb", "exit 3")):
        (programs / name).write_text(f"#!/bin/sh\necho no room on the disk\n{code}\n")
        (programs / name).chmod(0o755)
    postgres = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "postgres.log", programs)
    with pytest.raises(ServiceStartFailed, match="no room on the disk"):
        postgres.start()
    assert not (tmp_path / "postgres" / "cluster").exists()
    shutil.rmtree(programs)
