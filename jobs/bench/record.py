"""What the record says after a run (`sql/postgres/queries/bench.sql`)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from storage.postgres import Database
from storage.sqlfiles import queries

_Q = queries("bench")


@dataclass(frozen=True)
class Timing:
    """When what happened to one completed generation, in seconds since 1970."""

    generation_id: UUID
    request_id: str
    seen_at: float
    """The watcher saw that fal had completed it."""
    playable_at: float


def processes(database: Database) -> list[tuple[str, int]]:
    """Kind and process id of every process that has said it is at work."""
    with database.as_service() as tx:
        return [(row["kind"], row["pid"]) for row in tx.all(_Q["processes"])]


def unfinished(database: Database) -> int:
    """How many generations are on their way."""
    with database.as_service() as tx:
        return int(tx.one(_Q["unfinished"])["n"])


def totals(database: Database) -> dict[str, int]:
    """How many are `completed`, `failed` (or canceled), `unfinished`; and `open_holds`."""
    with database.as_service() as tx:
        return dict(tx.one(_Q["totals"]))


def timings(database: Database) -> list[Timing]:
    """Every generation that became a video."""
    with database.as_service() as tx:
        rows = tx.all(_Q["timings"])
    return [
        Timing(row["id"], row["request_id"], row["seen_at"], row["playable_at"]) for row in rows
    ]
