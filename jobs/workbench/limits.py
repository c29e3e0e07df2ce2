"""What one question of an analyst may take, and how many run at once."""

from __future__ import annotations

from dataclasses import dataclass

from storage.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Each is tried by an attack in `tests/integration/workbench/`."""

    seconds: float = 30.0
    """The engine stops itself then; a second later the process is killed."""
    rows: int = 50_000
    answer_mb: int = 32
    memory_mb: int = 768
    """What the engine plans with."""
    address_mb: int = 4096
    """What the kernel lets the process have, whatever the engine believes."""
    disk_mb: int = 1024
    """What it may write while it sorts and joins."""
    threads: int = 2
    at_once: int = 2
    """Questions of all people together; one person has one."""
    wait_s: float = 10.0
    """For how long a question waits for its turn."""
    fresh_s: float = 10.0
    """A sandbox that is no older answers although the lake has moved on."""
    oldest_s: float = 3600.0
    most_questions: int = 200
    """A process is replaced after that many, whatever it leaks."""
    idle: int = 3
    """Processes that are kept ready, each some 110 MB."""
    grace_s: float = 1.0


LIMITS = Limits()
_BESIDE_MEMORY_MB = LIMITS.address_mb - LIMITS.memory_mb
"""Of addresses, for the program, its libraries and its threads."""


def limits_of(settings: Settings) -> Limits:
    """The limits that an operator chose."""
    return Limits(
        seconds=settings.workbench_seconds,
        rows=settings.workbench_rows,
        memory_mb=settings.workbench_memory_mb,
        address_mb=settings.workbench_memory_mb + _BESIDE_MEMORY_MB,
        disk_mb=settings.workbench_disk_mb,
        at_once=settings.workbench_at_once,
        idle=settings.workbench_at_once + 1,
    )
