"""Writers with connections of their own, whose transactions stay open as long as a test likes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import duckdb
import psycopg
from psycopg import Connection
from pydantic import SecretStr

from storage.models import Person
from storage.warehouse.lake import Lake
from storage.warehouse.manifest import reading

INSERT = """
insert into studio.generations (
    id, person_id, team_id, title, model, endpoint, prompt, sent_prompt, parameters, start_image,
    fingerprint, price_usd_per_unit, price_tokens_per_unit, price_source, price_as_of, estimate_usd)
values (%s, %s, %s, 'first', 'lite', 'e', 'p', 'p', '{"resolution": "480p", "duration_s": 5}', '{}',
    %s, 1, 1, 's', '2025-01-01', 1)"""
CHARGE = """
insert into studio.charges (generation_id, person_id, team_id, amount_usd, verified)
values (%s, %s, %s, %s, true)
on conflict (generation_id) where kind = 'charge' do update set amount_usd = excluded.amount_usd"""
DELETE = (
    "delete from studio.charges where generation_id = %s",
    "delete from studio.generation_history where generation_id = %s",
    "delete from studio.generations where id = %s",
)
RECORD = {
    "generations": "select id, title from studio.generations",
    "charges": "select id, amount_usd from studio.charges",
    "events": "select id, kind from studio.events",
}
LAKE = {
    "generations": "select id, title from",
    "charges": "select id, amount_usd from",
    "events": "select id, kind from",
}


@dataclass
class Writers:
    """Several writers, of which none waits for another: each touches only rows nobody holds."""

    url: SecretStr
    person: Person
    number: int = 4
    connections: list[Connection[Any]] = field(default_factory=list)
    committed: list[UUID] = field(default_factory=list)
    held: dict[UUID, int] = field(default_factory=dict)
    """Who has touched a row in a transaction that is open."""
    new: dict[int, list[UUID]] = field(default_factory=dict)
    gone: dict[int, list[UUID]] = field(default_factory=dict)
    _versions: int = 0

    def __enter__(self) -> Writers:
        self._stack = ExitStack()
        for _ in range(self.number + 1):
            connection = psycopg.connect(self.url.get_secret_value())
            self._stack.callback(connection.close)
            connection.execute("set lock_timeout = '5s'")
            connection.commit()
            self.connections.append(connection)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_over(self) -> None:
        """Nothing of what was written is there any more, in the record; a lake has to follow."""
        for who in range(self.number):
            self.rollback(who)
        for table in ("events", "charges", "generation_history", "generations"):
            self._run(0, f"delete from studio.{table}")
        self.connections[0].commit()
        self.committed.clear()

    def act(self, what: str, who: int, place: int) -> None:
        """One step of one writer; one that has nothing to do it to does nothing."""
        if what in ("insert", "event", "commit", "rollback", "undo"):
            getattr(self, what)(who)
        elif free := self._free(who):
            getattr(self, what)(who, free[place % len(free)])

    def insert(self, who: int) -> None:
        """A generation that asks for what some others ask for."""
        row = uuid4()
        self._run(who, INSERT, row, self.person.id, self.person.team_id, f"f{row.int % 3}")
        self.new.setdefault(who, []).append(row)
        self.held[row] = who

    def update(self, who: int, row: UUID) -> None:
        """A change of a generation."""
        self.held[row] = who
        self._versions += 1
        self._run(
            who, "update studio.generations set title = %s where id = %s", f"v{self._versions}", row
        )

    def charge(self, who: int, row: UUID) -> None:
        """Money, and another sum the next time."""
        self.held[row] = who
        self._versions += 1
        self._run(who, CHARGE, row, self.person.id, self.person.team_id, self._versions)

    def delete(self, who: int, row: UUID) -> None:
        """A generation with all that belongs to it."""
        self.held[row] = who
        for statement in DELETE:
            self._run(who, statement, row)
        self.gone.setdefault(who, []).append(row)

    def event(self, who: int) -> None:
        """Something happened."""
        self._run(who, "insert into studio.events (kind) values ('viewed')")

    def undo(self, who: int) -> None:
        """A savepoint that is gone back to."""
        self._run(who, "savepoint here")
        self._run(who, "insert into studio.events (kind) values ('error')")
        self._run(who, "rollback to savepoint here")

    def commit(self, who: int) -> None:
        """What the writer did is there now."""
        self.connections[who].commit()
        gone = self.gone.pop(who, [])
        self.committed = [
            row for row in [*self.committed, *self.new.pop(who, [])] if row not in gone
        ]
        self._let_go(who)

    def rollback(self, who: int) -> None:
        """What the writer did never was."""
        self.connections[who].rollback()
        self.new.pop(who, None)
        self.gone.pop(who, None)
        self._let_go(who)

    def commit_all(self) -> None:
        """Nobody has a transaction open."""
        for who in range(self.number):
            self.commit(who)

    def record(self) -> dict[str, set[tuple[Any, ...]]]:
        """What everybody sees."""
        looker = self.connections[-1]
        found = {name: set(looker.execute(text).fetchall()) for name, text in RECORD.items()}
        looker.commit()
        return found

    def _free(self, who: int) -> list[UUID]:
        rows = [*self.committed, *self.new.get(who, [])]
        gone = self.gone.get(who, [])
        return [row for row in rows if self.held.get(row, who) == who and row not in gone]

    def _let_go(self, who: int) -> None:
        self.held = {row: holder for row, holder in self.held.items() if holder != who}

    def _run(self, who: int, statement: str, *parameters: object) -> None:
        self.connections[who].execute(statement.encode(), parameters)


def lake(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The same of the lake; lists, because a row could be there twice."""
    manifest = Lake(folder).manifest()
    assert manifest is not None
    with duckdb.connect() as engine:
        return {
            name: engine.execute(f"{text} {reading(folder, manifest.relations[name])}").fetchall()
            for name, text in LAKE.items()
        }
