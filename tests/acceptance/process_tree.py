"""What runs on this machine, as far as a test has to know it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """A process. The time of its start tells it from a later one with the same pid."""

    pid: int
    parent: int
    started: str
    command: str


def everything() -> dict[int, Running]:
    """Every process that has not ended, by pid; zombies have."""
    found = _from_proc() if sys.platform == "linux" else _from_ps()
    return {process.pid: process for process in found}


def descendants(pid: int) -> set[Running]:
    """The process and all it has started, their children too."""
    known = everything()
    tree = {pid} & known.keys()
    while grown := {p.pid for p in known.values() if p.parent in tree} - tree:
        tree |= grown
    return {known[member] for member in tree}


def still_running(tree: set[Running]) -> set[Running]:
    """Those that have not ended."""
    known = everything()
    return {p for p in tree if p.pid in known and known[p.pid].started == p.started}


def mentioning(words: str) -> set[Running]:
    """Processes with `words` in their command line or, where it can be read, their environment."""
    return {p for p in everything().values() if words in p.command or words in _environment(p.pid)}


def open_for_writing(pid: int) -> Iterator[Path]:
    """Files on a disk that the process has open for writing (Linux, proc(5))."""
    with suppress(FileNotFoundError, PermissionError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                target, facts = os.readlink(link), Path(f"/proc/{pid}/fdinfo/{link.name}")
                flags = int(facts.read_text().split("flags:")[1].split()[0], 8)
                if target.startswith("/") and flags & (os.O_WRONLY | os.O_RDWR):
                    yield Path(target)


def _environment(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return ""


def _from_proc() -> Iterator[Running]:
    for folder in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            if folder.name.isdigit():
                facts = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if facts[0] not in "ZX":
                    yield Running(int(folder.name), int(facts[1]), facts[19], command.strip())


def _from_ps() -> Iterator[Running]:
    columns = ["ps", "-A", "-ww", "-o", "pid=,ppid=,state=,lstart=,command="]
    shown = subprocess.run(columns, capture_output=True, text=True, check=True)
    for line in shown.stdout.splitlines():
        pid, parent, state, *rest = line.split(None, 8)
        if not state.startswith("Z") and int(pid) != os.getpid():
            yield Running(int(pid), int(parent), " ".join(rest[:5]), " ".join(rest[5:]))
