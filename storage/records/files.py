"""What the record says about files in the store (`sql/postgres/queries/files.sql`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from storage.models import Rendition, RenditionKind
from storage.postgres import Transaction
from storage.records import videos
from storage.records.generations import Lease
from storage.sqlfiles import queries

_Q = queries("files")


class Round(StrEnum):
    """A way over the files in the store that is too long to be made at once."""

    VIDEOS = "videos"
    INPUTS = "inputs"


@dataclass(frozen=True)
class KnownStore:
    """The store that holds this record's files."""

    id: UUID
    marked_at: datetime | None
    """Since when the mark is in it; None: not yet."""


@dataclass(frozen=True)
class Progress:
    """How far a round has come."""

    after_id: UUID | None
    """The generation that was looked at last; None: a new round begins."""
    ended_at: datetime | None
    """When the last whole round ended; None: there was none yet."""
    removed: int
    """Left-over files removed so far, in all rounds."""


@dataclass(frozen=True)
class Ended:
    """A generation that has ended, and what decides about its files."""

    id: UUID
    person_id: UUID
    team_id: UUID
    purging: bool
    """Whether its files are being removed, or are."""
    busy: bool
    """Whether a worker makes files of it, or will."""
    broken: bool
    """Whether it is completed and its video is not in the record: its files may be all there is."""
    renditions: dict[RenditionKind, Rendition]


@dataclass(frozen=True)
class PurgesDue:
    """Videos that are not purged and should be."""

    half_deleted: int
    overdue: int


def store(tx: Transaction) -> KnownStore:
    """The store that holds this record's files."""
    return KnownStore(**tx.one(_Q["store"]))


def note_mark(tx: Transaction) -> None:
    """The store carries the mark now."""
    tx.run(_Q["note_mark"])


def progress(tx: Transaction, rule: Round) -> Progress:
    """How far a round has come."""
    return Progress(**tx.one(_Q["round"], rule=rule))


def note_round(tx: Transaction, rule: Round, after_id: UUID | None) -> None:
    """Go on after this generation; None: the round is over."""
    tx.run(_Q["note_round"], rule=rule, after_id=after_id)


def note_removed(tx: Transaction, rule: Round, count: int) -> None:
    """So many more left-over files were removed."""
    tx.run(_Q["note_removed"], rule=rule, count=count)


def next_ended(tx: Transaction, after_id: UUID | None, limit: int) -> list[UUID]:
    """The next generations of a round that have ended."""
    return [row["id"] for row in tx.all(_Q["next_ended"], after_id=after_id, limit=limit)]


def ended(tx: Transaction, generation_id: UUID, *, lock: bool = False) -> Ended | None:
    """A generation that has ended, None while it has not.

    With `lock` its video stays as it is until the transaction ends: no worker begins to render it,
    and nobody moves it into or out of the trash.
    """
    if lock:
        tx.one_or_none(_Q["lock_video"], id=generation_id)
    row = tx.one_or_none(_Q["ended"], id=generation_id)
    if row is None:
        return None
    return Ended(**row, renditions=videos.renditions_of(tx, generation_id))


def known_generations(tx: Transaction, ids: list[UUID]) -> dict[UUID, bool]:
    """Those of these generations that the record knows; whether each has all files it will have."""
    return {row["id"]: row["settled"] for row in tx.all(_Q["known_generations"], ids=ids)}


def unnamed_inputs(tx: Transaction, keys: list[str]) -> list[str]:
    """Those of these keys that nothing in the record names."""
    return [row["key"] for row in tx.all(_Q["unnamed_inputs"], keys=keys)]


def hold_input(tx: Transaction, key: str) -> None:
    """Keep an image that is being named from being removed as unused, until the end of `tx`."""
    tx.run(_Q["hold_input"], key=key)


def take_input(tx: Transaction, key: str) -> bool:
    """Keep an image from being named until the end of `tx`; False: somebody is about to name it."""
    return bool(tx.one(_Q["take_input"], key=key)["taken"])


def forget_tries(tx: Transaction, video_id: UUID) -> None:
    """Begin anew to count how often a video's files were tried to be made."""
    tx.run(_Q["forget_tries"], id=video_id)


def mark_lost(tx: Transaction, rendition: Rendition, problem: str) -> None:
    """A file that was there is gone and nothing can make it again."""
    tx.run(_Q["mark_lost"], id=rendition.video_id, kind=rendition.kind, problem=problem)


def mark_found(tx: Transaction, rendition: Rendition) -> None:
    """A file that was lost is back."""
    tx.run(_Q["mark_found"], id=rendition.video_id, kind=rendition.kind)


def lost(tx: Transaction) -> dict[str, str]:
    """What is wrong with every file that is gone for good, by key."""
    return {row["key"]: row["problem"] for row in tx.all(_Q["lost"])}


def render_again(tx: Transaction, *, wait_s: float, most_tries: int) -> int:
    """Let renditions that could not be made `wait_s` ago be tried again; how many videos."""
    rows = tx.all(_Q["render_again"], wait_s=wait_s, most_tries=most_tries)
    return len({row["video_id"] for row in rows})


def give_up_renders(tx: Transaction, *, most_tries: int, problem: str) -> int:
    """End renditions whose every try is used up; how many videos."""
    rows = tx.all(_Q["give_up_renders"], most_tries=most_tries, problem=problem)
    return len({row["video_id"] for row in rows})


def claim_deadly(tx: Transaction, *, most_deaths: int, lease_s: float) -> Lease | None:
    """Lease a generation whose collecting has killed that many workers; None: there is none."""
    row = tx.one_or_none(_Q["claim_deadly"], most_deaths=most_deaths, lease_s=lease_s)
    return Lease(row["id"], row["lease_token"]) if row else None


def begin_purges(tx: Transaction, *, trash_days: int, limit: int) -> list[UUID]:
    """Take overdue videos out of everybody's reach; they and those that were begun before."""
    rows = tx.all(_Q["begin_purges"], trash_days=trash_days, limit=limit)
    return [row["id"] for row in rows]


def end_purge(tx: Transaction, video_id: UUID) -> tuple[UUID, UUID] | None:
    """A video's files are gone; its person and team, None when that was noted before."""
    row = tx.one_or_none(_Q["end_purge"], id=video_id)
    if row is None:
        return None
    tx.run(_Q["forget_renditions"], id=video_id)
    return row["person_id"], row["team_id"]


def purges_due(tx: Transaction, *, trash_days: int) -> PurgesDue:
    """How many videos should be purged by now and are not."""
    return PurgesDue(**tx.one(_Q["purges_due"], trash_days=trash_days))
