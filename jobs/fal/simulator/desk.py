"""Takes requests, decides what becomes of them, and knows at any moment where each one is."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from jobs.errors import MediaToolFailed
from jobs.fal.catalog import Model, load_catalog
from jobs.fal.simulator.failures import (
    AFTER_THE_RUN,
    broken_model,
    cancelled,
    failure_of,
    model_failure,
    start_timeout,
)
from jobs.fal.simulator.faults import FaultBoard
from jobs.fal.simulator.images import ImageProblem
from jobs.fal.simulator.inputs import read_input
from jobs.fal.simulator.render import Renderer
from jobs.fal.simulator.schedule import Schedule, Started, Waiting
from jobs.fal.simulator.state import (
    BookedRequest,
    Failure,
    NewRequest,
    QueueStatus,
    State,
    VideoOrder,
)

_QUEUE_SHARE = 0.1
"""The part of a request's time that it spends in the queue even when nobody is before it."""
_SPREAD = 0.2
_RENDER_THREADS = 2


@dataclass(frozen=True)
class Pace:
    """How long things take, and how the videos are made."""

    seconds: float
    """From submit to the finished video when nobody waits, give or take a fifth."""
    concurrency: int = 10
    """Requests in progress at once."""
    copies: bool = False
    """Answer with prepared videos in place of rendered ones."""


@dataclass(frozen=True)
class Post:
    """A submit that was received whole."""

    model: Model
    given: dict[str, Any]
    base_url: str
    tags: dict[str, str] = field(default_factory=dict)
    webhook_url: str | None = None
    start_timeout_s: float | None = None

    @property
    def prompt(self) -> str:
        """The prompt, "" when the input has none that is text."""
        prompt = self.given.get("prompt")
        return prompt if isinstance(prompt, str) else ""

    @property
    def markers(self) -> list[str]:
        """What a client can know its own submit by, as `kind:value`."""
        names = ("seed", "end_user_id", "image_url")
        marks = [f"{name}:{self.given[name]}" for name in names if self.given.get(name) is not None]
        return [m for m in marks if len(m) <= 512] + [f"tag:{k}={v}" for k, v in self.tags.items()]


class Desk:
    """The simulated fal behind its HTTP routes. Used from one event loop."""

    def __init__(self, folder: Path, pace: Pace, catalog_file: Path | None = None) -> None:
        self.folder = folder
        self.catalog = load_catalog(catalog_file)
        self.state = State(folder)
        self.faults = FaultBoard(self.state)
        self._pace = pace
        self._schedule = _resumed(self.state, pace.concurrency, time.time())
        self._renderer = Renderer(folder, pace.copies)
        self._pool = ThreadPoolExecutor(_RENDER_THREADS, "render")
        self._videos: dict[int, asyncio.Task[Path | None]] = {}

    def close(self) -> None:
        """Stop rendering and close the record."""
        self._pool.shutdown(cancel_futures=True)
        self.state.close()

    def advance(self) -> float:
        """Bring the record up to now; the moment that it was brought up to."""
        now = time.time()
        for change in self._schedule.advance(now):
            if isinstance(change, Started):
                self.state.start(change.seq, change.at, change.until)
                self._render_early(change.seq)
            else:
                self.state.end(change.seq, change.at, start_timeout())
        return now

    def refuse(self, post: Post, fault: str) -> None:
        """Note a POST that is not booked."""
        self.state.note_post(time.time(), post.model.endpoint, post.markers, fault, None)

    def book(self, post: Post, fault: str | None) -> BookedRequest:
        """Book a request; `fault` is what will be wrong with the answer."""
        self.advance()
        request = self._planned(post, time.time())
        booked = self.state.note_post(
            request.submitted_at, request.endpoint, post.markers, fault, request
        )
        assert booked is not None  # noqa: S101 - it was given, so it was booked
        self._schedule.add(_waiting(booked))
        return booked

    def find(self, request_id: str, app: str) -> BookedRequest | None:
        """The request as it is now; None when the app (`owner/name`) has no such request."""
        self.advance()
        request = self.state.find(request_id)
        return request if request is not None and request.app == app else None

    def queue_position(self, request: BookedRequest) -> int:
        """How many requests are before this one."""
        return self._schedule.position(request.seq)

    def cancel(self, request: BookedRequest) -> bool:
        """Stop a request as it was just found; False when it has completed.

        In the queue it is removed. In progress it ends at once, unless its fault says that the
        machine does not listen (fal promises no more than to ask it).
        """
        now = time.time()
        status = request.status(now)
        if status is QueueStatus.COMPLETED:
            return False
        if status is QueueStatus.IN_QUEUE:
            self._schedule.remove(request.seq)
        elif "cancel_ignored" in request.faults:
            return True
        else:
            self._schedule.release(request.ended_at, now)
        self.state.end(request.seq, now, cancelled())
        return True

    async def video(self, request: BookedRequest) -> Path | None:
        """The finished video; None when it can't be made, which the record then says."""
        if request.video is None or request.failure is not None:
            return None
        if request.seq not in self._videos:
            self._videos[request.seq] = asyncio.create_task(self._rendered(request, request.video))
        return await asyncio.shield(self._videos[request.seq])

    def _render_early(self, seq: int) -> None:
        """Begin to render while the request still runs, so that its result is there in time."""
        request = self.state.find_by_number(seq)
        if request.video is not None and request.failure is None and not self._pace.copies:
            self._videos[seq] = asyncio.create_task(self._rendered(request, request.video))

    async def _rendered(self, request: BookedRequest, order: VideoOrder) -> Path | None:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, self._renderer.video, order)
        except ImageProblem as exc:
            self.state.fail(request.seq, model_failure([exc.entry]))
        except MediaToolFailed:
            self.state.fail(request.seq, broken_model(request.input))
        return None

    def _planned(self, post: Post, now: float) -> NewRequest:
        request_id = str(uuid4())
        faults = self.faults.run(post.prompt, post.model.endpoint)
        order = read_input(post.given, post.model, self.folder, request_id)
        failure = _failure(order, faults, post.given)
        total_s = self._pace.seconds * _spread(request_id)
        ready_at = now + total_s * _QUEUE_SHARE
        return NewRequest(
            request_id=request_id,
            endpoint=post.model.endpoint,
            input=post.given,
            tags=post.tags,
            faults=faults,
            submitted_at=now,
            ready_at=ready_at,
            run_s=_run_s(total_s, faults, failure),
            start_deadline=_start_deadline(now, ready_at, post.start_timeout_s, faults),
            failure=failure,
            video=_ordered(order, faults),
            base_url=post.base_url,
            webhook_url=post.webhook_url,
        )


def _resumed(state: State, concurrency: int, now: float) -> Schedule:
    """The schedule as the record has it; what fell due while nobody looked follows at once."""
    unfinished = state.unfinished(now)
    running = [r for r in unfinished if r.started_at is not None]
    busy_until = [math.inf if r.ended_at is None else r.ended_at for r in running]
    return Schedule(
        concurrency, busy_until, [_waiting(r) for r in unfinished if r.started_at is None]
    )


def _waiting(request: BookedRequest) -> Waiting:
    return Waiting(request.seq, request.ready_at, request.run_s, request.start_deadline)


def _spread(request_id: str) -> float:
    """A factor within a fifth of 1 that is always the same for one request."""
    chance = int(hashlib.sha256(request_id.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
    return 1 - _SPREAD + 2 * _SPREAD * chance


def _failure(
    order: VideoOrder | list[dict[str, Any]], faults: list[str], given: dict[str, Any]
) -> Failure | None:
    if not isinstance(order, VideoOrder):
        return model_failure(order)
    failures = (failure_of(name, given, order.units) for name in faults)
    return next((failure for failure in failures if failure is not None), None)


def _run_s(total_s: float, faults: list[str], failure: Failure | None) -> float | None:
    if "never_completes" in faults:
        return None
    if failure is None or AFTER_THE_RUN.intersection(faults):
        return total_s * (1 - _QUEUE_SHARE)
    return total_s * _QUEUE_SHARE


def _start_deadline(
    now: float, ready_at: float, timeout_s: float | None, faults: list[str]
) -> float | None:
    if "start_timeout" in faults:
        # Just before it could start, so that nobody has to wait for the real deadline.
        return ready_at - 0.001
    return None if timeout_s is None else now + timeout_s


def _ordered(order: VideoOrder | list[dict[str, Any]], faults: list[str]) -> VideoOrder | None:
    if not isinstance(order, VideoOrder):
        return None
    if "wrong_size" in faults:
        return replace(order, width=order.width // 4 * 2, height=order.height // 4 * 2)
    return order
