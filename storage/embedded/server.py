"""What the embedded servers share: one port on 127.0.0.1, one password, start, stop, alive."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import Signals
from typing import ClassVar, Protocol

from pydantic import SecretStr

from storage.embedded.processes import Steps, end_child, launch, read_log
from storage.errors import ServiceError, ServiceStartFailed

HOST = "127.0.0.1"
_PORT_TRIES = 3
_POLL_S = 0.02
_PAUSE_S = 0.2


class Service(Protocol):
    """A server that a supervisor keeps running."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def start(self) -> None:
        """Bring it up and return when it answers; nothing happens when it is up.

        Raises:
            ServiceStartFailed: it did not come up; its log says why.
        """

    def stop(self) -> None:
        """End it and wait for its end; nothing happens when it is down."""

    def alive(self) -> bool:
        """Whether its process runs. Takes the exit code of one that has ended."""


class LocalServer(ABC):
    """A server that is our direct child and keeps its data in one folder.

    A direct child, because a server that was killed stays a zombie until its parent waits for it,
    and Postgres takes the zombie for a running server.
    """

    name: ClassVar[str]
    environment: ClassVar[dict[str, str]]
    stop_steps: ClassVar[Steps]
    """How to end it; the first signal is also what it gets when its owner is killed."""
    port_taken_words: ClassVar[str]
    """What its log says when another program has the port."""
    not_yet_words: ClassVar[str | None] = None
    """What its log says when the same start may work a moment later."""

    def __init__(self, folder: Path, log: Path, *, start_within_s: float = 60.0) -> None:
        self.folder = folder.resolve()
        self.log = log.resolve()
        self._start_within_s = start_within_s
        self._process: subprocess.Popen[bytes] | None = None
        self._port_file = self.folder / "port"

    @property
    @abstractmethod
    def url(self) -> SecretStr:
        """The address with the password in it; only known once the server has been started."""

    @property
    def pid(self) -> int | None:
        """The server's process; None when it was not started."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Bring the server up on its former port, or on another when that one is taken.

        Raises:
            ServiceStartFailed: it did not answer in time; the message ends with its log.
        """
        if self.alive():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prepare()
        deadline = time.monotonic() + self._start_within_s
        ports = self._ports()
        port: int | None = next(ports)
        while port is not None:
            said = self._attempt(port, deadline)
            if said is None:
                self._port_file.write_text(str(port))
                return
            port = self._next_port(said, port, ports, deadline)
        self.stop()
        raise self._start_failed(said or "")

    def stop(self) -> None:
        """Ask the server to end, ask harder, kill it; returns when it is gone."""
        if self._process is not None:
            end_child(self._process, self.stop_steps)
            self._process = None

    def alive(self) -> bool:
        """Whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data and end what a killed owner left running."""

    @abstractmethod
    def _command(self, port: int) -> list[str]:
        """The command line of the server."""

    @abstractmethod
    def _answers(self, port: int) -> bool:
        """Whether our own server takes connections on the port."""

    def _attempt(self, port: int, deadline: float) -> str | None:
        """None when the server came up, else what its log says about this attempt."""
        start = self.log.stat().st_size if self.log.exists() else 0
        self._process = self._launch(self._command(port), self.stop_steps[0][0])
        while self.alive() and time.monotonic() < deadline:
            if self._answers(port):
                return None
            time.sleep(_POLL_S)
        return read_log(self.log, start if self.log.stat().st_size >= start else 0)

    def _launch(
        self, argv: list[str], on_owner_death: Signals, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        return launch(
            argv, env=self.environment, log=self.log, on_owner_death=on_owner_death, stdin=stdin
        )

    def _next_port(self, said: str, port: int, ports: Iterator[int], deadline: float) -> int | None:
        """The port of the next attempt; None when another would not help."""
        if self.alive() or time.monotonic() > deadline:
            return None
        if self.port_taken_words in said:
            return next(ports, None)
        if self.not_yet_words and self.not_yet_words in said:
            time.sleep(_PAUSE_S)
            return port
        return None

    def _ports(self) -> Iterator[int]:
        """The former port while nobody else has it, then others the system says are free."""
        former = self._former_port()
        yield former if former and is_free(former) else free_port()
        for _ in range(_PORT_TRIES - 1):
            yield free_port()

    def _former_port(self) -> int | None:
        """The port of the last start; None when there was none."""
        with suppress(FileNotFoundError, ValueError):
            return int(self._port_file.read_text())
        return None

    def _known_port(self) -> int:
        port = self._former_port()
        if port is None:
            raise ServiceError(f"{self.name} has not been started yet, so it has no address.")
        return port

    def _start_failed(self, said: str) -> ServiceStartFailed:
        return ServiceStartFailed(
            f"{self.name} did not start. The end of its log, {self.log}:\n{said}",
            todo="Correct what the log names and start again.",
        )


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now; another program may still be quicker."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def new_password() -> str:
    """A random password of 32 characters that need no quoting in an address."""
    return secrets.token_urlsafe(24)


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As the servers do: connections of the last run that still time out are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
