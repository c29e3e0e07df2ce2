"""Our RQ worker: one queue, hardened where RQ 3.0 loses, doubles or strands jobs.

RQ's worker raises its stop signal out of a blocking pop (and then the popped job is in no list),
lets an orphaned work horse go on beside a second worker, and looks for abandoned jobs only after
minutes. Each override says which.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

import structlog
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job

from jobs.bells import Bell, Bells
from jobs.bootstrap import opened_services
from jobs.steps import Step, reached
from storage.errors import RecordError
from storage.postgres import Database
from storage.records import events
from storage.settings import Settings

log = structlog.get_logger(__name__)

PR_SET_PDEATHSIG = 1
BEAT_S = 10.0
WORKER_TTL_S = 30
MONITORING_S = 5
MAINTENANCE_S = 10
REDIS_WAIT_S = 5.0
"""Longest wait before Redis is tried again, so that work goes on soon after it is back."""
_REDIS_POLL_S = 0.5


class StudioWorker(Worker):
    """Listens to one bell."""

    max_connection_wait_time = REDIS_WAIT_S
    """RQ waits twice as long after each try, up to a minute after Redis is back."""

    @property
    def dequeue_timeout(self) -> int:
        """Leave the blocking pop every two seconds, to see a stop and to do maintenance."""
        return 2

    def _shutdown(self) -> None:
        """Only note the stop: raised from a signal handler it would strand a popped job."""
        self._stop_requested = True

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Asked between two pops, when no job is held: the place where stopping is safe."""
        if self._stop_requested:
            raise StopRequested
        return bool(Worker.should_run_maintenance_tasks.fget(self))  # type: ignore[attr-defined]

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 (RQ's signature)
        """A silent job counts as abandoned after three beats rather than a minute later."""
        return int(self.job_monitoring_interval) * 3 + 5

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Die with the worker, so that no orphan works beside the one that takes over."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self.pid:
                os._exit(1)
        super().main_work_horse(job, queue)


def run_worker(settings: Settings, bell: Bell) -> None:
    """Work for one bell until SIGTERM or SIGINT; the job in hand is finished first.

    Raises:
        SettingsError: an address is missing.
    """
    with opened_services(settings) as services:
        wait_for_redis(services.bells)
        stop = threading.Event()
        beats = threading.Thread(
            target=_beat, args=(services.database, bell, stop), daemon=True, name="beat"
        )
        worker = StudioWorker(
            [services.bells.queue(bell)],
            connection=services.bells.redis,
            worker_ttl=WORKER_TTL_S,
            job_monitoring_interval=MONITORING_S,
            maintenance_interval=MAINTENANCE_S,
        )
        beats.start()
        reached(Step.WORKER_STARTED)
        try:
            worker.work(with_scheduler=False, logging_level="WARNING")
        finally:
            stop.set()
            beats.join()


def wait_for_redis(bells: Bells) -> None:
    """Return once Redis answers: RQ's worker survives an outage, but not its start in one."""
    away = False
    while not bells.ping():
        if not away:
            log.warning("waiting for redis")
            away = True
        time.sleep(_REDIS_POLL_S)


def _beat(database: Database, bell: Bell, stop: threading.Event) -> None:
    while True:
        try:
            with database.as_service() as tx:
                events.beat(tx, bell.value)
            if stop.wait(BEAT_S):
                with database.as_service() as tx:
                    events.leave(tx)
                return
        except RecordError as exc:
            log.warning("no sign of life written", error=str(exc))
            if stop.wait(BEAT_S):
                return
