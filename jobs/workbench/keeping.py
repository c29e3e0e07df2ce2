"""Queries that a person keeps, every version of them, and whom they share them with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from jobs.bootstrap import Services
from jobs.errors import InvalidRequest, Problem
from jobs.workbench.asking import readable, require_workbench
from jobs.workbench.guard import MOST_CHARACTERS
from storage.errors import RecordNotFound
from storage.models import Person
from storage.records import saved_queries
from storage.records.saved_queries import QueryVersion, SavedQuery

MAX_NAME = 80
SHARED_WITH = ("nobody", "team", "company")

__all__ = ["QueryVersion", "SavedQuery"]


def kept_queries(services: Services, person: Person) -> list[SavedQuery]:
    """This person's own by name, then those that others share with them."""
    require_workbench(person)
    with services.database.as_person(person.id) as tx:
        return saved_queries.saved(tx, person.id)


def versions_of(services: Services, person: Person, query_id: UUID) -> list[QueryVersion]:
    """Every version of a kept query, newest first; empty when this person does not see it."""
    with services.database.as_person(person.id) as tx:
        return saved_queries.versions(tx, query_id)


def keep_query(
    services: Services,
    person: Person,
    name: str,
    sql: str,
    *,
    shared_with: str = "nobody",
    chart: dict[str, Any] | None = None,
) -> UUID:
    """Keep a query under a name, as the next version of this person's own of that name; its id.

    Raises:
        InvalidRequest: the name or the text is empty or too long.
    """
    require_workbench(person)
    clean, sql = " ".join(readable(name).split()), readable(sql)
    if not 1 <= len(clean) <= MAX_NAME:
        raise _invalid("name", f"A name has 1 to {MAX_NAME} characters.")
    if not sql.strip() or len(sql) > MOST_CHARACTERS:
        raise _invalid("sql", f"A question has 1 to {MOST_CHARACTERS:,} characters.")
    if shared_with not in SHARED_WITH:
        raise _invalid("shared_with", f"Share it with one of {', '.join(SHARED_WITH)}.")
    with services.database.as_person(person.id) as tx:
        return saved_queries.save(
            tx, person.id, person.team_id, clean, sql, chart or {}, shared_with=shared_with
        )


def forget_query(services: Services, person: Person, query_id: UUID) -> None:
    """Delete a kept query with all its versions.

    Raises:
        RecordNotFound: there is none that this person may delete.
    """
    with services.database.as_person(person.id) as tx:
        if not saved_queries.forget(tx, query_id):
            raise RecordNotFound("This query is not here any more, or not yours to delete.")


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest([Problem(field, message)])
