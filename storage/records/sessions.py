"""Sign-ins and one-time links. Tokens are kept as their SHA-256 only."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from storage.models import Session
from storage.postgres import Transaction
from storage.records.people import person_of
from storage.sqlfiles import queries

_Q = queries("sessions")


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def open_session(
    tx: Transaction, token: str, person_id: UUID, *, hours: int, user_agent: str
) -> UUID:
    """Begin a session of `hours` hours under a cookie's value; its id."""
    row = tx.one(
        _Q["open"],
        token_sha256=_sha256(token),
        person_id=person_id,
        hours=hours,
        user_agent=user_agent[:300],
    )
    session_id: UUID = row["id"]
    return session_id


def find(tx: Transaction, token: str) -> Session | None:
    """The live session behind a cookie's value; None when expired, revoked or unknown."""
    return _session_of(tx.one_or_none(_Q["find"], token_sha256=_sha256(token)))


def find_by_id(tx: Transaction, session_id: UUID) -> Session | None:
    """The live session with this id; None when expired, revoked or unknown."""
    return _session_of(tx.one_or_none(_Q["find_by_id"], session_id=session_id))


def revoke(tx: Transaction, session_id: UUID) -> None:
    """End one session at once. Safe to repeat."""
    tx.run(_Q["revoke"], session_id=session_id)


def revoke_of_person(tx: Transaction, person_id: UUID) -> int:
    """End every session of a person at once; how many."""
    return tx.run(_Q["revoke_of_person"], person_id=person_id)


def add_link(tx: Transaction, token: str, person_id: UUID, *, hours: int) -> None:
    """Keep a link that signs one person in, once, within `hours` hours."""
    tx.run(_Q["add_link"], token_sha256=_sha256(token), person_id=person_id, hours=hours)


def find_link(tx: Transaction, token: str) -> UUID | None:
    """Whom a link would sign in, without using it up; None when used, expired or unknown."""
    row = tx.one_or_none(_Q["find_link"], token_sha256=_sha256(token))
    return row["person_id"] if row else None


def use_link(tx: Transaction, token: str) -> UUID | None:
    """Use a link up: the person it signs in, None when used, expired or unknown."""
    row = tx.one_or_none(_Q["use_link"], token_sha256=_sha256(token))
    return row["person_id"] if row else None


def _session_of(row: dict[str, Any] | None) -> Session | None:
    if row is None:
        return None
    return Session(
        id=row["session_id"], person=person_of(row), expires_at=row["session_expires_at"]
    )
