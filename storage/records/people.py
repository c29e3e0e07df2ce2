"""People, their teams and their passwords' hashes (`sql/postgres/queries/people.sql`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from storage.models import Person, Role
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("people")


def person_of(row: dict[str, Any]) -> Person:
    """The person in a row that carries the columns of people and `team_name`."""
    return Person(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        team_id=row["team_id"],
        team_name=row["team_name"],
        active=row["active"],
        created_at=row["created_at"],
    )


def by_id(tx: Transaction, person_id: UUID) -> Person:
    """One person.

    Raises:
        RecordNotFound: there is none, or the reader may not see them.
    """
    return person_of(tx.one(_Q["by_id"], id=person_id))


def by_email(tx: Transaction, email: str) -> Person | None:
    """The person with this address, whatever its case; None when there is none."""
    row = tx.one_or_none(_Q["by_email"], email=email)
    return person_of(row) if row else None


def first_admin(tx: Transaction) -> Person | None:
    """The longest-standing active administrator; None when there is none."""
    row = tx.one_or_none(_Q["first_admin"])
    return person_of(row) if row else None


def everybody(tx: Transaction) -> list[Person]:
    """Everybody the reader may see, by name."""
    return [person_of(row) for row in tx.all(_Q["everybody"])]


def ensure_team(tx: Transaction, name: str) -> UUID:
    """The id of the team of this name, made when there is none."""
    team_id: UUID = tx.one(_Q["ensure_team"], name=name)["id"]
    return team_id


def add(tx: Transaction, *, email: str, name: str, role: Role, team: str) -> Person:
    """A new person in the team of this name.

    Raises:
        RecordConflict: the address is taken (`people_email`) or malformed.
    """
    team_id = ensure_team(tx, team)
    row = tx.one(_Q["insert"], email=email, name=name, role=role, team_id=team_id)
    return by_id(tx, row["id"])


def change(
    tx: Transaction,
    person_id: UUID,
    *,
    role: Role | None = None,
    team: str | None = None,
    active: bool | None = None,
) -> None:
    """Change what is given; None leaves a field as it is."""
    team_id = ensure_team(tx, team) if team else None
    tx.run(_Q["change"], id=person_id, role=role, team_id=team_id, active=active)


def set_password_hash(tx: Transaction, person_id: UUID, argon2_hash: str) -> None:
    """Keep a password's hash, in place of the one before."""
    tx.run(_Q["set_password"], person_id=person_id, argon2_hash=argon2_hash)


def password_hash(tx: Transaction, person_id: UUID) -> str | None:
    """The hash to check a password against; None without one or for somebody not active."""
    row = tx.one_or_none(_Q["password_hash"], person_id=person_id)
    return row["argon2_hash"] if row else None
