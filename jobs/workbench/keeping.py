"""Queries that a person keeps, every version of them, and whom they share them with."""

from __future__ import annotations

from uuid import UUID

from jobs.bootstrap import Services
from jobs.errors import InvalidRequest, Problem
from jobs.workbench.asking import readable, require_workbench
from jobs.workbench.charts import Chart, written
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


def kept_under(kept: list[SavedQuery], person: Person, name: str) -> SavedQuery | None:
    """This person's own query that the name belongs to; None: the name is free."""
    clean = _clean(name).lower()
    own = (one for one in kept if one.person_id == person.id)
    return next((one for one in own if one.name.lower() == clean), None)


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
    chart: Chart | None = None,
) -> UUID:
    """Keep a query under a name, as the next version of this person's own of that name; its id.

    `chart` is how its answer is drawn; None: as a table. Nothing new makes no new version.

    Raises:
        InvalidRequest: the name or the text is empty or too long, or the chart has no columns.
    """
    require_workbench(person)
    clean, sql = _clean(name), readable(sql)
    if not 1 <= len(clean) <= MAX_NAME:
        raise _invalid("name", f"A name has 1 to {MAX_NAME} characters.")
    if not sql.strip() or len(sql) > MOST_CHARACTERS:
        raise _invalid("sql", f"A question has 1 to {MOST_CHARACTERS:,} characters.")
    if shared_with not in SHARED_WITH:
        raise _invalid("shared_with", f"Share it with one of {', '.join(SHARED_WITH)}.")
    if chart is not None and not chart.fits:
        raise _invalid("chart", "The chart has too many columns, or names that are too long.")
    kept = written(chart)
    with services.database.as_person(person.id) as tx:
        return saved_queries.save(
            tx, person.id, person.team_id, clean, sql, kept, shared_with=shared_with
        )


def forget_query(services: Services, person: Person, query_id: UUID) -> None:
    """Delete a kept query with all its versions.

    Raises:
        RecordNotFound: there is none that this person may delete.
    """
    with services.database.as_person(person.id) as tx:
        if not saved_queries.forget(tx, query_id):
            raise RecordNotFound("This query is not here any more, or not yours to delete.")


def _clean(name: str) -> str:
    return " ".join(readable(name).split())


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest([Problem(field, message)], todo="Correct it and save again.")
