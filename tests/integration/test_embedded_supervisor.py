import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from storage.embedded.children import Supervisor
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.processes import command_of, read_log, wait_until
from storage.embedded.valkey import EmbeddedValkey
from storage.errors import ServiceStartFailed

SLEEPS = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPS
ENDS = "print('ended', flush=True)"
ASKS_TWICE = """
import signal, sys
asked = []
def on_term(*_):
    asked.append(1)
    print('asked', len(asked), flush=True)
    if len(asked) == 2: sys.exit(0)
signal.signal(signal.SIGTERM, on_term)
print('up', flush=True)
while True: signal.pause()
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}])
print('child', child.pid, flush=True)
"""


@contextmanager
def running(supervisor: Supervisor) -> Iterator[None]:
    """The supervisor's loop in a thread, so that the test can look on; its end ends all."""
    stop = threading.Event()

    def work() -> None:
        supervisor.start(stop)
        supervisor.run(stop)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def add(supervisor: Supervisor, name: str, program: str, folder: Path) -> Path:
    log = folder / f"{name}.log"
    supervisor.add(name, [sys.executable, "-c", program], env=os.environ, log=log)
    return log


def says(log: Path, word: str, times: int = 1) -> bool:
    return wait_until(lambda: read_log(log).count(word) >= times, 20)


def test_a_child_that_ends_with_code_0_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor()
    log = add(supervisor, "ends", ENDS, tmp_path)
    with running(supervisor):
        assert says(log, "ended", times=3)


def test_a_killed_child_is_started_again_and_the_others_are_left_alone(tmp_path: Path) -> None:
    supervisor = Supervisor()
    log, _ = (add(supervisor, name, SLEEPS, tmp_path) for name in ("killed", "other"))
    with running(supervisor):
        assert wait_until(lambda: len(supervisor.pids()) == 2, 20)
        before = supervisor.pids()
        os.kill(before["killed"], 9)
        assert wait_until(
            lambda: supervisor.pids().get("killed", before["killed"]) != before["killed"], 20
        )
        assert supervisor.pids()["other"] == before["other"]
    assert log.exists()


def test_what_a_dead_child_started_is_ended_before_it_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor()
    log = add(supervisor, "parent", PARENT, tmp_path)
    with running(supervisor):
        assert says(log, "child", times=2)
        first = int(read_log(log, lines=99).split()[1])
        assert command_of(first) == ""


def test_a_stubborn_child_is_killed_at_the_end(tmp_path: Path) -> None:
    supervisor = Supervisor(grace_s=0.3)
    log = add(supervisor, "stubborn", STUBBORN, tmp_path)
    with running(supervisor):
        assert says(log, "up")
        pid = supervisor.pids()["stubborn"]
    assert supervisor.pids() == {}
    assert command_of(pid) == ""


def test_a_child_is_asked_twice_before_it_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(grace_s=1.0)
    log = add(supervisor, "asked", ASKS_TWICE, tmp_path)
    with running(supervisor):
        assert says(log, "up")
    assert read_log(log).splitlines() == ["up", "asked 1", "asked 2"]


def test_a_child_waits_until_the_one_before_is_ready(tmp_path: Path) -> None:
    supervisor = Supervisor()
    first = tmp_path / "first.log"
    argv = [sys.executable, "-c", SLEEPS]
    gate = threading.Event()
    supervisor.add("first", argv, env=os.environ, log=first, ready=gate.is_set)
    add(supervisor, "second", SLEEPS, tmp_path)
    with running(supervisor):
        assert says(first, "up")
        assert list(supervisor.pids()) == ["first"]
        gate.set()
        assert wait_until(lambda: list(supervisor.pids()) == ["first", "second"], 20)


def test_a_child_that_is_never_ready_is_reported_and_all_are_ended(tmp_path: Path) -> None:
    supervisor = Supervisor(grace_s=0.3, ready_within_s=0.5)
    add(supervisor, "first", SLEEPS, tmp_path)
    log = tmp_path / "broken.log"
    argv = [sys.executable, "-c", "raise SystemExit('no key')"]
    supervisor.add("broken", argv, env=os.environ, log=log, ready=lambda: False)
    with pytest.raises(ServiceStartFailed, match=r"broken did not become ready(?s:.*)no key"):
        supervisor.start(threading.Event())
    assert supervisor.pids() == {}


def test_a_stop_while_starting_is_heeded(tmp_path: Path) -> None:
    supervisor = Supervisor(grace_s=0.3)
    stop = threading.Event()
    stop.set()
    argv = [sys.executable, "-c", SLEEPS]
    supervisor.add("never", argv, env={}, log=tmp_path / "never.log", ready=lambda: False)
    supervisor.start(stop)
    supervisor.run(stop)
    assert supervisor.pids() == {}


def test_killed_servers_come_back_with_their_data(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "postgres.log")
    valkey = EmbeddedValkey(tmp_path / "valkey", tmp_path / "valkey.log")
    supervisor = Supervisor()
    try:
        for service in (postgres, valkey):
            service.start()
            supervisor.watch(service)
        write(postgres, valkey)
        with running(supervisor):
            killed = [server.pid for server in (postgres, valkey) if server.pid]
            assert len(killed) == 2
            for pid in killed:
                os.kill(pid, 9)
            assert wait_until(lambda: both_back(postgres, valkey, killed), 30)
            assert read(postgres, valkey) == ("kept", b"kept")
    finally:
        valkey.stop()
        postgres.stop()


def both_back(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, killed: list[int]) -> bool:
    return all(
        service.pid not in killed and service.alive() and service._answers(service._known_port())
        for service in (postgres, valkey)
    )


def write(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
    with psycopg.connect(postgres.url.get_secret_value()) as connection:
        connection.execute("create table words as select 'kept' as word")
    with Redis.from_url(valkey.url.get_secret_value()) as redis:
        redis.set("word", "kept")
        assert redis.waitaof(1, 0, 20_000) == [1, 0]


def read(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> tuple[object, object]:
    with psycopg.connect(postgres.url.get_secret_value()) as connection:
        row = connection.execute("select word from words").fetchone()
    with Redis.from_url(valkey.url.get_secret_value()) as redis:
        return row and row[0], redis.get("word")
