"""Starts programs that end with their owner, writes their logs, ends them step by step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import Signals
from typing import BinaryIO

_TETHER = Path(__file__).with_name("tether.py")
_MAX_LOG_BYTES = 10 * 1024 * 1024
_POLL_S = 0.02

Steps = Sequence[tuple[Signals, float]]
"""Signals in the order they are sent, each with the seconds to wait for its effect."""


def launch(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    on_owner_death: Signals,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a program as our direct child, in a process group of its own, its output in `log`.

    On Linux it gets `on_owner_death` when the calling thread ends, so call this from the thread
    that lives as long as the owner: the main one.
    """
    tethered = [sys.executable, "-I", "-S", str(_TETHER)]
    tethered += [str(os.getpid()), str(int(on_owner_death)), *argv]
    with open_log(log) as output:
        return subprocess.Popen(
            tethered,
            env=dict(env),
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; one that has grown beyond 10 MB becomes `<name>.1` first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _MAX_LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def read_log(path: Path, start: int = 0, *, lines: int = 15) -> str:
    """The last lines of a log, from the byte `start` on; empty when there is no log."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(max(start, path.stat().st_size - 64 * 1024))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    return ""


def wait_until(condition: Callable[[], bool], within_s: float) -> bool:
    """Whether the condition became true within so many seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def end_child(process: subprocess.Popen[bytes], steps: Steps) -> None:
    """End our own child and take its exit code; whatever outlives all steps is killed."""
    for signal, patience_s in steps:
        if process.poll() is None:
            process.send_signal(signal)
            wait_until(lambda: process.poll() is not None, patience_s)
    if process.poll() is None:
        process.kill()
    process.wait()


def end_stranger(pid: int, steps: Steps) -> bool:
    """End a process that is not our child; whether it is gone afterwards.

    A process is recognised by its command line, so a pid that is taken anew counts as gone.
    """
    command = command_of(pid)
    for signal, patience_s in steps:
        with suppress(ProcessLookupError):
            os.kill(pid, signal)
        if wait_until(lambda: command_of(pid) != command, patience_s):
            return True
    return command_of(pid) != command


def command_of(pid: int) -> str:
    """The command line of a process; empty when it has ended, even if nobody waited for it."""
    if sys.platform == "linux":
        with suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        return ""
    ps = shutil.which("ps") or "/bin/ps"
    shown = subprocess.run(
        [ps, "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
    )
    return shown.stdout.decode().strip()
