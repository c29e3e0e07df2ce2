"""Videos and their renditions (`sql/postgres/queries/videos.sql`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from storage.models import Rendition, RenditionKind, RenditionState, Video
from storage.postgres import Transaction
from storage.records.generations import Lease
from storage.sqlfiles import queries

_Q = queries("videos")


@dataclass(frozen=True)
class NewVideo:
    """What is known of a video when it is stored; the rest comes from its generation."""

    id: UUID
    path: str
    poster_path: str
    seed: int | None
    size_bytes: int
    duration_s: Decimal
    aspect_ratio: str
    fps: Decimal
    width: int
    height: int


@dataclass(frozen=True)
class PageStart:
    """Where a page of the gallery begins: after the video created then, with this id."""

    created_at: datetime
    id: UUID


def insert(tx: Transaction, new: NewVideo) -> None:
    """Write the asset that a completed generation leaves."""
    tx.run(_Q["insert"], **asdict(new))


def by_id(tx: Transaction, video_id: UUID) -> Video:
    """One video with its renditions, in the trash or not.

    Raises:
        RecordNotFound: there is none, or the reader may not see it.
    """
    row = tx.one(_Q["by_id"], id=video_id)
    return _with_renditions(tx, [row])[0]


def page(
    tx: Transaction,
    *,
    person_id: UUID,
    mine: bool = False,
    trashed: bool = False,
    search: str = "",
    before: PageStart | None = None,
    limit: int = 24,
) -> list[Video]:
    """One page of the gallery, newest first; `search` looks in titles and tags."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = tx.all(
        _Q["page"],
        status="trashed" if trashed else "ready",
        person_id=person_id,
        mine=mine,
        search=search,
        pattern=f"%{escaped}%",
        before_at=before.created_at if before else None,
        before_id=before.id if before else None,
        limit=limit,
    )
    return _with_renditions(tx, rows)


def put_rendition(tx: Transaction, rendition: Rendition) -> None:
    """Write down a rendition, in place of what was said of it before."""
    tx.run(_Q["put_rendition"], **asdict(rendition))


def renditions_of(tx: Transaction, video_id: UUID) -> dict[RenditionKind, Rendition]:
    """The files of one video by kind."""
    rows = tx.all(_Q["renditions_of"], ids=[video_id])
    return {RenditionKind(row["kind"]): _rendition_of(row) for row in rows}


def claim_render(tx: Transaction, *, lease_s: float, most_tries: int = 10) -> Lease | None:
    """Lease the video that has waited longest for renditions; None when there is none.

    One whose renditions were tried `most_tries` times is left alone.
    """
    row = tx.one_or_none(_Q["claim_render"], lease_s=lease_s, most_tries=most_tries)
    return Lease(row["id"], row["lease_token"]) if row else None


def renew_render_lease(tx: Transaction, lease: Lease, *, lease_s: float) -> bool:
    """The holder's heartbeat; False when the lease is lost."""
    row = tx.one_or_none(
        _Q["renew_render_lease"], id=lease.generation_id, lease_token=lease.token, lease_s=lease_s
    )
    return row is not None


def end_render(tx: Transaction, lease: Lease) -> bool:
    """Give the lease back when done; False when it is lost, then nothing may be written."""
    row = tx.one_or_none(_Q["end_render"], id=lease.generation_id, lease_token=lease.token)
    return row is not None


def postpone_render(tx: Transaction, lease: Lease, *, wait_s: float) -> int | None:
    """Give the lease back to try again later; how often by now, None when the lease is lost."""
    row = tx.one_or_none(
        _Q["postpone_render"], id=lease.generation_id, lease_token=lease.token, wait_s=wait_s
    )
    return row["render_tries"] if row else None


def _with_renditions(tx: Transaction, rows: list[dict[str, Any]]) -> list[Video]:
    found: dict[UUID, dict[RenditionKind, Rendition]] = {row["id"]: {} for row in rows}
    if rows:
        for row in tx.all(_Q["renditions_of"], ids=list(found)):
            found[row["video_id"]][RenditionKind(row["kind"])] = _rendition_of(row)
    names = [name for name in Video.__dataclass_fields__ if name != "renditions"]
    return [
        Video(**{name: row[name] for name in names}, renditions=found[row["id"]]) for row in rows
    ]


def _rendition_of(row: dict[str, Any]) -> Rendition:
    fields = {name: row[name] for name in Rendition.__dataclass_fields__}
    kind, state = RenditionKind(row["kind"]), RenditionState(row["state"])
    return Rendition(**{**fields, "kind": kind, "state": state})
