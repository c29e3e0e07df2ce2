"""Reads from the record what the warehouse is made of, and makes rows of its datasets from it.

One REPEATABLE READ, READ ONLY transaction as `service_role`: ADBC hands Arrow batches from Postgres
to DuckDB, where the queries of `sql/duckdb/staging` join them. A watermark is a transaction id
(`xid8`): every transaction before it was over when it was taken, so whatever commits later carries
that id or a greater one and is read by the next pull, however long it was open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import duckdb
from pydantic import SecretStr

from storage.errors import RecordUnavailable
from storage.sqlfiles import Query, queries
from storage.warehouse.relations import DATASETS, SMALL, staged, steps

_Q = queries("warehouse")
_PARAMETER = re.compile(r"%\((\w+)\)s")
_JOINED = ("generations", "charges")
_CHOSEN = ("generations", "attempts", "videos", "charges", "events", "first_made")


@dataclass(frozen=True)
class Horizon:
    """How far one look at the record reaches, and whose record it is."""

    watermark: str
    """Transactions before it are over."""
    next: str
    """This one has not begun."""
    system_id: str
    """Cluster, history and database: a watermark means nothing in another."""
    time_zone: str


@dataclass(frozen=True)
class Wanted:
    """What to read again beside what changed: ids, as text, of rows that were put off."""

    since: str
    """The watermark of the last pull."""
    again: dict[str, frozenset[str]]
    """By dataset."""


class Pull:
    """One look at the record, for the length of a `with` block of `looking`."""

    def __init__(self, cursor: adbc.Cursor, into: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._into = into

    def horizon(self) -> Horizon:
        """How far this look reaches."""
        self._cursor.execute(_Q["horizon"].text)
        row = self._cursor.fetchone()
        if row is None:
            raise RecordUnavailable("The record has no organisation.", todo="Run `studio migrate`.")
        return Horizon(*map(str, row))

    def everything(self) -> None:
        """Read every row into `pulled_…`."""
        for name in (*_CHOSEN, *SMALL):
            chosen = _Q["all_first_made"].text if name == "first_made" else ""
            self._keep(f"pulled_{name}", _Q[name].with_parts(chosen=chosen), {})
        self._into.execute(
            "create or replace table pulled_marks"
            " (dataset varchar, key varchar, was_at timestamp, was_on date)"
        )

    def changes(self, wanted: Wanted) -> None:
        """Read whatever may have changed since the watermark, whole, into `pulled_…`: as Arrow
        tables, for it is not much."""
        again = {name: ",".join(sorted(wanted.again.get(name, ()))) for name in DATASETS}
        touched = self._ids("touched", wanted.since) | wanted.again.get("generations", frozenset())
        given = {**again, "generations": ",".join(sorted(touched)), "since": wanted.since}
        for name in _CHOSEN:
            query = _Q[name].with_parts(chosen=_Q[f"chosen_{name}"].text)
            self._show(f"pulled_{name}", query, given)
        for name in (*SMALL, "marks"):
            self._show(f"pulled_{name}", _Q[name], given)

    def totals(self, wanted: Wanted) -> Wanted:
        """Read into `pulled_totals` what the record has; what was left out, as a pull would read
        it."""
        found = {
            "generations": self._ids("touched", wanted.since),
            "charges": self._ids("touched_charges", wanted.since),
        }
        again = {name: ids | wanted.again.get(name, frozenset()) for name, ids in found.items()}
        given = {name: ",".join(sorted(ids)) for name, ids in again.items()}
        self._keep("pulled_totals", _Q["totals"], given)
        return Wanted(wanted.since, again)

    def _ids(self, query: str, since: str) -> frozenset[str]:
        self._ask(_Q[query], {"since": since})
        return frozenset(self._cursor.fetch_arrow_table().column("id").to_pylist())

    def _keep(self, name: str, query: Query, given: dict[str, str]) -> None:
        self._ask(query, given)
        reader = self._cursor.fetch_record_batch()
        self._into.register("arriving", reader)
        try:
            self._into.execute(f"create or replace table {name} as select * from arriving")
        finally:
            self._into.unregister("arriving")

    def _show(self, name: str, query: Query, given: dict[str, str]) -> None:
        self._ask(query, given)
        self._into.register(name, self._cursor.fetch_arrow_table())

    def _ask(self, query: Query, given: dict[str, str]) -> None:
        text, values = _positional(query, given)
        self._cursor.execute(text, values or None)


class Line:
    """A connection to the record that stays open between looks: opening one costs as much as
    reading what changed. For one thread at a time."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        self._connection: adbc.Connection | None = None

    @contextmanager
    def looking(self, into: duckdb.DuckDBPyConnection) -> Iterator[Pull]:
        """One look at the record, from which rows are read into a DuckDB connection.

        Raises:
            RecordUnavailable: Postgres can't be reached or refused a statement.
        """
        try:
            with self._begun() as cursor:
                yield Pull(cursor, into)
            self._end()
        except adbc.Error as exc:
            self.close()
            raise RecordUnavailable(
                f"The database could not be read for the warehouse: {exc}",
                todo="It is tried again.",
            ) from exc
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up. Safe to repeat; the next look opens anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(adbc.Error):
                connection.close()

    def _begun(self) -> adbc.Cursor:
        """A cursor in a transaction. A line that was cut since the last look is opened anew."""
        if self._connection is not None:
            try:
                return _begin(self._connection)
            except adbc.Error:
                self.close()
        self._connection = adbc.connect(self._url.get_secret_value())
        return _begin(self._connection)

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.rollback()


def _begin(connection: adbc.Connection) -> adbc.Cursor:
    cursor = connection.cursor()
    cursor.execute(_Q["begin"].text)
    cursor.execute(_Q["act"].text)
    return cursor


@contextmanager
def looking(url: SecretStr, into: duckdb.DuckDBPyConnection) -> Iterator[Pull]:
    """One look at the record over a line of its own; see `Line.looking`.

    Raises:
        RecordUnavailable: Postgres can't be reached or refused a statement.
    """
    line = Line(url)
    try:
        with line.looking(into) as pull:
            yield pull
    finally:
        line.close()


def stage(into: duckdb.DuckDBPyConnection, *, whole: bool = False) -> None:
    """Make `new_…` and `gone_…`, which `Lake.publish` takes, from what was pulled.

    `whole`: it is everything, and more than fits into memory.
    """
    for name, relation in staged().items():
        made = relation.query.text.strip().rstrip(";")
        if whole and name in _JOINED:
            # Joins that spill mix days up, and each partition would be looked for in all rows.
            made = f"select * from ({made}) order by created_at"
        into.execute(f"create or replace table new_{name} as {made}")
    for dataset in DATASETS:
        kind = "bigint" if dataset == "events" else "uuid"
        into.execute(steps()["make_gone"].with_parts(dataset=dataset, kind=kind).text)


def _positional(query: Query, given: dict[str, str]) -> tuple[str, list[Any]]:
    """The statement with `$1`, `$2` as ADBC wants it, and the values in that order."""
    names: list[str] = []

    def place(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    text = _PARAMETER.sub(place, query.text)
    return text, [given[name] for name in names]
