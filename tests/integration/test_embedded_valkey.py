import os
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest
import redis
from redis import Redis

from storage.embedded.processes import command_of, wait_until
from storage.embedded.valkey import EmbeddedValkey
from storage.errors import ServiceStartFailed


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    folder = tmp_path_factory.mktemp("kept")
    valkey = EmbeddedValkey(folder / "valkey", folder / "valkey.log")
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
def valkey(kept: EmbeddedValkey) -> EmbeddedValkey:
    kept.start()
    return kept


def client(valkey: EmbeddedValkey) -> Redis:
    return Redis.from_url(valkey.url.get_secret_value(), decode_responses=True)


def pid_of(valkey: EmbeddedValkey) -> int:
    assert valkey.pid is not None
    return valkey.pid


def password(valkey: EmbeddedValkey) -> str:
    return valkey.url.get_secret_value().split(":")[2].split("@")[0]


def test_it_answers_at_its_address_with_the_commands_rq_needs(valkey: EmbeddedValkey) -> None:
    with client(valkey) as server:
        server.rpush("from", "job")
        assert server.blmove("from", "to", timeout=1) == "job"


def test_a_wrong_password_is_refused(valkey: EmbeddedValkey) -> None:
    url = valkey.url.get_secret_value().replace(password(valkey), "guess")
    with Redis.from_url(url) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_the_password_is_in_no_repr_no_log_and_no_command_line(valkey: EmbeddedValkey) -> None:
    shown = f"{valkey.url!r} {valkey.url} {valkey!r} {command_of(pid_of(valkey))}"
    assert password(valkey) not in shown + valkey.log.read_text()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
        ("maxmemory-policy", "noeviction"),
        ("bind", "127.0.0.1"),
    ],
)
def test_it_keeps_what_it_is_given_and_nobody_else_can_reach_it(
    valkey: EmbeddedValkey, setting: str, value: str
) -> None:
    with client(valkey) as server:
        assert server.config_get(setting)[setting] == value


def test_a_restart_keeps_the_data_and_the_address(valkey: EmbeddedValkey) -> None:
    url = valkey.url
    with client(valkey) as server:
        server.set("word", "kept")
    valkey.stop()
    valkey.start()
    with client(valkey) as server:
        assert server.get("word") == "kept"
    assert valkey.url == url


def test_after_kill_9_every_write_that_reached_the_disk_is_there(valkey: EmbeddedValkey) -> None:
    with client(valkey) as server:
        server.delete("list")
        written = [server.rpush("list", n) for n in range(1000)][-1]
        assert server.waitaof(1, 0, 20_000) == [1, 0]
    os.kill(pid_of(valkey), SIGKILL)
    assert wait_until(lambda: not valkey.alive(), 10)
    valkey.start()
    with client(valkey) as server:
        assert server.llen("list") == written


def test_a_server_left_running_is_taken_over(valkey: EmbeddedValkey) -> None:
    with client(valkey) as server:
        server.set("word", "kept")
    heir = EmbeddedValkey(valkey.folder, valkey.log)
    heir.start()
    try:
        assert wait_until(lambda: not valkey.alive(), 10)
        with client(heir) as server:
            assert server.get("word") == "kept"
    finally:
        heir.stop()


def test_a_foreign_server_on_the_former_port_is_left_alone(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    other = EmbeddedValkey(tmp_path / "other", tmp_path / "other.log")
    other.folder.mkdir()
    (other.folder / "port").write_text((valkey.folder / "port").read_text())
    try:
        other.start()
        assert valkey.alive()
        assert other.url != valkey.url
    finally:
        other.stop()


def test_a_failed_start_says_what_the_log_says(valkey: EmbeddedValkey) -> None:
    valkey.stop()
    config = valkey.folder / "valkey.conf"
    good = config.read_text()
    config.write_text(good + "nonsense 1\n")
    try:
        with pytest.raises(ServiceStartFailed, match="nonsense"):
            valkey.start()
    finally:
        config.write_text(good)
