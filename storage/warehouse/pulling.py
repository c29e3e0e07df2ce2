"""Reads from the record what the warehouse is made of, and makes rows of its datasets from it.

One REPEATABLE READ, READ ONLY transaction as `service_role`: ADBC hands Arrow batches from Postgres
to DuckDB, where the queries of `sql/duckdb/staging` join them. A watermark is a transaction id
(`xid8`): every transaction before it was over when it was taken, so whatever commits later carries
that id or a greater one and is read by the next pull, however long it was open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pyarrow as pa
from pydantic import SecretStr

from storage.errors import RecordUnavailable
from storage.sqlfiles import Query, queries
from storage.warehouse.relations import DATASETS, SMALL, staged, steps
from storage.warehouse.scratch import Scratch
from storage.warehouse.turn import Turn

_Q = queries("warehouse")
_PARAMETER = re.compile(r"%\((\w+)\)s")
_JOINED = ("generations", "charges")
_CHOSEN = ("generations", "attempts", "videos", "charges", "events", "first_made")
MANY = 200
"""So many generations are read over several connections at once: what is changed long after it was
made is found in places of large indexes that nobody has looked into for a while."""
BESIDE = 3
"""Connections beside the one of a look."""


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

    def __init__(
        self,
        cursor: adbc.Cursor,
        others: Callable[[str], list[adbc.Cursor]],
    ) -> None:
        """`others`: cursors of further connections that see the snapshot of this name."""
        self._cursor = cursor
        self._others = others
        self.small: dict[str, pa.Table] = {}
        """Small relations as `changes` has read them."""

    def horizon(self) -> Horizon:
        """How far this look reaches."""
        self._cursor.execute(_Q["horizon"].text)
        row = self._cursor.fetchone()
        if row is None:
            raise RecordUnavailable("The record has no organisation.", todo="Run `studio migrate`.")
        return Horizon(*map(str, row))

    def everything(self, into: duckdb.DuckDBPyConnection) -> None:
        """Read every row into `pulled_…`."""
        for name in (*_CHOSEN, *SMALL):
            chosen = _Q["all_first_made"].text if name == "first_made" else ""
            self._keep(into, f"pulled_{name}", _Q[name].with_parts(chosen=chosen), {})
        into.execute(
            "create or replace table pulled_marks"
            " (dataset varchar, key varchar, was_at timestamp, was_on date)"
        )

    def changes(self, into: duckdb.DuckDBPyConnection, wanted: Wanted) -> None:
        """Read whatever may have changed since the watermark, whole, into `pulled_…`: as Arrow
        tables, for it is not much."""
        again = {name: ",".join(sorted(wanted.again.get(name, ()))) for name in DATASETS}
        found = _table(self._cursor, _Q["touched"], {"since": wanted.since})
        touched = {*found.column("id").to_pylist(), *wanted.again.get("generations", ())}
        given = {**again, "generations": ",".join(sorted(touched)), "since": wanted.since}
        asked = {name: _Q[name].with_parts(chosen=_Q[f"chosen_{name}"].text) for name in _CHOSEN}
        asked |= {name: _Q[name] for name in (*SMALL, "marks")}
        others = self._others(self._snapshot()) if len(touched) >= MANY else []
        answers = _side_by_side([self._cursor, *others], asked, given)
        for name, table in answers.items():
            into.register(f"pulled_{name}", table)
        self.small = {name: answers[name] for name in SMALL}
        # What waited is read again because it was not applied: nothing of it is left out.
        judged = found.slice(0, 0) if any(wanted.again.values()) else found
        into.register("pulled_touched", judged)

    def totals(self, into: duckdb.DuckDBPyConnection, wanted: Wanted) -> Wanted:
        """Read into `pulled_totals` what the record has; what was left out, as a pull would read
        it."""
        found = {
            "generations": self._ids("touched", wanted.since),
            "charges": self._ids("touched_charges", wanted.since),
        }
        again = {name: ids | wanted.again.get(name, frozenset()) for name, ids in found.items()}
        given = {name: ",".join(sorted(ids)) for name, ids in again.items()}
        self._keep(into, "pulled_totals", _Q["totals"], given)
        return Wanted(wanted.since, again)

    def _ids(self, query: str, since: str) -> frozenset[str]:
        found = _table(self._cursor, _Q[query], {"since": since})
        return frozenset(found.column("id").to_pylist())

    def _snapshot(self) -> str:
        """Under which name others can see what this look sees, for as long as it lasts."""
        name: str = _table(self._cursor, _Q["share_look"], {}).column("name")[0].as_py()
        return name

    def _keep(
        self, into: duckdb.DuckDBPyConnection, name: str, query: Query, given: Mapping[str, str]
    ) -> None:
        _ask(self._cursor, query, given)
        reader = self._cursor.fetch_record_batch()
        into.register("arriving", reader)
        try:
            into.execute(f"create or replace table {name} as select * from arriving")
        finally:
            into.unregister("arriving")


class Line:
    """Connections to the record, and the database of passes, that stay open between passes:
    opening them costs as much as reading what changed. For one thread at a time."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        self._connection: adbc.Connection | None = None
        self._others: list[adbc.Connection] = []
        self.scratch = Scratch()
        self.turn = Turn(url)
        self._published: tuple[str, Mapping[str, pa.Table]] = ("", {})

    @contextmanager
    def looking(self) -> Iterator[Pull]:
        """One look at the record.

        Raises:
            RecordUnavailable: Postgres can't be reached or refused a statement.
        """
        try:
            with ExitStack() as cursors:
                cursor = cursors.enter_context(self._begun())
                yield Pull(cursor, partial(self._beside, cursors))
            self._end()
        except adbc.Error as exc:
            self._hang_up()
            raise RecordUnavailable(
                f"The database could not be read for the warehouse: {exc}",
                todo="It is tried again.",
            ) from exc
        except BaseException:
            self._hang_up()
            raise

    def note(self, publication: str, small: Mapping[str, pa.Table]) -> None:
        """Keep in mind which rows of small relations were read for a publication of the lake."""
        self._published = publication, small

    def unchanged(self, publication: str, small: Mapping[str, pa.Table]) -> frozenset[str]:
        """The small relations of which the same was read for this publication."""
        known = self._published[1] if self._published[0] == publication else {}
        return frozenset(n for n in small if n in known and small[n].equals(known[n]))

    def close(self) -> None:
        """Hang up. Safe to repeat; the next pass opens anew."""
        self.scratch.close()
        self.turn.close()
        self._hang_up()

    def _hang_up(self) -> None:
        for connection in self._open():
            with suppress(adbc.Error):
                connection.close()
        self._connection, self._others = None, []

    def _open(self) -> list[adbc.Connection]:
        return [*([self._connection] if self._connection else []), *self._others]

    def _begun(self) -> adbc.Cursor:
        """A cursor in a transaction. A line that was cut since the last look is opened anew."""
        if self._connection is not None:
            try:
                return _begin(self._connection)
            except adbc.Error:
                self._hang_up()
        self._connection = adbc.connect(self._url.get_secret_value())
        return _begin(self._connection)

    def _beside(self, cursors: ExitStack, snapshot: str) -> list[adbc.Cursor]:
        """Further cursors in transactions that see the same. Fewer where the record takes no more
        connections: they only save time."""
        with suppress(adbc.Error):
            while len(self._others) < BESIDE:
                self._others.append(adbc.connect(self._url.get_secret_value()))
        begun = (_begin(connection, snapshot) for connection in self._others)
        return [cursors.enter_context(cursor) for cursor in begun]

    def _end(self) -> None:
        for connection in self._open():
            connection.rollback()


def _begin(connection: adbc.Connection, snapshot: str | None = None) -> adbc.Cursor:
    """A cursor in a new transaction, which sees what another one has shared."""
    cursor = connection.cursor()
    cursor.execute(_Q["begin"].text)
    if snapshot is not None:
        cursor.execute(_Q["share_in"].with_parts(snapshot=snapshot).text)
    cursor.execute(_Q["act"].text)
    return cursor


def _side_by_side(
    cursors: list[adbc.Cursor], asked: Mapping[str, Query], given: Mapping[str, str]
) -> dict[str, pa.Table]:
    """The answers by name, each read over the next connection that is free."""
    free: SimpleQueue[adbc.Cursor] = SimpleQueue()
    for cursor in cursors:
        free.put(cursor)

    def read(query: Query) -> pa.Table:
        cursor = free.get()
        try:
            return _table(cursor, query, given)
        finally:
            free.put(cursor)

    with ThreadPoolExecutor(len(cursors)) as pool:
        return dict(zip(asked, pool.map(read, asked.values()), strict=True))


def _table(cursor: adbc.Cursor, query: Query, given: Mapping[str, str]) -> pa.Table:
    _ask(cursor, query, given)
    return cursor.fetch_arrow_table()


def _ask(cursor: adbc.Cursor, query: Query, given: Mapping[str, str]) -> None:
    text, values = _positional(query, given)
    cursor.execute(text, values or None)


@contextmanager
def looking(url: SecretStr) -> Iterator[Pull]:
    """One look at the record over a line of its own; see `Line.looking`.

    Raises:
        RecordUnavailable: Postgres can't be reached or refused a statement.
    """
    line = Line(url)
    try:
        with line.looking() as pull:
            yield pull
    finally:
        line.close()


def stage(
    into: duckdb.DuckDBPyConnection,
    *,
    whole: bool = False,
    unchanged: Collection[str] = (),
) -> None:
    """Make `new_…` and `gone_…`, which `Lake.publish` takes, from what was pulled.

    `whole`: it is everything, and more than fits into memory. `unchanged`: relations that are not
    made.
    """
    for name, relation in staged().items():
        if name in unchanged:
            continue
        made = relation.query.text.strip().rstrip(";")
        if whole and name in _JOINED:
            # Joins that spill mix days up, and each partition would be looked for in all rows.
            made = f"select * from ({made}) order by created_at"
        into.execute(f"create or replace table new_{name} as {made}")
    for dataset in DATASETS:
        kind = "bigint" if dataset == "events" else "uuid"
        into.execute(steps()["make_gone"].with_parts(dataset=dataset, kind=kind).text)
    if not whole:
        into.execute(steps()["leave_charges"].text)


def _positional(query: Query, given: Mapping[str, str]) -> tuple[str, list[Any]]:
    """The statement with `$1`, `$2` as ADBC wants it, and the values in that order."""
    names: list[str] = []

    def place(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    text = _PARAMETER.sub(place, query.text)
    return text, [given[name] for name in names]
