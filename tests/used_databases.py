"""Databases for tests: each test has one that looks new, few are really made.

To copy and to drop a database costs more than most tests. So a database that a test leaves is
emptied and filled again with the template's rows, unless the test changed more than rows: then it
is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from storage.embedded.postgres import EmbeddedPostgres

TEMPLATE = "template_studio"
MOST_USES = 50
"""Dead rows add up."""
ANALYZED = 500
"""From so many rows on, a table's statistics would lead the next test's planner astray."""

SHAPE = """
select
    (select (count(*), max(xmin::text::bigint)) from pg_class where reltoastrelid is not null),
    (select (count(*), max(xmin::text::bigint)) from pg_attribute),
    (select (count(*), max(xmin::text::bigint)) from pg_proc),
    (select (count(*), max(xmin::text::bigint)) from pg_trigger),
    (select (count(*), max(xmin::text::bigint)) from pg_constraint),
    (select (count(*), max(xmin::text::bigint)) from pg_policy),
    (select (count(*), max(xmin::text::bigint)) from pg_namespace),
    (select count(*) from pg_db_role_setting as s
     inner join pg_database as d on d.oid = s.setdatabase where d.datname = current_database()),
    (select count(*) from pg_class as c
     where c.relnamespace = 'studio'::regnamespace and c.reltuples > %s)
"""
WRITTEN = """
select format('%%I.%%I', n.nspname, c.relname) from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
    and pg_relation_size(c.oid) > 0
"""
"""A table that never had a row has no bytes."""
NEXT = """
select format('%%I.%%I', schemaname, sequencename), last_value from pg_sequences
where last_value is not null
"""
RESTARTED = """
select setval(format('%%I.%%I', schemaname, sequencename)::regclass, start_value, false)
from pg_sequences where last_value is not null
"""


@dataclass(frozen=True)
class Rows:
    """All rows of a database."""

    tables: dict[str, bytes]
    sequences: dict[str, int]
    """The number that each gave out last."""


@dataclass
class UsedDatabases:
    """Hands out databases of one server: `take`, then `give_back`."""

    server: EmbeddedPostgres
    _shape: Any = None
    _seeds: dict[str, bytes] = field(default_factory=dict)
    _desk: psycopg.Connection[Any] = field(init=False)
    _spare: list[str] = field(default_factory=list)
    _uses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._desk = self._connected("postgres")
        with self._connected(TEMPLATE) as connection:
            self._shape = _shape(connection)
            self._seeds = _rows(connection)

    def close(self) -> None:
        """Leave the server; nothing is taken or given back any more."""
        self._desk.close()

    def url_of(self, name: str) -> str:
        """The address of a database of this server."""
        return self.server.url.get_secret_value().rpartition("/")[0] + f"/{name}"

    def take(self) -> str:
        """The name of a migrated database that nobody uses; a name is never used twice.

        Not the one that was given back last: who was connected to it may still be leaving, and
        Postgres waits a tenth of a second for that before it renames.
        """
        name = f"test_{uuid4().hex}"
        spare = self._spare.pop(0) if len(self._spare) > 1 else None
        if spare:
            self._run("alter database {} rename to {}", spare, name)
        else:
            self._run("create database {} template {} strategy wal_log", name, TEMPLATE)
        self._uses[name] = self._uses.pop(spare or "", 0) + 1
        return name

    def give_back(self, name: str) -> None:
        """Empty it for the next test, or drop it; whoever is still connected is cut off."""
        if self._uses[name] < MOST_USES and self._emptied(name):
            self._spare.append(name)
        else:
            self._run("drop database if exists {} with (force)", name)

    def _emptied(self, name: str) -> bool:
        try:
            with self._connected(name) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
                if _shape(connection) != self._shape:
                    return False
                self._refill(connection)
        except psycopg.OperationalError:
            return False
        return True

    def refill(self, url: str) -> None:
        """Bring the database at `url` back to the template's rows."""
        with psycopg.connect(url, autocommit=True) as connection:
            self._refill(connection)

    def rows_of(self, url: str) -> Rows:
        """Everything that is in the database at this address now, for `lay`."""
        with psycopg.connect(url) as connection:
            return Rows(_rows(connection), dict(connection.execute(NEXT, ()).fetchall()))

    def lay(self, url: str, rows: Rows) -> None:
        """Put these rows in the place of all that the database at `url` has."""
        with psycopg.connect(url, autocommit=True) as connection:
            self._refill(connection, rows.tables)
            for sequence, last in rows.sequences.items():
                connection.execute("select setval(%s::regclass, %s)", (sequence, last))

    def _refill(
        self, connection: psycopg.Connection[Any], tables: dict[str, bytes] | None = None
    ) -> None:
        deletes = "; ".join(f"delete from {table}" for table in _written(connection))
        with connection.transaction():
            connection.execute(f"set local session_replication_role = replica; {deletes}")
            for table, rows in (tables or self._seeds).items():
                with connection.cursor().copy(f"copy {table} from stdin (format binary)") as into:
                    into.write(rows)
            connection.execute(RESTARTED, ())

    def _connected(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url_of(name), autocommit=True)

    def _run(self, statement: str, *names: str) -> None:
        self._desk.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _written(connection: psycopg.Connection[Any]) -> list[str]:
    return [str(row[0]) for row in connection.execute(WRITTEN, ())]


def _rows(connection: psycopg.Connection[Any]) -> dict[str, bytes]:
    found = {}
    for table in _written(connection):
        with connection.cursor().copy(f"copy {table} to stdout (format binary)") as rows:
            found[table] = b"".join(bytes(block) for block in rows)
    return found


def _shape(connection: psycopg.Connection[Any]) -> Any:
    return connection.execute(SHAPE, (ANALYZED,)).fetchone()
