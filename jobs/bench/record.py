"""What the record says after a run (`sql/postgres/queries/bench.sql`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from storage.models import AttemptState, GenerationStatus
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


@dataclass(frozen=True)
class Fate:
    """A generation as it stands, with one of its attempts (None: it has none)."""

    id: UUID
    status: GenerationStatus
    cause: str | None
    problem: str | None
    prompt: str
    attempt_state: AttemptState | None
    marker: str | None
    request_id: str | None
    charges: int
    held: bool


def admitted(database: Database) -> int:
    """How many generations there are."""
    with database.as_service() as tx:
        return int(tx.one(_Q["admitted"])["n"])


def faults_asked(database: Database) -> dict[str, int]:
    """How many generations ask for each fault of the simulator; "" for none."""
    with database.as_service() as tx:
        return {row["name"]: row["n"] for row in tx.all(_Q["faults_asked"])}


def to_stop(database: Database, at_once: str, later: str) -> list[tuple[UUID, UUID]]:
    """Generation and person of what can be stopped and has one of these words in its prompt.

    `at_once` in any status that can be stopped, `later` when fal has it.
    """
    with database.as_service() as tx:
        rows = tx.all(_Q["to_stop"], at_once=f"%{at_once}%", later=f"%{later}%")
    return [(row["id"], row["person_id"]) for row in rows]


def hurry(database: Database) -> None:
    """Let no wait between two tries take longer than a second from now."""
    with database.as_service() as tx:
        for name in ("hurry_generations", "hurry_renders", "hurry_exports", "hurry_probe"):
            tx.run(_Q[name])


def pending_renditions(database: Database) -> int:
    """How many renditions are still to be made."""
    with database.as_service() as tx:
        return int(tx.one(_Q["pending_renditions"])["n"])


def to_export(database: Database) -> dict[UUID, list[UUID]]:
    """People with videos and no zip under way, each with their latest two."""
    with database.as_service() as tx:
        return {row["person_id"]: row["ids"] for row in tx.all(_Q["to_export"])}


def open_exports(database: Database) -> int:
    """How many zips are still to be built."""
    with database.as_service() as tx:
        return int(tx.one(_Q["open_exports"])["n"])


def fates(database: Database) -> list[Fate]:
    """Every generation with each of its attempts, in the order they were admitted."""
    with database.as_service() as tx:
        return [_fate(row) for row in tx.all(_Q["fates"])]


def _fate(row: dict[str, Any]) -> Fate:
    state = row["attempt_state"]
    return Fate(
        **{
            **row,
            "status": GenerationStatus(row["status"]),
            "attempt_state": None if state is None else AttemptState(state),
        }
    )
