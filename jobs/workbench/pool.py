"""The sandboxes of this process: started before they are asked, one question each, few at once.

A question runs in a thread of its own, so that a page can show that it runs and stop it. A sandbox
serves one scope of one state of the lake and is replaced when the lake has moved on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from jobs.errors import (
    QueryCrashed,
    QueryStopped,
    QueryTooLarge,
    QueryTooLong,
    UnforeseenFault,
    WorkbenchBusy,
)
from jobs.workbench.limits import LIMITS, Limits
from jobs.workbench.sandbox import Answer, Sandbox, SandboxEnded
from jobs.workbench.workplace import Workplace
from storage.errors import StudioError, WarehouseMissing
from storage.warehouse.manifest import Manifest, read_manifest, stamp
from storage.warehouse.reader import Scope
from storage.warehouse.snapshots import Snapshots

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Question:
    """What is asked, of which lake, by whom, and whose rows."""

    folder: Path
    scope: Scope
    person_id: UUID
    sql: str
    parameters: dict[str, Any] = field(default_factory=dict)
    """By name: `kind` (`text`, `number`, `yes`, `day`, `list`) and `value`."""


class Run:
    """One question on its way. `on_end` is called once, before anybody waiting is told."""

    def __init__(self, question: Question, on_end: Callable[[Run], None] | None) -> None:
        self.question = question
        self.answer: Answer | None = None
        self.error: StudioError | None = None
        self._on_end = on_end
        self._began = time.monotonic()
        self._seconds: float | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._stopped = False

    @property
    def seconds(self) -> float:
        """How long it has taken, or took."""
        return time.monotonic() - self._began if self._seconds is None else self._seconds

    @property
    def ended(self) -> bool:
        """Whether there is an answer or an error."""
        return self._ended.is_set()

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._stopped

    @property
    def working_pid(self) -> int | None:
        """The process that is at it; None while there is none."""
        with self._lock:
            return self._sandbox.pid if self._sandbox is not None else None

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        return self._ended.wait(seconds)

    def result(self) -> Answer:
        """The answer, waited for.

        Raises:
            StudioError: there is none; see `Sandbox.ask`.
        """
        self.wait()
        if self.error is not None:
            raise self.error
        assert self.answer is not None  # noqa: S101 - ended without an error
        return self.answer

    def stop(self) -> None:
        """End it now. Safe to repeat, and after its end."""
        with self._lock:
            self._stopped = True
            if self._sandbox is not None and not self.ended:
                self._sandbox.kill()

    def hold(self, sandbox: Sandbox | None) -> None:
        """Say which process is at it, for `stop`.

        Raises:
            QueryStopped: it was stopped before.
        """
        with self._lock:
            self._sandbox = sandbox
            if sandbox is not None and self._stopped:
                raise QueryStopped

    def finish(self, answer: Answer | None, error: StudioError | None) -> None:
        """Say how it ended."""
        self.answer, self.error, self._seconds = answer, error, self.seconds
        try:
            if self._on_end is not None:
                self._on_end(self)
        except StudioError as exc:
            self.answer, self.error = None, exc
        finally:
            self._ended.set()


class SandboxPool:
    """Answers questions. Safe to use from many threads; nothing is started before it is asked.

    `folder` is where it keeps what its sandboxes read and write (None: this machine's folder for
    temporary files).
    """

    def __init__(self, limits: Limits = LIMITS, folder: Path | None = None) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(limits.at_once)
        self._running: dict[UUID, Run] = {}
        self._idle: list[tuple[Path, Sandbox]] = []
        self._workplace = Workplace(folder)
        self._snapshots = Snapshots()
        self._closed = False

    def start(self, question: Question, on_end: Callable[[Run], None] | None = None) -> Run:
        """Begin to answer.

        Raises:
            WorkbenchBusy: this person has a question running.
        """
        run = Run(question, on_end)
        with self._lock:
            if self._closed:
                raise WorkbenchBusy("The dashboard is stopping.")
            if question.person_id in self._running:
                raise WorkbenchBusy("A question of yours is still running.")
            self._running[question.person_id] = run
        threading.Thread(target=self._work, args=(run,), name="workbench", daemon=True).start()
        return run

    def running(self, person_id: UUID) -> Run | None:
        """The question that this person waits for."""
        with self._lock:
            return self._running.get(person_id)

    def idle_pids(self) -> list[int]:
        """The processes that wait for a question."""
        with self._lock:
            return [sandbox.pid for _, sandbox in self._idle]

    def warm(self, folder: Path, scope: Scope) -> None:
        """Have a sandbox ready for the next question, in the background."""
        about = (folder, scope)
        threading.Thread(target=self._warm, args=about, name="workbench", daemon=True).start()

    def close(self) -> None:
        """Stop every question and end every process. Safe to repeat."""
        with self._lock:
            self._closed = True
            runs, idle = list(self._running.values()), self._idle
            self._idle = []
        for run in runs:
            run.stop()
        for _, sandbox in idle:
            sandbox.close()
        for run in runs:
            run.wait(self.limits.grace_s * 5)
        self._workplace.remove()

    def _work(self, run: Run) -> None:
        answer, error = None, None
        try:
            answer = self._answer(run)
        except StudioError as exc:
            error = QueryStopped() if run.stopped else exc
        except SandboxEnded:
            error = QueryStopped() if run.stopped else QueryCrashed()
        except Exception as exc:  # whoever waits must be told
            log.exception("a question failed unforeseen")
            error = UnforeseenFault(exc)
        finally:
            with self._lock:
                self._running.pop(run.question.person_id, None)
            run.finish(answer, error)

    def _answer(self, run: Run) -> Answer:
        if not self._turns.acquire(timeout=self.limits.wait_s):
            most = self.limits.at_once
            raise WorkbenchBusy(f"Too many questions are running: {most} may at once.")
        try:
            sandbox = self._ready(run.question.folder, run.question.scope)
            try:
                run.hold(sandbox)
                answer = sandbox.ask(run.question.sql, run.question.parameters)
                if answer.cut is not None:
                    sandbox.close()  # what was begun and left lies in its memory
            except (SandboxEnded, QueryTooLong, QueryTooLarge, QueryStopped):
                sandbox.close()
                raise
            finally:
                run.hold(None)
                self._keep(run.question.folder, sandbox)
        finally:
            self._turns.release()
        return answer

    def _ready(self, folder: Path, scope: Scope) -> Sandbox:
        """A sandbox of this scope and of the lake as it is, kept or new."""
        state = stamp(folder)
        manifest = read_manifest(folder)
        if manifest is None:
            raise WarehouseMissing("There are no figures yet.")
        while (kept := self._kept(folder, scope)) is not None:
            if self._serves(kept, state):
                return kept
            kept.close()
        sandbox = self._new(folder, manifest, scope, state)
        try:
            sandbox.prepare()
        except BaseException:
            sandbox.close()
            raise
        log.info("sandbox started", pid=sandbox.pid, landlock=sandbox.landlock)
        return sandbox

    def _new(
        self, folder: Path, manifest: Manifest, scope: Scope, state: tuple[int, int] | None
    ) -> Sandbox:
        snapshot = self._snapshots.take(folder, manifest, scope, self._workplace.path)
        return Sandbox(snapshot, self.limits, self._workplace.new_folder(), state)

    def _kept(self, folder: Path, scope: Scope) -> Sandbox | None:
        with self._lock:
            for place, (where, sandbox) in enumerate(self._idle):
                if where == folder and sandbox.snapshot.scope == scope:
                    del self._idle[place]
                    return sandbox
        return None

    def _serves(self, sandbox: Sandbox, state: tuple[int, int] | None) -> bool:
        snapshot, limits = sandbox.snapshot, self.limits
        current = sandbox.state == state or snapshot.age_s < limits.fresh_s
        young = snapshot.age_s < limits.oldest_s and sandbox.questions < limits.most_questions
        return sandbox.lives and current and young

    def _keep(self, folder: Path, sandbox: Sandbox) -> None:
        """Keep a sandbox for the next question, and end those asked longest ago."""
        with self._lock:
            if sandbox.lives and not self._closed:
                self._idle.append((folder, sandbox))
                surplus = self._idle[: -self.limits.idle]
                self._idle = self._idle[-self.limits.idle :]
            else:
                surplus = [(folder, sandbox)]
        for _, one in surplus:
            one.close()

    def _warm(self, folder: Path, scope: Scope) -> None:
        try:
            self._keep(folder, self._ready(folder, scope))
        except (StudioError, SandboxEnded, OSError) as exc:  # the question itself will say so
            log.info("no sandbox made ready", error=type(exc).__name__)
