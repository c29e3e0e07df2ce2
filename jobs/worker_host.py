"""Runs several workers as forks of one process that has everything imported.

Importing what a worker needs takes two seconds of CPU; a fork takes none. A worker that ends is
started again, at whatever exit code, with back-off. Workers die with their host.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from types import FrameType

import httpx
import structlog

from jobs.bells import Bell
from jobs.fal.network import tls_context
from jobs.temp_folders import remove_left_folders
from jobs.worker import run_worker
from storage.embedded.children import Backoff
from storage.logs import name_process
from storage.settings import Settings

log = structlog.get_logger(__name__)

POLL_S = 0.2
PR_SET_PDEATHSIG = 1


@dataclass
class _Slot:
    """A place for one worker."""

    bell: Bell
    process: BaseProcess | None = None
    backoff: Backoff = field(default_factory=Backoff)


class WorkerHost:
    """Keeps one worker running for each bell in `bells`; a bell may stand there several times."""

    def __init__(self, settings: Settings, bells: list[Bell]) -> None:
        self._settings = settings
        self._slots = [_Slot(bell) for bell in bells]
        self._stops = 0
        self._fork = multiprocessing.get_context("fork")

    def run(self) -> None:
        """Keep them running until SIGTERM or SIGINT; jobs in hand are finished first.

        A second signal is passed on too: workers then end at once.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        remove_left_folders()
        # Once here rather than in every fork: httpx loads its network layer with its first wire.
        httpx.HTTPTransport(verify=tls_context()).close()
        told = 0
        while self._stops == 0 or self._alive():
            if self._stops == 0:
                self._tend()
            elif told < self._stops:
                told = self._stops
                self._terminate()
            time.sleep(POLL_S)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stops += 1

    def _tend(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.process is not None and not slot.process.is_alive():
                log.warning("worker ended", bell=slot.bell.value, exit_code=slot.process.exitcode)
                slot.process.join()
                slot.process = None
                slot.backoff.ended(now)
            if slot.process is None and slot.backoff.not_before <= now:
                slot.process = self._start(slot.bell)
                slot.backoff.started(now)

    def _start(self, bell: Bell) -> BaseProcess:
        process = self._fork.Process(
            target=_work, args=(self._settings, bell, os.getpid()), name=f"worker-{bell.value}"
        )
        process.start()
        return process

    def _alive(self) -> bool:
        return any(slot.process is not None and slot.process.is_alive() for slot in self._slots)

    def _terminate(self) -> None:
        for slot in self._slots:
            if slot.process is not None and slot.process.is_alive():
                slot.process.terminate()


def _work(settings: Settings, bell: Bell, host_pid: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != host_pid:
            os._exit(1)
    name_process(f"worker {bell.value}")
    if bell is Bell.MEDIA:
        os.nice(10)  # what makes a video playable goes first
    run_worker(settings, bell)
