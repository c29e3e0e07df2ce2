"""Zips of videos that people ask for (`sql/postgres/queries/exports.sql`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from storage.models import RenditionKind
from storage.postgres import Transaction
from storage.records.gallery import Verdict
from storage.sqlfiles import queries

_Q = queries("exports")


class ExportState(StrEnum):
    """How far a zip is."""

    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Export:
    """A zip as the person sees it who asked for it."""

    id: UUID
    videos: int
    """How many were chosen."""
    rendition: RenditionKind
    state: ExportState
    done: int
    """Videos that the builder has dealt with."""
    missing_ids: tuple[UUID, ...]
    """Videos that only the manifest names."""
    size_bytes: int | None
    """None until it is ready."""
    problem: str | None
    """Why it failed, in a person's words."""
    created_at: datetime
    expires_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether it is still to be built."""
        return self.state in (ExportState.QUEUED, ExportState.BUILDING)


@dataclass(frozen=True)
class ReadyExport:
    """A zip that can be fetched."""

    id: UUID
    size_bytes: int
    created_at: datetime
    video_ids: tuple[UUID, ...]
    """Videos whose files are in it."""


@dataclass(frozen=True)
class PackedFile:
    """The file of a video that goes into a zip."""

    kind: RenditionKind
    key: str
    content_type: str
    size_bytes: int
    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class Content:
    """All that a zip says of a video; what the reader may not see is None."""

    id: UUID
    title: str
    tags: tuple[str, ...]
    person_name: str
    team_name: str
    campaign_name: str | None
    deleted_at: datetime | None
    model: str
    prompt: str
    sent_prompt: str | None
    parameters: dict[str, Any]
    seed: int | None
    duration_s: Decimal
    resolution: str
    aspect_ratio: str
    fps: Decimal
    created_at: datetime
    verdict: Verdict | None
    verdict_by_name: str | None
    verdict_at: datetime | None
    verdict_comment: str | None
    rating: Decimal | None
    rating_count: int
    cost_usd: Decimal | None
    file: PackedFile | None
    """None: there is no such file, or not yet."""


@dataclass(frozen=True)
class BuildLease:
    """A zip to build, and the right to do so."""

    id: UUID
    token: UUID
    person_id: UUID
    video_ids: tuple[UUID, ...]
    rendition: RenditionKind
    name_template: str
    tries: int
    """Times that it could not be built so far."""


def add(
    tx: Transaction,
    me: UUID,
    video_ids: Sequence[UUID],
    rendition: RenditionKind,
    name_template: str,
) -> UUID:
    """Ask for a zip in the reader's name; its id."""
    row = tx.one(
        _Q["insert"],
        me=me,
        video_ids=list(video_ids),
        rendition=rendition,
        name_template=name_template,
    )
    found: UUID = row["id"]
    return found


def of_reader(tx: Transaction, *, limit: int) -> list[Export]:
    """The reader's zips that are not over, the latest first."""
    return [_export(row) for row in tx.all(_Q["of_reader"], limit=limit)]


def ready(tx: Transaction, export_id: UUID) -> ReadyExport:
    """A zip of the reader's that can be fetched.

    Raises:
        RecordNotFound: there is none: not theirs, not ready, or over.
    """
    row = tx.one(_Q["ready"], id=export_id)
    return ReadyExport(**{**row, "video_ids": tuple(row["video_ids"])})


def open_count(tx: Transaction) -> int:
    """How many of the reader's zips are not finished."""
    return int(tx.one(_Q["open_count"])["n"])


def give_up(tx: Transaction, export_id: UUID) -> bool:
    """The reader has no more use for a zip; False when it was over before."""
    return tx.one_or_none(_Q["give_up"], id=export_id) is not None


def contents(tx: Transaction, ids: Sequence[UUID], rendition: RenditionKind) -> list[Content]:
    """What the reader sees of these videos, in this order; others are left out."""
    rows = tx.all(_Q["contents"], ids=list(ids), rendition=rendition)
    return [_content(row) for row in rows]


def claim(tx: Transaction, *, lease_s: float, most_tries: int) -> BuildLease | None:
    """Lease the zip that has waited longest; None when there is none."""
    row = tx.one_or_none(_Q["claim"], lease_s=lease_s, most_tries=most_tries)
    if row is None:
        return None
    return BuildLease(
        id=row["id"],
        token=row["lease_token"],
        person_id=row["person_id"],
        video_ids=tuple(row["video_ids"]),
        rendition=RenditionKind(row["rendition"]),
        name_template=row["name_template"],
        tries=row["tries"],
    )


def renew(tx: Transaction, lease: BuildLease, *, lease_s: float) -> bool:
    """The holder's heartbeat; False when the lease is lost."""
    row = tx.one_or_none(_Q["renew"], id=lease.id, lease_token=lease.token, lease_s=lease_s)
    return row is not None


def note_done(tx: Transaction, lease: BuildLease, done: int) -> bool:
    """How many videos the holder has dealt with; False when the lease is lost."""
    row = tx.one_or_none(_Q["note_done"], id=lease.id, lease_token=lease.token, done=done)
    return row is not None


def finish(
    tx: Transaction,
    lease: BuildLease,
    *,
    size_bytes: int,
    missing_ids: Sequence[UUID],
    kept_s: float,
) -> bool:
    """The file is in the store; False when the lease is lost, then nothing may be written."""
    row = tx.one_or_none(
        _Q["finish"],
        id=lease.id,
        lease_token=lease.token,
        size_bytes=size_bytes,
        missing_ids=list(missing_ids),
        kept_s=kept_s,
    )
    return row is not None


def postpone(tx: Transaction, lease: BuildLease, *, wait_s: float) -> bool:
    """Give the lease back to try again later; False when the lease is lost."""
    row = tx.one_or_none(_Q["postpone"], id=lease.id, lease_token=lease.token, wait_s=wait_s)
    return row is not None


def fail(tx: Transaction, lease: BuildLease, problem: str) -> bool:
    """It can not be built; False when the lease is lost."""
    row = tx.one_or_none(_Q["fail"], id=lease.id, lease_token=lease.token, problem=problem)
    return row is not None


def fail_deadly(tx: Transaction, *, most_tries: int, problem: str) -> int:
    """End those whose every builder died; how many."""
    return len(tx.all(_Q["fail_deadly"], most_tries=most_tries, problem=problem))


def waiting(tx: Transaction, *, most_tries: int) -> int:
    """How many wait for a builder that could begin now."""
    return int(tx.one(_Q["waiting"], most_tries=most_tries)["n"])


def expired(tx: Transaction, *, limit: int) -> list[UUID]:
    """Zips whose time is over and that nobody builds any more."""
    return [row["id"] for row in tx.all(_Q["expired"], limit=limit)]


def forget(tx: Transaction, ids: Collection[UUID]) -> None:
    """Their files are gone."""
    tx.run(_Q["forget"], ids=list(ids))


def _export(row: dict[str, Any]) -> Export:
    told = {
        "rendition": RenditionKind(row["rendition"]),
        "state": ExportState(row["state"]),
        "missing_ids": tuple(row["missing_ids"]),
    }
    return Export(**{**row, **told})


def _content(row: dict[str, Any]) -> Content:
    hundredths = row["rating_hundredths"]
    told = {
        "tags": tuple(row["tags"]),
        "verdict": Verdict(row["verdict"]) if row["verdict"] else None,
        "rating": Decimal(hundredths) / 100 if hundredths else None,
        "file": _file(row) if row["is_ready"] else None,
    }
    names = Content.__dataclass_fields__
    return Content(**{**{name: row[name] for name in names if name in row}, **told})


def _file(row: dict[str, Any]) -> PackedFile:
    fields = {name: row[name] for name in PackedFile.__dataclass_fields__}
    return PackedFile(**{**fields, "kind": RenditionKind(row["kind"])})
