"""Links that people give to guests: one video each, for a time, and ended at once.

Everybody of the team who takes part may make a link to a video outside the trash; whoever made the
link or the video, managers of the team and administrators see it, move its end and revoke it. What
guests do with a link stands in `jobs/guests.py`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from jobs.admission import SUBMITTING_ROLES
from jobs.bootstrap import Services
from jobs.errors import IllegalTransition, InvalidRequest, NotAllowed, Problem
from storage.errors import RecordNotFound
from storage.models import Person
from storage.postgres import Transaction
from storage.records import curation, shares
from storage.records.shares import GuestVerdict, NewShare, Share

USUAL_DAYS = 7
LONGEST_DAYS = 366
TOKEN_BYTES = 32
"""256 random bits: not to be guessed, however often somebody tries."""

__all__ = ["GuestVerdict", "Share"]
"""What pages need of the record's words; they don't import the record themselves."""


@dataclass(frozen=True)
class Wish:
    """What a new link is to let its guests do."""

    expires_at: datetime | None = None
    """Aware; None for a week from now."""
    password_hash: str | None = field(default=None, repr=False)
    """argon2; None when the address is enough."""
    allow_download: bool = False
    wants_verdict: bool = False


@dataclass(frozen=True)
class Made:
    """A new link. The token is not kept: this is the only time that it is told."""

    id: UUID
    token: str = field(repr=False)
    expires_at: datetime


def make(services: Services, person: Person, video_id: UUID, wish: Wish) -> Made:
    """Make a link to a video.

    Raises:
        InvalidRequest: its end is past or more than a year away.
        NotAllowed: this person's role only looks.
        RecordNotFound: there is no such video for this person outside the trash.
    """
    if person.role not in SUBMITTING_ROLES:
        raise NotAllowed(
            "Your role looks at videos only.", todo="Ask a colleague of the team for a link."
        )
    ends = _checked_end(wish.expires_at or datetime.now(UTC) + timedelta(days=USUAL_DAYS))
    new = NewShare(video_id, ends, wish.password_hash, wish.allow_download, wish.wants_verdict)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with services.database.as_person(person.id) as tx:
        share_id = shares.make(tx, person.id, token, new)
        _note(tx, person, "shared", video_id, share_id, how="link")
    return Made(share_id, token, ends)


def links(services: Services, person: Person, video_id: UUID) -> list[Share]:
    """The links to a video that this person may manage, newest first, ended ones among them."""
    with services.database.as_person(person.id) as tx:
        return shares.of_video(tx, video_id)


def guest_verdicts(services: Services, person: Person, video_id: UUID) -> list[GuestVerdict]:
    """What guests think of a video, newest first; the whole team reads it."""
    with services.database.as_person(person.id) as tx:
        return shares.verdicts_of(tx, video_id)


def revoke(services: Services, person: Person, share_id: UUID) -> None:
    """End a link at once and for good.

    Raises:
        IllegalTransition: it is revoked already, or not this person's to end.
    """
    with services.database.as_person(person.id) as tx:
        video_id = shares.revoke(tx, person.id, share_id)
        if video_id is None:
            raise _not_live()
        _note(tx, person, "share_revoked", video_id, share_id)


def change_expiry(services: Services, person: Person, share_id: UUID, expires_at: datetime) -> None:
    """Let a link work until another time; an expired one works again.

    Raises:
        InvalidRequest: the time is past or more than a year away.
        IllegalTransition: it is revoked, or not this person's to change.
    """
    ends = _checked_end(expires_at)
    with services.database.as_person(person.id) as tx:
        video_id = shares.set_expiry(tx, share_id, ends)
        if video_id is None:
            raise _not_live()
        _note(tx, person, "share_changed", video_id, share_id, expires_at=ends.isoformat())


def _checked_end(expires_at: datetime) -> datetime:
    now = datetime.now(UTC)
    if expires_at <= now:
        message = "The link would have ended already. Choose a later end."
    elif expires_at > now + timedelta(days=LONGEST_DAYS):
        message = "A link works for a year at most. Choose an earlier end."
    else:
        return expires_at
    raise InvalidRequest([Problem("expires_at", message)])


def _not_live() -> IllegalTransition:
    return IllegalTransition("This link is revoked already, or not yours to change.")


def _note(
    tx: Transaction,
    person: Person,
    kind: str,
    video_id: UUID,
    share_id: UUID,
    **detail: object,
) -> None:
    known = {"share": str(share_id), **detail}
    if not curation.note(tx, person.id, kind, [video_id], known):
        raise RecordNotFound("There is no such video here any more.")
