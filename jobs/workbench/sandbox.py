"""One sandbox as the dashboard sees it: a process that is asked, and killed when it must be."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.errors import QueryFailed, QueryRefused, QueryTooLarge, QueryTooLong
from jobs.workbench.frames import HEAD, length_of, packed
from jobs.workbench.limits import Limits
from storage.warehouse.snapshots import Snapshot

if TYPE_CHECKING:
    import pyarrow

_PROGRAM = Path(__file__).with_name("sandbox_process.py")
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""All that the process knows of ours; without the first, a library starts a thread for each core
before the process limits itself."""
_START_S = 30.0
_HEAD_MB = 1
_MB = 1024 * 1024


class SandboxEnded(Exception):
    """The process is gone: killed, or it crashed."""


@dataclass(frozen=True)
class Answer:
    """What came of a question."""

    table: pyarrow.Table
    """Times are naive UTC."""
    cut: str | None
    """`rows` or `bytes`: by which limit only the beginning is here. None: everything is."""


class Sandbox:
    """A started process over one snapshot, which goes with it. One question at a time.

    `scratch` is an empty folder for it, which goes with it too; `state` is the stamp of the
    manifest that the snapshot was taken of.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        limits: Limits,
        scratch: Path,
        state: tuple[int, int] | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.state = state
        self.questions = 0
        self._limits = limits
        self._closing = threading.Lock()
        self._scratch = str(scratch)
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd=self._scratch,
            start_new_session=True,
        )
        self.landlock = 0

    def prepare(self) -> None:
        """Wait until it can be asked.

        Raises:
            SandboxEnded: it could not start.
        """
        self._send(self._description())
        told = json.loads(self._receive(_START_S, _HEAD_MB))
        self.landlock = int(told["landlock"])

    def ask(self, sql: str, parameters: dict[str, Any]) -> Answer:
        """The answer to one question. After any error but the first two, and after an answer that
        was cut off, the caller closes it.

        Raises:
            QueryRefused, QueryFailed: the question is not one that can be answered.
            QueryTooLarge, QueryTooLong: it took more than one may take.
            SandboxEnded: the process is gone.
        """
        import pyarrow as pa

        self.questions += 1
        self._send({"sql": sql, "parameters": parameters})
        deadline = self._limits.seconds + self._limits.grace_s
        told = json.loads(self._receive(deadline, _HEAD_MB))
        if "fault" in told:
            raise self._error(told)
        body = self._receive(deadline, self._limits.answer_mb * 2 + _HEAD_MB)
        try:
            table = pa.ipc.open_stream(body).read_all()
            table.validate(full=True)
        except pa.ArrowException as exc:
            raise SandboxEnded from exc
        return Answer(table, told["cut"])

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process at once, whatever it does. Safe to repeat, from any thread."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End the process and remove what it left. Safe to repeat."""
        with self._closing:
            self.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None and not stream.closed:
                    _close_quietly(stream)
            shutil.rmtree(self._scratch, ignore_errors=True)
            self.snapshot.remove()

    def _description(self) -> dict[str, Any]:
        limits = self._limits
        return {
            "folder": str(self.snapshot.folder),
            "files": self.snapshot.files,
            "views": self.snapshot.views,
            "scratch": self._scratch,
            "seconds": limits.seconds,
            "rows": limits.rows,
            "answer_mb": limits.answer_mb,
            "memory_mb": limits.memory_mb,
            "address_mb": limits.address_mb,
            "disk_mb": limits.disk_mb,
            "threads": limits.threads,
            "cpu_seconds": int(limits.seconds * limits.threads * limits.most_questions),
        }

    def _error(self, told: dict[str, Any]) -> Exception:
        kind, happened, todo = told["fault"], str(told["happened"]), str(told["todo"])
        if kind == "refused":
            return QueryRefused(happened, todo=todo)
        if kind == "too_long":
            return QueryTooLong(self._limits.seconds)
        if kind == "too_large":
            return self._too_large(happened)
        return QueryFailed(happened)

    def _too_large(self, what: str) -> QueryTooLarge:
        limits = self._limits
        most = {"disk": limits.disk_mb, "row": limits.answer_mb}
        known = what if what in most else "memory"  # a broken sandbox may say anything
        return QueryTooLarge(known, most.get(known, limits.memory_mb))

    def _send(self, told: dict[str, Any]) -> None:
        stream = self._process.stdin
        if stream is None:
            raise SandboxEnded
        try:
            stream.write(packed(json.dumps(told).encode()))
            stream.flush()
        except (OSError, ValueError) as exc:
            raise SandboxEnded from exc

    def _receive(self, seconds: float, most_mb: int) -> bytes:
        """The next message. A process that sends too much, or too late, is killed."""
        deadline = time.monotonic() + seconds
        length = length_of(self._bytes(HEAD, deadline))
        if length > most_mb * _MB:
            self.kill()
            raise SandboxEnded
        return self._bytes(length, deadline)

    def _bytes(self, count: int, deadline: float) -> bytes:
        stream = self._process.stdout
        if stream is None or stream.closed:
            raise SandboxEnded
        waiting = select.poll()
        waiting.register(stream, select.POLLIN)
        found = bytearray()
        while len(found) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not waiting.poll(left * 1000):
                self.kill()
                raise QueryTooLong(self._limits.seconds)
            piece = os.read(stream.fileno(), min(count - len(found), _MB))
            if not piece:
                raise SandboxEnded
            found += piece
        return bytes(found)


def _close_quietly(stream: Any) -> None:  # noqa: ANN401
    try:
        stream.close()
    except OSError:  # what was not sent yet has nobody to go to
        return
