"""Asking in the workbench as a person: whose rows, and a row in the record for every question."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from jobs.analytics import WORKBENCH_ROLES, reader_of, rows_for
from jobs.bootstrap import Services
from jobs.errors import (
    NotAllowed,
    QueryCrashed,
    QueryRefused,
    QueryStopped,
    QueryTooLarge,
    QueryTooLong,
    WorkbenchBusy,
)
from jobs.workbench.guard import MOST_CHARACTERS
from jobs.workbench.pool import Question, Run
from storage.models import Person, Role
from storage.records import saved_queries
from storage.records.saved_queries import QueryRun
from storage.warehouse.relations import marts, rollups, staged
from storage.warehouse.snapshots import column_types

MOST_RUNS = 200
__all__ = ["QueryRun"]
"""What pages need of the record's words."""
_OUTCOMES = {
    QueryRefused: "refused",
    QueryTooLong: "too_long",
    QueryTooLarge: "too_large",
    QueryStopped: "stopped",
    QueryCrashed: "crashed",
    WorkbenchBusy: "busy",
}
Parameters = dict[str, dict[str, Any]]


def ask(services: Services, person: Person, sql: str, parameters: Parameters, *, demo: bool) -> Run:
    """Begin to answer a question; the run is waited for, looked at, or stopped.

    Raises:
        NotAllowed: the person's role has no workbench.
        QueryRefused: the text is empty or too long to be noted.
        WarehouseMissing: there is no lake yet.
        WorkbenchBusy: this person has a question running.
        RecordError: the question can't be noted, so it is not asked.
    """
    require_workbench(person)
    sql = readable(sql)
    if not sql.strip() or len(sql) > MOST_CHARACTERS:
        raise QueryRefused(
            f"A question has 1 to {MOST_CHARACTERS:,} characters.", todo="Write a SELECT."
        )
    scope = rows_for(services, person, demo=demo)
    reader = reader_of(services, demo=demo)
    reader.manifest()
    if services.workbench.running(person.id):
        raise WorkbenchBusy("A question of yours is still running.")
    with services.database.as_service() as tx:
        run_id = saved_queries.begin_run(tx, person.id, person.team_id, sql, parameters, demo=demo)
    question = Question(reader.folder, scope, person.id, sql, parameters)
    return services.workbench.start(question, lambda run: _note_end(services, run_id, run))


def warm(services: Services, person: Person, *, demo: bool) -> None:
    """Have a sandbox ready before the first question, in the background."""
    require_workbench(person)
    scope = rows_for(services, person, demo=demo)
    services.workbench.warm(reader_of(services, demo=demo).folder, scope)


def history(services: Services, person: Person, *, everybody: bool = False) -> list[QueryRun]:
    """The latest questions, newest first; everybody's for an administrator who asks for them."""
    require_workbench(person)
    everybody = everybody and person.role is Role.ADMIN
    with services.database.as_person(person.id) as tx:
        return saved_queries.runs(tx, person.id, everybody=everybody, most=MOST_RUNS)


def schema(services: Services, *, demo: bool) -> dict[str, dict[str, tuple[str, str]]]:
    """Every table that can be asked: its columns with type and meaning, by name.

    Raises:
        WarehouseMissing: there is no lake yet.
    """
    known = {**marts(), **rollups(), **staged()}
    types = column_types(reader_of(services, demo=demo))
    return {
        table: {name: (kind, known[table].columns.get(name, "")) for name, kind in columns.items()}
        for table, columns in types.items()
    }


def meaning(table: str) -> str:
    """What a table holds, and one row of it."""
    relation = {**marts(), **rollups(), **staged()}[table]
    return f"{relation.query.description} {relation.grain[:1].upper()}{relation.grain[1:]}."


def readable(text: str) -> str:
    """The text without what the record can't hold: zero characters and halves of characters."""
    return text.replace("\0", "").encode(errors="replace").decode()


def require_workbench(person: Person) -> None:
    """Refuse those whose role has no workbench.

    Raises:
        NotAllowed: a member.
    """
    if person.role not in WORKBENCH_ROLES:
        raise NotAllowed("Your role has no workbench.", todo="Ask an administrator.")


def _note_end(services: Services, run_id: UUID, run: Run) -> None:
    rows = run.answer.table.num_rows if run.answer else None
    outcome = "answered" if run.answer else _OUTCOMES.get(type(run.error), "failed")
    with services.database.as_service() as tx:
        saved_queries.end_run(tx, run_id, outcome, run.seconds, rows)
