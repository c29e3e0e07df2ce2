"""Our RQ worker: one queue, in one process, hardened where RQ 3.0 loses, doubles or strands jobs.

It answers a bell in its own process, with connections that stay open: a fork for each bell and new
connections in it cost several times what most steps take. Nothing rests on the fork's isolation:
a worker that dies is started again by its host, and its generation is found by the lease. What it
no longer gives is an end to code that hangs outside Python, so a watchdog does that.

RQ's worker raises its stop signal out of a blocking pop (and then the popped job is in no list).
Each override says which.
"""

from __future__ import annotations

import faulthandler
import threading
import time

import structlog
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job

from jobs.bells import BELL_TIMEOUT_S, Bell, Bells
from jobs.bootstrap import opened_services
from jobs.steps import Step, reached
from jobs.tasks import answering
from storage.errors import RecordError
from storage.postgres import Database
from storage.records import events
from storage.settings import Settings

log = structlog.get_logger(__name__)

BEAT_S = 10.0
WORKER_TTL_S = 30
MAINTENANCE_S = 10
HUNG_AFTER_S = BELL_TIMEOUT_S + 60.0
"""RQ interrupts Python when a bell's time is over; what has not ended by then never will."""
MOST_BELLS_ANSWERED = 2000
"""Then the worker makes room for a new one: libraries that decode videos leak a little."""
REDIS_WAIT_S = 5.0
"""Longest wait before Redis is tried again, so that work goes on soon after it is back."""
_REDIS_POLL_S = 0.5


class StudioWorker(SimpleWorker):
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
        return bool(SimpleWorker.should_run_maintenance_tasks.fget(self))  # type: ignore[attr-defined]

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Answer, or be ended with a trace of where it hung, even if Python does not go on."""
        faulthandler.dump_traceback_later(HUNG_AFTER_S, exit=True)
        try:
            super().execute_job(job, queue)
        finally:
            faulthandler.cancel_dump_traceback_later()


def run_worker(settings: Settings, bell: Bell) -> None:
    """Work for one bell until SIGTERM or SIGINT; the job in hand is finished first.

    It also ends after `MOST_BELLS_ANSWERED`.

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
            maintenance_interval=MAINTENANCE_S,
        )
        beats.start()
        reached(Step.WORKER_STARTED)
        try:
            with answering(services):
                worker.work(logging_level="WARNING", max_jobs=MOST_BELLS_ANSWERED)
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
