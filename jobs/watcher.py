"""The watcher: one asyncio process that follows everything in flight at fal.

One leader at a time, by a Postgres advisory lock; others stand by. It polls each request at its own
pace, writes what it sees in batches, rings `collect` when fal has completed, sends cancels, and
sweeps (`jobs.recovery`). It holds no state that the record does not: kill it at any moment.
"""

from __future__ import annotations

import asyncio
import math
import signal
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog

from jobs.account_probe import probe_account
from jobs.alert_round import watch_alerts
from jobs.bells import Bell
from jobs.bootstrap import Services, fal_key, opened_services
from jobs.cdn_upkeep import CDN_S, CdnUpkeep
from jobs.collecting import request_of
from jobs.deadlines import chargeable_until, given_up_at
from jobs.errors import FalAccountLocked, FalError, FalResultGone
from jobs.fal.messages import Done, FalStatus, Queued, Running
from jobs.fal.polling import AsyncFalClient
from jobs.file_recovery import mend_files
from jobs.log_words import about_watched
from jobs.observing import Sight, write_sights
from jobs.pace import UsualTimes, next_poll_in_s
from jobs.recovery import settle_unknowns, sweep
from jobs.steps import Step, reached
from jobs.warehouse_process import WAREHOUSE_S, WarehouseUpkeep
from storage.errors import RecordError, RecordUnavailable
from storage.leadership import Leadership
from storage.models import GenerationStatus
from storage.records import attempts, generations
from storage.records.attempts import Watched
from storage.settings import Settings

log = structlog.get_logger(__name__)

Chore = Callable[[], Awaitable[None]]

TICK_S = 0.1
RELOAD_S = 0.5
SWEEP_S = 2.0
RESOLVE_S = 15.0
ALERTS_S = 5.0
FILES_S = 300.0
STANDBY_S = 2.0
AFTER_FAILURE_S = 2.0
CONNECTIONS = 64
CANCELS = 4
GONE_POLLS = 5
GONE_AFTER_S = 60.0
"""A request that fal does not know this often in a row, and for so long, is gone. What fal has just
taken may not be found everywhere at once, and a fault of fal's may say for moments that it is not.
"""


@dataclass
class Followed:
    """A request in flight and when to ask for it next (monotonic seconds)."""

    watched: Watched
    due: float = 0.0
    gone: int = 0
    gone_since: float = 0.0
    """When fal did not know it for the first time in a row (monotonic seconds)."""
    asking: bool = False
    cancel_sent: bool = False


@dataclass
class Watcher:
    """Follows requests while it leads."""

    services: Services
    fal: AsyncFalClient
    stop: asyncio.Event
    warehouse: WarehouseUpkeep | None = None
    """Has the warehouse kept while this one leads; None: nobody does."""
    followed: dict[UUID, Followed] = field(default_factory=dict)
    usual: UsualTimes = field(default_factory=UsualTimes)
    sights: dict[UUID, Sight] = field(default_factory=dict)
    """What is still to be written, the newest of each attempt: a record that is slow must not find
    more to write the longer it takes."""
    polls: set[asyncio.Task[None]] = field(default_factory=set)
    cancels: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(CANCELS, "cancel")
    )
    """Apart from the threads that write to the record: fal may be slow to answer."""

    async def run(self) -> None:
        """Lead when nobody else does, until `stop` is set."""
        leadership = Leadership(self.services.settings)
        try:
            while not self.stop.is_set():
                try:
                    if await asyncio.to_thread(leadership.take):
                        await self._lead(leadership)
                except RecordError as exc:
                    log.warning("the record can't be reached", error=str(exc))
                await self._pause(STANDBY_S)
        finally:
            await asyncio.to_thread(leadership.give_up)
            # One under way ends first: it would open a connection anew that nobody closes.
            await asyncio.to_thread(self.cancels.shutdown, cancel_futures=True)

    async def _lead(self, leadership: Leadership) -> None:
        log.info("leading")
        reached(Step.WATCH_LEADING)
        self.followed, self.sights = {}, {}
        chores = [
            asyncio.create_task(self._every(RELOAD_S, self._reload)),
            asyncio.create_task(self._every(SWEEP_S, self._sweep)),
            asyncio.create_task(self._every(RESOLVE_S, self._resolve)),
            asyncio.create_task(self._every(ALERTS_S, self._watch_alerts)),
            asyncio.create_task(self._every(FILES_S, self._mend_files)),
            asyncio.create_task(self._every(CDN_S, CdnUpkeep(self.services).run)),
            asyncio.create_task(self._every(WAREHOUSE_S, self._keep_warehouse)),
            asyncio.create_task(self._every(SWEEP_S, lambda: self._still(leadership))),
            asyncio.create_task(self._every(TICK_S, self._poll_due)),
            asyncio.create_task(self._every(TICK_S, self._write_sights)),
            asyncio.create_task(self.stop.wait()),
        ]
        try:
            done, _ = await asyncio.wait(chores, return_when=asyncio.FIRST_COMPLETED)
            for chore in done:
                chore.result()
        finally:
            if self.warehouse is not None:
                self.warehouse.close()
            for chore in chores:
                chore.cancel()
            for poll in self.polls:
                poll.cancel()
            await asyncio.gather(*chores, *self.polls, return_exceptions=True)

    async def _every(self, seconds: float, chore: Chore) -> None:
        """Do a chore again and again, whatever it meets: one bad generation stops no other.

        Only a lost record gets out, because the lead may be lost with it.
        """
        while True:
            try:
                await chore()
            except RecordUnavailable:
                raise
            except Exception:
                log.exception("chore failed")
                await asyncio.sleep(AFTER_FAILURE_S)
            await asyncio.sleep(seconds)

    async def _still(self, leadership: Leadership) -> None:
        await asyncio.to_thread(leadership.check)

    async def _sweep(self) -> None:
        await asyncio.to_thread(sweep, self.services)

    async def _resolve(self) -> None:
        await asyncio.to_thread(probe_account, self.services)
        await asyncio.to_thread(settle_unknowns, self.services)

    async def _mend_files(self) -> None:
        await asyncio.to_thread(mend_files, self.services, self.stop.is_set)

    async def _keep_warehouse(self) -> None:
        if self.warehouse is not None:
            await self.warehouse.run()

    async def _watch_alerts(self) -> None:
        await asyncio.to_thread(watch_alerts, self.services)

    async def _reload(self) -> None:
        """Take up what was accepted since, drop what is over."""
        in_flight = await asyncio.to_thread(self._watched)
        fresh: dict[UUID, Followed] = {}
        for watched in in_flight:
            known = self.followed.get(watched.attempt.id)
            if known is None:
                known = Followed(watched, time.monotonic(), cancel_sent=watched.cancel_sent)
            if watched.look_at != known.watched.look_at:
                known.due = 0.0
            known.watched = watched
            fresh[watched.attempt.id] = known
        self.followed = fresh

    def _watched(self) -> list[Watched]:
        with self.services.database.as_service() as tx:
            return attempts.watched(tx)

    async def _poll_due(self) -> None:
        """Start a poll for each request that is due; a slow answer holds up no other."""
        now = time.monotonic()
        for followed in self.followed.values():
            if followed.due <= now and not followed.asking:
                followed.asking = True
                poll = asyncio.create_task(self._poll(followed))
                self.polls.add(poll)
                poll.add_done_callback(self.polls.discard)

    async def _poll(self, followed: Followed) -> None:
        followed.due = math.inf
        with about_watched(followed.watched):
            try:
                sight = await self._look(followed)
                reached(Step.WATCH_SEEN)
            except Exception:
                log.exception("poll failed")
                sight = None
        if sight is not None:
            self.sights[followed.watched.attempt.id] = sight
        if sight is not None and sight.over:
            return  # not asked again until that is written
        followed.asking = False
        # It stays due when fal called meanwhile: this answer may be older than the call.
        followed.due = min(followed.due, time.monotonic() + self._pace(followed))

    async def _write_sights(self) -> None:
        """Write what the polls saw since the last time, and ring for what is to be collected."""
        sights, self.sights = list(self.sights.values()), {}
        if not sights:
            return
        try:
            completed = await asyncio.to_thread(write_sights, self.services.database, sights)
        finally:
            # What the record did not take is followed anew after the next look into it.
            for sight in sights:
                if sight.over:
                    self.followed.pop(sight.watched.attempt.id, None)
        reached(Step.WATCH_WRITTEN)
        if completed:
            await asyncio.to_thread(self.services.bells.ring, Bell.COLLECT, completed)
            await asyncio.to_thread(self._ring_for_the_freed_places)
            reached(Step.WATCH_RUNG)

    def _ring_for_the_freed_places(self) -> None:
        """An end at fal frees a place there; a bell that nobody waits for would cost a fork."""
        with self.services.database.as_service() as tx:
            queued = generations.in_flight(tx)["queued"]
        if queued:
            self.services.bells.ring(Bell.SUBMIT)

    async def _look(self, followed: Followed) -> Sight | None:
        """Ask for one request; None when nothing was learned."""
        watched = followed.watched
        if watched.status is GenerationStatus.CANCELING and not followed.cancel_sent:
            await self._send_cancel(followed)
        try:
            status = await self.fal.status(request_of(watched.attempt))
        except FalResultGone:
            return Sight(watched, gone=True) if _is_gone(followed) else None
        except FalError as exc:
            log.warning("not polled", error=str(exc))
            unreadable = not isinstance(exc, FalAccountLocked) and self._is_past(watched)
            return Sight(watched, unreadable=True) if unreadable else None
        followed.gone = 0
        return self._sight(watched, status)

    def _is_past(self, watched: Watched) -> bool:
        """Whether it must have ended: its result is asked for when its status can't be read."""
        last = chargeable_until(
            watched.attempt, self.services.catalog, watched.model, watched.duration_s
        )
        return datetime.now(UTC) > last

    def _is_given_up(self, watched: Watched) -> bool:
        last = given_up_at(
            watched.attempt, self.services.catalog, watched.model, watched.duration_s
        )
        return datetime.now(UTC) > last

    async def _send_cancel(self, followed: Followed) -> None:
        """Ask fal to stop; when it does not listen the next poll asks again."""
        attempt = followed.watched.attempt
        cancel, loop = self.services.fal.cancel, asyncio.get_running_loop()
        try:
            outcome = await loop.run_in_executor(self.cancels, cancel, request_of(attempt))
        except FalError as exc:
            log.warning("cancel not sent", error=str(exc))
            return
        followed.cancel_sent = True
        reached(Step.WATCH_CANCEL_SENT)
        log.info("cancel sent", outcome=outcome.value)
        await asyncio.to_thread(self._note_cancel, attempt.id)
        reached(Step.WATCH_CANCEL_NOTED)

    def _note_cancel(self, attempt_id: UUID) -> None:
        with self.services.database.as_service() as tx:
            attempts.note_cancel_sent(tx, attempt_id)

    def _sight(self, watched: Watched, status: FalStatus) -> Sight | None:
        if isinstance(status, Done):
            self.usual.learn(watched.model, watched.duration_s, _elapsed_s(watched))
            return Sight(watched, done=status)
        if watched.status is GenerationStatus.CANCELING and self._is_given_up(watched):
            return Sight(watched, given_up=True)
        if isinstance(status, Running):
            return Sight(watched, running=True, logs=status.logs)
        if isinstance(status, Queued) and status.position != watched.attempt.queue_position:
            return Sight(watched, queue_position=status.position)
        return None

    def _pace(self, followed: Followed) -> float:
        watched = followed.watched
        prior_s = self.services.catalog.usual_s(watched.model) * watched.duration_s / 5
        usual_s = self.usual.of(watched.model, watched.duration_s, prior_s)
        return next_poll_in_s(_elapsed_s(watched), usual_s, len(self.followed))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return


def _is_gone(followed: Followed) -> bool:
    """Whether fal, which does not know it now, has not known it often enough and long enough."""
    now = time.monotonic()
    if followed.gone == 0:
        followed.gone_since = now
    followed.gone += 1
    return followed.gone >= GONE_POLLS and now - followed.gone_since >= GONE_AFTER_S


def _elapsed_s(watched: Watched) -> float:
    since = watched.attempt.accepted_at or watched.attempt.created_at
    return (datetime.now(UTC) - since).total_seconds()


def run_watcher(settings: Settings, *, warehouse: bool = True) -> None:
    """Watch until SIGTERM or SIGINT. `warehouse`: whether the one that leads has it kept, too.

    Raises:
        SettingsError: an address is missing.
    """
    with opened_services(settings) as services:
        upkeep = WarehouseUpkeep(services) if warehouse else None
        asyncio.run(_watch(services, upkeep))


async def _watch(services: Services, upkeep: WarehouseUpkeep | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = services.settings
    async with AsyncFalClient(
        fal_key(settings), settings.fal_base_url, connections=CONNECTIONS
    ) as fal:
        await Watcher(services, fal, stop, upkeep).run()
