"""Links that let guests see one video (`sql/postgres/queries/shares.sql`).

A token is kept as its SHA-256 only, so an address can't be shown a second time. The hash is looked
up in an index: how long that takes says nothing about how much of a guess was right.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from storage.postgres import Transaction
from storage.records.gallery import Verdict
from storage.sqlfiles import queries

_Q = queries("shares")


@dataclass(frozen=True)
class NewShare:
    """What a new link lets its guests do."""

    video_id: UUID
    expires_at: datetime
    """Aware."""
    password_hash: str | None = field(repr=False)
    """argon2; None when the address is enough."""
    allow_download: bool
    wants_verdict: bool


@dataclass(frozen=True)
class Share:
    """A link, as those who manage it see it."""

    id: UUID
    video_id: UUID
    team_id: UUID
    person_id: UUID
    person_name: str
    """Who made it."""
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    """None: nobody has ended it."""
    has_password: bool
    allow_download: bool
    wants_verdict: bool
    view_count: int
    """Browser sessions of guests in which the video began to play."""
    download_count: int
    last_viewed_at: datetime | None
    works: bool
    """Neither revoked nor expired; a video in the trash is not shown all the same."""


@dataclass(frozen=True)
class GuestShare:
    """A link, as the front door sees it when a guest comes with its token."""

    id: UUID
    video_id: UUID
    team_id: UUID
    expires_at: datetime
    password_hash: str | None = field(repr=False)
    allow_download: bool
    wants_verdict: bool
    left_s: float
    """Seconds until it expires, by the clock of the database; negative afterwards."""
    works: bool
    """Neither revoked nor expired, and its video is not in the trash."""


@dataclass(frozen=True)
class GuestVerdict:
    """What a guest said; the name is as they typed it."""

    id: int
    share_id: UUID
    verdict: Verdict
    name: str
    comment: str
    at: datetime


def make(tx: Transaction, me: UUID, token: str, new: NewShare) -> UUID:
    """Make a link under this token; its id.

    Raises:
        RecordNotFound: the reader sees no such video outside the trash.
        RecordForbidden: this person may make no links.
    """
    row = tx.one(
        _Q["make"],
        me=me,
        token_sha256=_sha256(token),
        video_id=new.video_id,
        expires_at=new.expires_at,
        password_hash=new.password_hash,
        allow_download=new.allow_download,
        wants_verdict=new.wants_verdict,
    )
    share_id: UUID = row["id"]
    return share_id


def of_video(tx: Transaction, video_id: UUID) -> list[Share]:
    """The links to a video that the reader may manage, newest first."""
    return [Share(**row) for row in tx.all(_Q["of_video"], video_id=video_id)]


def revoke(tx: Transaction, me: UUID, share_id: UUID) -> UUID | None:
    """End a link for good; its video, None when there is no live one that the reader may end."""
    row = tx.one_or_none(_Q["revoke"], me=me, id=share_id)
    return row["video_id"] if row else None


def set_expiry(tx: Transaction, share_id: UUID, expires_at: datetime) -> UUID | None:
    """Let a link work until another time; its video, None when the reader may change no such."""
    row = tx.one_or_none(_Q["set_expiry"], id=share_id, expires_at=expires_at)
    return row["video_id"] if row else None


def find(tx: Transaction, token: str) -> GuestShare | None:
    """The link behind a token, whatever became of it; None when there never was one."""
    row = tx.one_or_none(_Q["find"], token_sha256=_sha256(token))
    return GuestShare(**row) if row else None


def count_view(tx: Transaction, share_id: UUID) -> None:
    """A guest began to watch."""
    tx.run(_Q["count_view"], id=share_id)


def count_download(tx: Transaction, share_id: UUID) -> None:
    """A guest began to take the file home."""
    tx.run(_Q["count_download"], id=share_id)


def add_verdict(
    tx: Transaction, share: GuestShare, verdict: Verdict, name: str, comment: str, *, most: int
) -> bool:
    """Write down what a guest thinks; False when the link has `most` verdicts already."""
    row = tx.one_or_none(
        _Q["add_verdict"],
        share_id=share.id,
        video_id=share.video_id,
        verdict=verdict,
        name=name,
        comment=comment,
        most=most,
    )
    return row is not None


def verdicts_of(tx: Transaction, video_id: UUID) -> list[GuestVerdict]:
    """What guests think of a video, newest first."""
    rows = tx.all(_Q["verdicts_of"], video_id=video_id)
    return [GuestVerdict(**{**row, "verdict": Verdict(row["verdict"])}) for row in rows]


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
