"""The process tree of `studio up`: keeps servers and children running, ends them all at the end."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

import structlog

from storage.embedded.processes import launch, read_log, wait_until
from storage.embedded.server import Service
from storage.errors import ServiceStartFailed

_POLL_S = 0.2
_LAST_WORD_S = 2.0

_log = structlog.get_logger(__name__)


@dataclass
class Backoff:
    """How long to wait before the next start: 0.2 s, doubled to 10 s, forgotten after 30 s of life.

    Times are seconds of a monotonic clock.
    """

    first_s: float = 0.2
    longest_s: float = 10.0
    healthy_s: float = 30.0
    not_before: float = 0.0
    _wait_s: float = 0.0
    _started_at: float = 0.0

    def started(self, now: float) -> None:
        """Note a start."""
        self._started_at = now

    def ended(self, now: float) -> None:
        """Note an end, or a start that failed; `not_before` is when to start again."""
        lived_well = now - self._started_at >= self.healthy_s
        doubled = min(self._wait_s * 2, self.longest_s)
        self._wait_s = self.first_s if lived_well or not self._wait_s else doubled
        self.not_before = now + self._wait_s


@dataclass
class _Child:
    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], bool] | None
    process: subprocess.Popen[bytes] | None = None
    backoff: Backoff = field(default_factory=Backoff)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        # Nobody would be left to ask twice: without its owner a child is killed at once.
        self.process = launch(self.argv, env=self.env, log=self.log, on_owner_death=Signals.SIGKILL)
        self.backoff.started(time.monotonic())

    def take_end(self) -> None:
        """Note that the child ended, and end what it started and left behind."""
        if self.process is None:
            return
        code = self.process.wait()
        self.kill_group()
        self.process = None
        self.backoff.ended(time.monotonic())
        _log.warning("child_ended", child=self.name, exit_code=code, log=str(self.log))

    def kill_group(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, Signals.SIGKILL)


class Supervisor:
    """Starts children in the order they were added and starts each again whenever it ends.

    Services it watches are brought back first, since children need them; whoever made a service
    also starts and stops it. One thread, the main one: children end when the thread that
    started them does.
    """

    def __init__(self, *, grace_s: float = 8.0, ready_within_s: float = 60.0) -> None:
        self._grace_s = grace_s
        self._ready_within_s = ready_within_s
        self._children: list[_Child] = []
        self._services: list[tuple[Service, Backoff]] = []

    def add(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        ready: Callable[[], bool] | None = None,
    ) -> None:
        """Add a child. `env` is its whole environment; the next one starts when `ready` is true."""
        self._children.append(_Child(name, argv, env, log, ready))

    def watch(self, service: Service) -> None:
        """Start the service again whenever it has died."""
        self._services.append((service, Backoff()))

    def pids(self) -> dict[str, int]:
        """The running children by name."""
        return {c.name: c.process.pid for c in self._children if c.process and c.running()}

    def start(self, stop: threading.Event) -> None:
        """Start every child, each when the one before is ready; returns early once `stop` is set.

        Raises:
            ServiceStartFailed: a child was not ready in time; all children have been ended.
        """
        try:
            for place, child in enumerate(self._children, start=1):
                self._bring_up(child, self._children[:place], stop)
        except BaseException:
            self.stop()
            raise

    def run(self, stop: threading.Event) -> None:
        """Keep everything running until `stop` is set, then end all children.

        It polls: a signal handler that sets the event while this thread waits in `Event.wait`
        would block on the event's own lock.
        """
        try:
            while not stop.is_set():
                self.tend()
                time.sleep(_POLL_S)
        finally:
            self.stop()

    def tend(self) -> None:
        """Start again whatever has ended and whose time has come: one round of `run`."""
        self._tend(self._children)

    def stop(self) -> None:
        """End all children: SIGTERM, time to finish, SIGTERM again, then SIGKILL to the groups."""
        self._terminate(self._grace_s)
        self._terminate(min(_LAST_WORD_S, self._grace_s))
        for child in self._children:
            child.kill_group()
            if child.process is not None:
                child.process.wait()
                child.process = None

    def _terminate(self, patience_s: float) -> None:
        # To the child alone: it decides what becomes of the programs it runs.
        for child in self._children:
            if child.process is not None and child.running():
                child.process.terminate()
        wait_until(lambda: not self.pids(), patience_s)

    def _bring_up(self, child: _Child, so_far: Sequence[_Child], stop: threading.Event) -> None:
        child.launch()
        deadline = time.monotonic() + self._ready_within_s
        while child.ready and not stop.is_set() and not (child.running() and child.ready()):
            if time.monotonic() > deadline:
                raise ServiceStartFailed(
                    f"{child.name} did not become ready. The end of its log, {child.log}:\n"
                    + read_log(child.log),
                    todo="Correct what the log names and start again.",
                )
            self._tend(so_far)
            time.sleep(_POLL_S)

    def _tend(self, children: Sequence[_Child]) -> None:
        for service, backoff in self._services:
            self._tend_service(service, backoff)
        for child in children:
            if not child.running():
                child.take_end()
                if time.monotonic() >= child.backoff.not_before:
                    child.launch()

    def _tend_service(self, service: Service, backoff: Backoff) -> None:
        now = time.monotonic()
        if service.alive() or now < backoff.not_before:
            return
        _log.warning("service_ended", service=service.name)
        backoff.ended(now)
        try:
            service.start()
        except ServiceStartFailed as failure:
            _log.error("service_start_failed", service=service.name, reason=failure.happened)
        backoff.started(time.monotonic())
