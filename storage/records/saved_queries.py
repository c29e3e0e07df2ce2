"""Kept queries and the runs of the workbench (`sql/postgres/queries/workbench.sql`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("workbench")


@dataclass(frozen=True)
class SavedQuery:
    """A query that is kept, as its last version says."""

    id: UUID
    person_id: UUID
    person_name: str
    name: str
    shared_with: str
    """`nobody`, `team` or `company`."""
    version: int
    sql: str
    chart: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class QueryVersion:
    """One version of a kept query."""

    version: int
    sql: str
    chart: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class QueryRun:
    """One question that was asked."""

    id: UUID
    person_id: UUID
    person_name: str
    sql: str
    parameters: dict[str, Any]
    """By name: `kind` and `value`, as the question carried them."""
    demo: bool
    began_at: datetime
    outcome: str | None
    """None: it runs, or the dashboard ended while it ran."""
    seconds: Decimal | None
    row_count: int | None


def begin_run(
    tx: Transaction,
    person_id: UUID,
    team_id: UUID,
    sql: str,
    parameters: Mapping[str, Any],
    *,
    demo: bool,
) -> UUID:
    """Note that a question is asked; its id."""
    row = tx.one(
        _Q["begin_run"],
        person_id=person_id,
        team_id=team_id,
        sql=sql,
        parameters=Jsonb(dict(parameters)),
        demo=demo,
    )
    found: UUID = row["id"]
    return found


def end_run(
    tx: Transaction, run_id: UUID, outcome: str, seconds: float, row_count: int | None
) -> None:
    """Note how it ended; only the first time counts."""
    tx.all(
        _Q["end_run"],
        id=run_id,
        outcome=outcome,
        seconds=Decimal(f"{seconds:.3f}"),
        row_count=row_count,
    )


def runs(tx: Transaction, me: UUID, *, everybody: bool, most: int) -> list[QueryRun]:
    """The latest runs, newest first."""
    return [QueryRun(**row) for row in tx.all(_Q["runs"], me=me, everybody=everybody, most=most)]


def saved(tx: Transaction, me: UUID) -> list[SavedQuery]:
    """The reader's own queries by name, then those shared with them."""
    return [SavedQuery(**row) for row in tx.all(_Q["saved"], me=me)]


def versions(tx: Transaction, query_id: UUID) -> list[QueryVersion]:
    """Every version, newest first; empty when the reader does not see the query."""
    return [QueryVersion(**row) for row in tx.all(_Q["versions"], id=query_id)]


def save(
    tx: Transaction,
    me: UUID,
    team_id: UUID,
    name: str,
    sql: str,
    chart: Mapping[str, Any],
    *,
    shared_with: str,
) -> UUID:
    """Keep a query under a name, as a new version of the reader's own of that name; its id."""
    row = tx.one(_Q["save"], me=me, team_id=team_id, name=name, shared_with=shared_with)
    found: UUID = row["id"]
    tx.all(_Q["add_version"], id=found, sql=sql, chart=Jsonb(dict(chart)))
    return found


def forget(tx: Transaction, query_id: UUID) -> bool:
    """Delete a query; whether there was one that the reader may delete."""
    return bool(tx.all(_Q["forget"], id=query_id))
