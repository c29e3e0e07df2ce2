"""A whole owner of a data folder is killed, stopped, asked for, and run as another user."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM, Signals

import psycopg
import pytest
from redis import Redis

from storage.embedded import privileges
from storage.embedded.endpoints import Endpoints, read_endpoints
from storage.embedded.folder import DataFolder
from storage.embedded.processes import wait_until
from storage.errors import DataFolderBusy

PROGRAM = Path(__file__).with_name("embedded_owner_program.py")

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux ends a process with its owner and has /proc"
)


@contextmanager
def owner(path: Path, prefix: Sequence[str] = ()) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([*prefix, sys.executable, str(PROGRAM), str(path)]) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("owned") / "data"


def up(path: Path) -> Endpoints:
    # Postgres syncs its whole folder after a crash: a disk that others write to takes its time.
    assert wait_until(lambda: read_endpoints(path) is not None, 90)
    endpoints = read_endpoints(path)
    assert endpoints is not None
    return endpoints


def processes_of(path: Path) -> list[int]:
    """Every process that works in the folder, or writes or names something in it."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _is_of(entry, str(path))]


def _is_of(entry: Path, path: str) -> bool:
    try:
        seen = [os.readlink(entry / "cwd"), os.readlink(entry / "fd" / "1")]
    except OSError:
        return False
    return any(place.startswith(path + "/") for place in seen)


def remember(endpoints: Endpoints, word: str) -> None:
    assert endpoints.database_url
    assert endpoints.redis_url
    with psycopg.connect(endpoints.database_url.get_secret_value()) as connection:
        connection.execute("create table if not exists words (word text)")
        connection.execute("insert into words values (%s)", [word])
    with Redis.from_url(endpoints.redis_url.get_secret_value()) as redis:
        redis.rpush("words", word)


def remembered(endpoints: Endpoints) -> tuple[list[str], list[str]]:
    assert endpoints.database_url
    assert endpoints.redis_url
    with psycopg.connect(endpoints.database_url.get_secret_value()) as connection:
        rows = connection.execute("select word from words order by word").fetchall()
    with Redis.from_url(endpoints.redis_url.get_secret_value()) as redis:
        return [row[0] for row in rows], [word.decode() for word in redis.lrange("words", 0, -1)]


def test_a_killed_owner_leaves_no_process_and_no_data_is_lost(data: Path) -> None:
    with owner(data) as first:
        remember(up(data), "a")
        assert len(processes_of(data)) > 3
        first.kill()
        assert wait_until(lambda: not processes_of(data), 20)
    assert read_endpoints(data) is None
    with owner(data):
        assert remembered(up(data)) == (["a"], ["a"])


def test_a_stopped_owner_leaves_no_process_and_no_endpoints(data: Path) -> None:
    with owner(data) as process:
        up(data)
        process.send_signal(SIGTERM)
        assert process.wait(timeout=30) == 0
        assert processes_of(data) == []
    assert not DataFolder(data).endpoints_file.exists()


def test_a_second_owner_is_told_who_the_first_is(data: Path) -> None:
    with owner(data):
        pid = up(data).pid
        with pytest.raises(DataFolderBusy, match=f"process {pid}"), DataFolder(data).own():
            pass


def test_a_kill_while_the_cluster_is_made_leaves_nothing_half(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with owner(data) as process:
        assert wait_until(lambda: any(data.glob("postgres/cluster.new-*/data/base")), 30)
        process.kill()
        assert wait_until(lambda: not processes_of(data), 20)
    assert not (data / "postgres" / "cluster").exists()
    with owner(data):
        remember(up(data), "a")
        assert [entry.name for entry in data.glob("postgres/cluster*")] == ["cluster"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_needs_nothing_special(tmp_path: Path) -> None:
    nobody = privileges._as_nobody()
    tmp_path.chmod(0o755)
    os.chown(tmp_path, nobody.uid, nobody.gid)
    with owner(tmp_path / "data", nobody.command([], Signals.SIGKILL)):
        remember(up(tmp_path / "data"), "a")
        assert {path.stat().st_uid for path in tmp_path.rglob("*")} == {nobody.uid}
