"""What people make of videos (`sql/postgres/queries/curation.sql`).

Every change takes many videos in one statement and leaves a row by which it can be undone. Videos
that the reader may not change are left out of it, and the answer says which ones did change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.postgres import Transaction
from storage.records.gallery import Verdict
from storage.sqlfiles import queries

_Q = queries("curation")


@dataclass(frozen=True)
class Changed:
    """What came of a change."""

    change_id: UUID | None
    """What it is undone by; None when nothing changed."""
    ids: tuple[UUID, ...]
    """The videos that changed."""
    seen: int
    """Videos of those asked for that the reader sees."""
    allowed: int
    """Videos of those that the reader may change; some may have been so already."""


@dataclass(frozen=True)
class Edit:
    """What to change of videos; what is None or empty stays as it is."""

    title: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    set_campaign: bool = False
    """Whether `campaign_id` counts: None then takes videos out of their campaigns."""
    campaign_id: UUID | None = None
    trashed: bool | None = None


@dataclass(frozen=True)
class VerdictEntry:
    """One verdict of a video's history."""

    id: int
    person_id: UUID
    person_name: str
    verdict: Verdict | None
    """None: it was withdrawn."""
    comment: str
    at: datetime


@dataclass(frozen=True)
class Opinion:
    """What the reader and everybody think of a video."""

    rating: Decimal | None
    """Mean stars of everybody; None when nobody rated it."""
    rating_count: int
    my_stars: int | None
    favourite: bool
    verdict: Verdict | None
    verdict_by: UUID | None
    verdict_by_name: str | None
    verdict_at: datetime | None
    verdict_comment: str | None
    family_id: UUID | None
    """Of its product image; None when that is not known."""
    batch_id: UUID | None


@dataclass(frozen=True)
class SavedSearch:
    """A view of the gallery that somebody keeps under a name."""

    id: UUID
    name: str
    filters: Mapping[str, Sequence[str]]
    """The parameters of the gallery's address."""
    shared: bool
    """Whether the team sees it."""
    person_id: UUID
    person_name: str
    updated_at: datetime


def edit(tx: Transaction, me: UUID, ids: Collection[UUID], change: Edit, event: str) -> Changed:
    """Change fields of the videos that the reader may change."""
    row = tx.one(
        _Q["edit_fields"],
        me=me,
        ids=list(ids),
        event=event,
        title=change.title,
        set_tags=bool(change.add_tags or change.remove_tags),
        add_tags=list(change.add_tags),
        remove_tags=list(change.remove_tags),
        set_campaign=change.set_campaign,
        campaign_id=change.campaign_id,
        trashed=change.trashed,
    )
    return _changed(row)


def rate(tx: Transaction, me: UUID, ids: Collection[UUID], stars: int | None) -> Changed:
    """Give 1 to 5 stars in the reader's name; None takes them back."""
    return _changed(tx.one(_Q["rate"], me=me, ids=list(ids), stars=stars))


def favour(tx: Transaction, me: UUID, ids: Collection[UUID], *, favourite: bool) -> Changed:
    """Make videos favourites of the reader, or no favourites any more."""
    return _changed(tx.one(_Q["favour"], me=me, ids=list(ids), favourite=favourite))


def judge(
    tx: Transaction, me: UUID, ids: Collection[UUID], verdict: Verdict | None, comment: str
) -> Changed:
    """Give a verdict, or withdraw it (None)."""
    row = tx.one(_Q["judge"], me=me, ids=list(ids), verdict=verdict, comment=comment)
    return _changed(row)


def undo(tx: Transaction, me: UUID, change_id: UUID) -> list[UUID] | None:
    """Put back what a change of the reader's has changed, where nobody changed it since.

    The videos that were put back; None when it is undone already or not theirs.
    """
    row = tx.one_or_none(_Q["begin_undo"], me=me, change_id=change_id)
    if row is None:
        return None
    rows = tx.all(_Q[f"undo_{row['kind']}"], me=me, change_id=change_id)
    return [one["id"] for one in rows]


def verdicts_of(tx: Transaction, video_id: UUID) -> list[VerdictEntry]:
    """Every verdict on a video, first to last."""
    return [
        VerdictEntry(**{**row, "verdict": _verdict(row["verdict"])})
        for row in tx.all(_Q["verdicts_of"], video_id=video_id)
    ]


def opinion_of(tx: Transaction, me: UUID, video_id: UUID) -> Opinion:
    """What the reader and everybody think of a video.

    Raises:
        RecordNotFound: there is none, or the reader may not see it.
    """
    row = tx.one(_Q["opinion_of"], me=me, video_id=video_id)
    stars = row.pop("rating_hundredths")
    rating = Decimal(stars) / 100 if stars else None
    return Opinion(**{**row, "rating": rating, "verdict": _verdict(row["verdict"])})


def note(
    tx: Transaction, me: UUID, kind: str, ids: Collection[UUID], detail: Mapping[str, Any]
) -> int:
    """Write an event about each of these videos that the reader sees; how many that were."""
    return tx.run(_Q["note_videos"], me=me, kind=kind, ids=list(ids), detail=Jsonb(dict(detail)))


def searches(tx: Transaction, me: UUID) -> list[SavedSearch]:
    """The reader's own by name, then those that colleagues share."""
    return [SavedSearch(**row) for row in tx.all(_Q["searches"], me=me)]


def save_search(
    tx: Transaction,
    me: UUID,
    team_id: UUID,
    name: str,
    filters: Mapping[str, Sequence[str]],
    *,
    shared: bool,
) -> UUID:
    """Keep a view under a name, in place of the reader's earlier one of that name; its id."""
    row = tx.one(
        _Q["save_search"],
        me=me,
        team_id=team_id,
        name=name,
        filters=Jsonb({key: list(values) for key, values in filters.items()}),
        shared=shared,
    )
    found: UUID = row["id"]
    return found


def delete_search(tx: Transaction, search_id: UUID) -> bool:
    """Forget a saved search; False when there is none that the reader may delete."""
    return tx.one_or_none(_Q["delete_search"], id=search_id) is not None


def _changed(row: Mapping[str, Any]) -> Changed:
    return Changed(row["change_id"], tuple(row["ids"]), row["seen"], row["allowed"])


def _verdict(value: str | None) -> Verdict | None:
    return Verdict(value) if value else None
