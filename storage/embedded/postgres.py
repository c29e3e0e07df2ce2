"""The embedded Postgres: finds its programs, makes the cluster once, runs it as our child."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from signal import Signals
from typing import ClassVar

import psycopg
from pydantic import SecretStr

from storage.embedded import cluster
from storage.embedded.postgres_programs import find_bin_dir
from storage.embedded.privileges import Account, unprivileged_account
from storage.embedded.processes import Steps, command_of, end_stranger, read_log
from storage.embedded.server import HOST, LocalServer

# The record of money: a commit that was answered is on the disk. The rest is for a small machine.
_SETTINGS = {
    "listen_addresses": HOST,
    # A socket path may not be longer than 107 bytes and a data folder may lie deep; TCP is enough.
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_destination": "stderr",
}


class EmbeddedPostgres(LocalServer):
    """A private Postgres under `folder`, with one user and one database, both named studio.

    `bin_dir` holds `postgres` and `initdb`; None: the bundled ones, else the system's. The server
    is reached over TCP on 127.0.0.1 with a random password (scram-sha-256). `settings` are those of
    Postgres itself, in place of those for a small machine.
    """

    name: ClassVar[str] = "Postgres"
    environment: ClassVar[dict[str, str]] = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
    # SIGINT is Postgres' fast shutdown, SIGQUIT the immediate one (Postgres docs, Server Shutdown).
    stop_steps: ClassVar[Steps] = ((Signals.SIGINT, 20.0), (Signals.SIGQUIT, 5.0))
    port_taken_words: ClassVar[str] = "could not create any TCP/IP sockets"
    # After a `kill -9` the sessions of the old server need a moment to notice and end.
    not_yet_words: ClassVar[str | None] = "is still in use"

    def __init__(
        self,
        folder: Path,
        log: Path,
        bin_dir: Path | None = None,
        *,
        start_within_s: float = 60.0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder, log, start_within_s=start_within_s)
        self._settings = {**_SETTINGS, **(settings or {})}
        self._wanted_bin_dir = bin_dir
        self._cluster = self.folder / "cluster"
        self._data = self._cluster / cluster.DATA

    @property
    def url(self) -> SecretStr:
        """`postgresql://studio:…@127.0.0.1:port/studio`.

        Raises:
            ServiceError: it has not been started yet.
        """
        return self._url(self._known_port())

    @cached_property
    def bin_dir(self) -> Path:
        """Where `postgres` and `initdb` are.

        Raises:
            ServiceStartFailed: nowhere.
        """
        return find_bin_dir(self._wanted_bin_dir)

    @cached_property
    def _account(self) -> Account:
        return unprivileged_account()

    def _prepare(self) -> None:
        if not self._cluster.exists():
            cluster.build(self.folder, self._cluster, self.bin_dir, self._account, self._run)
        _end_leftover(self._data, self.stop_steps)
        self._account.take(self._cluster)

    def _command(self, port: int) -> list[str]:
        argv = [str(self.bin_dir / "postgres"), "-D", str(self._data), "-p", str(port)]
        for name, value in self._settings.items():
            argv += ["-c", f"{name}={value}"]
        return self._account.command(argv, self.stop_steps[0][0])

    def _answers(self, port: int) -> bool:
        try:
            psycopg.connect(self._url(port).get_secret_value(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _url(self, port: int) -> SecretStr:
        password = (self._cluster / cluster.PASSWORD).read_text().strip()
        return SecretStr(f"postgresql://{cluster.USER}:{password}@{HOST}:{port}/{cluster.DATABASE}")

    def _run(self, argv: list[str], stdin: bytes) -> None:
        """Run one of Postgres' programs to its end, its output in the log.

        Raises:
            ServiceStartFailed: it failed.
        """
        process = self._launch(argv, Signals.SIGKILL, subprocess.PIPE)
        try:
            process.communicate(stdin, timeout=cluster.BUILD_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, Signals.SIGKILL)
            process.communicate()
        if process.returncode != 0:
            raise self._start_failed(read_log(self.log))


def _end_leftover(data: Path, steps: Steps) -> None:
    """End a server that a killed owner left running on our data, and free the data of its pid file.

    Only the owner of the data folder may call this. Where the server died too, its pid may belong
    to a zombie or, after a restart of the machine, to any process; Postgres would refuse to start.
    The file is not removed, because Postgres finds sessions that are still running by it. Instead
    our own pid is written into it: Postgres takes its parent's pid for a stale one (Postgres
    source, miscinit.c, CreateLockFile).
    """
    pid_file = data / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
        pid = int(lines[0])
    except FileNotFoundError:
        return
    except (IndexError, ValueError):
        pid_file.unlink()  # Cut short by a crash. Postgres refuses to start on it.
        return
    command = command_of(pid)
    if "postgres" in command and str(data) in command:
        end_stranger(pid, (*steps, (Signals.SIGKILL, 5.0)))
    if pid_file.exists():
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
