"""The processes of a chaos run: `python -m jobs.bench.chaos_process FOLDER`.

One host has everything imported and forks the others: workers, two watchers and two that admit.
Each is the code of the studio, with an observer that kills its own process when the plan says so.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from jobs import collecting, export_building, leases, rendering, submitting, watcher
from jobs.bells import Bell
from jobs.bench.chaos_load import Orders, admit_all
from jobs.bench.chaos_plan import KillPlan
from jobs.bootstrap import opened_services
from jobs.steps import observe
from jobs.worker_host import PR_SET_PDEATHSIG, WorkerHost
from storage.embedded.children import Backoff
from storage.logs import configure_logs, name_process
from storage.settings import Settings, load_settings

LEASE_S = 8.0
BEAT_S = 1.0
RESOLVE_S = 3.0
LONGEST_BACKOFF_S = 1.0
_POLL_S = 0.1


@dataclass
class _Role:
    """A process that is started again whenever it ends."""

    name: str
    work: Callable[[], None]
    process: BaseProcess | None = None
    backoff: Backoff = field(default_factory=lambda: Backoff(0.1, LONGEST_BACKOFF_S))


def hurry() -> None:
    """What takes a studio half a minute to notice takes seconds here; the code is the same."""
    for module in (submitting, collecting, rendering, export_building, leases):
        vars(module)["LEASE_S"] = LEASE_S
    leases.BEAT_S = BEAT_S
    watcher.RESOLVE_S = RESOLVE_S


def main(folder: Path) -> None:
    """Run every process of a chaos run until SIGTERM."""
    configure_logs("chaos host")
    hurry()
    settings, orders = load_settings(), Orders.of(folder)
    plan = KillPlan(folder, orders.rounds)
    observe(plan.obey)
    _keep_running(
        [
            *(_Role(f"admit {n}", lambda: _admit(settings, orders, plan)) for n in (1, 2)),
            *(_Role(f"watcher {n}", lambda: _watch(settings)) for n in (1, 2)),
            _Role("workers", lambda: WorkerHost(settings, _bells(settings)).run()),
        ]
    )


def _admit(settings: Settings, orders: Orders, plan: KillPlan) -> None:
    with opened_services(settings) as services:
        admit_all(services, orders, plan)


def _watch(settings: Settings) -> None:
    """Without the warehouse: its process only reads the record, which is what is proved here, and
    after each kill of a watcher a new one would take the CPU from those that write."""
    watcher.run_watcher(settings, warehouse=False)


def _bells(settings: Settings) -> list[Bell]:
    return [
        *[Bell.SUBMIT] * settings.submit_workers,
        *[Bell.COLLECT] * settings.collect_workers,
        *[Bell.MEDIA] * settings.media_workers,
    ]


def _keep_running(roles: list[_Role]) -> None:
    fork = multiprocessing.get_context("fork")
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    while not stopped:
        for role in roles:
            _tend(role, fork)
        time.sleep(_POLL_S)
    for role in roles:
        if role.process is not None:
            role.process.terminate()
    for role in roles:
        if role.process is not None:
            role.process.join()


def _tend(role: _Role, fork: multiprocessing.context.ForkContext) -> None:
    now = time.monotonic()
    if role.process is not None and not role.process.is_alive():
        role.process.join()
        role.process = None
        role.backoff.ended(now)
    if role.process is None and role.backoff.not_before <= now:
        role.process = fork.Process(target=_live, args=(role, os.getpid()), name=role.name)
        role.process.start()
        role.backoff.started(now)


def _live(role: _Role, host_pid: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != host_pid:
            os._exit(1)
    name_process(role.name)
    role.work()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
