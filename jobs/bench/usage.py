"""CPU time and memory of process trees, from Linux' `/proc` (proc(5)).

A process's time includes that of its children that have ended, so a tree loses nothing when its
short-lived members go. Memory is PSS: a page shared by four processes counts a quarter in each.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.errors import ServiceError

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True)
class _Process:
    parent: int
    cpu_s: float


def check_can_measure() -> None:
    """Make sure that this system tells what its processes use.

    Raises:
        ServiceError: it is not Linux.
    """
    if sys.platform != "linux":
        raise ServiceError(
            "CPU and memory can only be measured on Linux.", todo="Run it in the container."
        )


def cpu_s(roots: list[int]) -> float:
    """CPU seconds that these processes and all below them have used so far."""
    processes = _processes()
    return sum(processes[pid].cpu_s for pid in _below(roots, processes))


def memory_mb(roots: list[int]) -> float:
    """Memory of these processes and all below them now, in MB (PSS)."""
    return sum(_pss_kb(pid) for pid in _below(roots, _processes())) / 1024


def cpu_s_of_module(roots: list[int], module: str) -> float:
    """The same of those below them that run a Python module of that name."""
    return cpu_s([pid for pid in below(roots) if module in _words(pid)])


def below(roots: list[int]) -> set[int]:
    """Process ids of these processes and of all below them now."""
    return _below(roots, _processes())


def _below(roots: list[int], processes: dict[int, _Process]) -> set[int]:
    """The processes of the trees, each once although one tree may lie in another."""
    members = {pid for pid in roots if pid in processes}
    grown = True
    while grown:
        more = {pid for pid, process in processes.items() if process.parent in members} - members
        members |= more
        grown = bool(more)
    return members


def _processes() -> dict[int, _Process]:
    found: dict[int, _Process] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with suppress(*_GONE):
                found[int(entry)] = _read_stat(Path("/proc", entry, "stat").read_text())
    return found


def _read_stat(text: str) -> _Process:
    # The name in parentheses may itself hold blanks and parentheses; numbers follow the last one.
    fields = text.rpartition(")")[2].split()
    own_and_ended_children = (int(ticks) for ticks in fields[11:15])
    return _Process(parent=int(fields[1]), cpu_s=sum(own_and_ended_children) / _TICKS_PER_S)


def _words(pid: int) -> list[str]:
    with suppress(*_GONE):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


def _pss_kb(pid: int) -> int:
    with suppress(*_GONE):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
