"""Asks the lake: an in-memory DuckDB with views over the files of one manifest, for one scope.

Nothing is locked and no handle is kept on a file, so a sync, any number of readers and tools
outside the studio use the lake at once. A cursor for each query, because a DuckDB connection that
threads share mixes their answers up.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from storage.errors import WarehouseError, WarehouseMissing
from storage.sqlfiles import Query
from storage.warehouse.counting import added_up
from storage.warehouse.manifest import (
    CHANGES,
    LakeFile,
    Manifest,
    read_manifest,
    reading,
    stamp,
)
from storage.warehouse.relations import DATASETS, SMALL, Relation, marts, rollups
from storage.warehouse.room import Room

# Every process opens the services, few ask the warehouse: DuckDB and Arrow are imported at the
# first question, not at the start of each worker.
if TYPE_CHECKING:
    import duckdb
    import pyarrow

MOST_SCOPES = 32
LONGEST_LIST = 500
_T = TypeVar("_T")
_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Scope:
    """Whose rows are read; both None: everybody's."""

    team_id: UUID | None = None
    person_id: UUID | None = None


EVERYTHING = Scope()


@dataclass(frozen=True)
class Freshness:
    """How new the answers are."""

    published_at: datetime
    """When the lake was last brought up to date, UTC."""
    watermark: str
    generations: int
    demo: bool
    time_zone: str
    """The company's zone, in which days were cut."""


@dataclass(frozen=True)
class _Engine:
    """A DuckDB over one state of the lake for one scope."""

    connection: duckdb.DuckDBPyConnection
    room: Room = field(default_factory=Room)


class WarehouseReader:
    """Answers queries from the lake in `folder`. Safe to use from many threads.

    `memory_mb` and `threads` are what the queries of one scope may take together: one that finds
    too little memory left is asked again when it is alone.
    """

    def __init__(self, folder: Path, *, memory_mb: int = 1024, threads: int = 2) -> None:
        self.folder = folder
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "threads": threads,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._manifest: Manifest | None = None
        self._open: OrderedDict[Scope, _Engine] = OrderedDict()

    def rows(self, query: Query, scope: Scope, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """Every row of the answer; times are aware UTC, money is Decimal.

        Raises:
            WarehouseMissing: there is no lake yet.
            WarehouseError: the query could not be answered.
        """

        def answer(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
            cursor.execute(query.text, _used(query, parameters))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, map(_aware, row), strict=True)) for row in cursor.fetchall()]

        return self._ask(scope, answer)

    def table(self, query: Query, scope: Scope, **parameters: Any) -> pyarrow.Table:  # noqa: ANN401
        """The answer as Arrow columns; times are naive UTC.

        Raises:
            WarehouseMissing: there is no lake yet.
            WarehouseError: the query could not be answered.
        """

        def answer(cursor: duckdb.DuckDBPyConnection) -> pyarrow.Table:
            return cursor.sql(query.text, params=_used(query, parameters)).to_arrow_table()

        return self._ask(scope, answer)

    def freshness(self) -> Freshness:
        """How new the answers are.

        Raises:
            WarehouseMissing: there is no lake yet.
        """
        manifest = self.manifest()
        return Freshness(
            manifest.published_at,
            manifest.watermark,
            manifest.rows("generations"),
            manifest.demo,
            manifest.time_zone,
        )

    def manifest(self) -> Manifest:
        """What is published now.

        Raises:
            WarehouseMissing: there is no lake yet.
        """
        with self._lock:
            return self._current()

    def exists(self) -> bool:
        """Whether there is a lake of today's shape."""
        try:
            self.manifest()
        except WarehouseMissing:
            return False
        return True

    def close(self) -> None:
        """Forget what is open. Safe to repeat; the next query opens anew."""
        with self._lock:
            self._forget()

    def _ask(self, scope: Scope, answer: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """The answer; asked again alone when others took the memory that it needs."""
        import duckdb

        engine = self._engine(scope)
        with _mapped_errors():
            try:
                with engine.room.together(), engine.connection.cursor() as cursor:
                    return answer(cursor)
            except duckdb.OutOfMemoryException:
                with engine.room.alone(), engine.connection.cursor() as cursor:
                    return answer(cursor)

    def _engine(self, scope: Scope) -> _Engine:
        with self._lock:
            manifest = self._current()
            if scope not in self._open:
                with _mapped_errors():
                    self._open[scope] = _Engine(self._connect(manifest, scope))
                if len(self._open) > MOST_SCOPES:
                    self._open.popitem(last=False)
            self._open.move_to_end(scope)
            return self._open[scope]

    def _current(self) -> Manifest:
        fresh = stamp(self.folder)
        if fresh != self._stamp or self._manifest is None:
            self._forget()
            self._manifest, self._stamp = read_manifest(self.folder), fresh
        if self._manifest is None:
            raise WarehouseMissing(
                "There are no figures yet.",
                todo="They appear some seconds after the first generation; "
                "an operator can run `studio warehouse sync`.",
            )
        return self._manifest

    def _forget(self) -> None:
        # Not closed: a cursor of another thread may still read from it, and ends with its query.
        self._open.clear()
        self._manifest = None

    def _connect(self, manifest: Manifest, scope: Scope) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect(":memory:", config=self._config)
        connection.execute("set enable_progress_bar = false")
        connection.execute("set parquet_metadata_cache = true")
        # A list of the first rows reads what it is sorted by, then the rest of those rows only.
        connection.execute(f"set late_materialization_max_rows = {LONGEST_LIST}")
        for name, text in view_texts(self.folder, manifest, scope):
            connection.execute(f'create view "{name}" as {text}')
        return connection


def view_texts(folder: Path, manifest: Manifest, scope: Scope) -> list[tuple[str, str]]:
    """Name and SELECT of every relation that readers of this scope find, in order of use."""
    in_files = relations_in_files(scope)
    found = [
        (name, rows_in_files(folder, manifest.relations[name], name, scope))
        for name in (*SMALL, *DATASETS)
    ]
    found += [(mart.name, mart.query.text) for mart in marts().values()]
    for name, rollup in rollups().items():
        if name in in_files:
            found.append((name, _of_rollup(folder, manifest, rollup, scope)))
        else:
            found.append((name, rollup.query.text))
    return found


def relations_in_files(scope: Scope) -> list[str]:
    """The relations that readers of this scope find in files. A roll-up that does not say whose its
    rows are has added up over others too, so it is made anew of the scope's facts, which are few.
    """
    owner = "person_id" if scope.person_id else "team_id" if scope.team_id else None
    whole = [name for name, made in rollups().items() if owner is None or owner in made.columns]
    return [*SMALL, *DATASETS, *whole]


def _of_rollup(folder: Path, manifest: Manifest, rollup: Relation, scope: Scope) -> str:
    """The SELECT of the rows of a roll-up: to some days is added what stands beside them."""
    files = manifest.relations[rollup.name]
    changes = [file for file in files if file.partition == CHANGES]
    changed = {CHANGES, *(str(day) for file in changes for day in file.days)}
    parts = (
        [file for file in files if file.partition not in changed],
        [file for file in files if file.partition in changed],
    )
    kept, added = (rows_in_files(folder, part, rollup.name, scope) for part in parts)
    if not changes:
        return kept
    both = added_up(rollup, added)
    return f"{kept} union all by name {both}" if parts[0] else both


def rows_in_files(folder: Path, files: Iterable[LakeFile], name: str, scope: Scope) -> str:
    """The SELECT of the rows of a relation's files that this scope may see. The newest are read
    first: a list of the latest then passes the older ones over."""
    newest_first = sorted(files, key=lambda file: file.partition, reverse=True)
    return _scoped(f"select * from {reading(folder, newest_first)}", name, scope)


def _scoped(select: str, name: str, scope: Scope) -> str:
    """The same rows as far as this scope may see them; names of teams and campaigns are no secret
    from a person."""
    if scope.person_id and name not in ("teams", "campaigns"):
        return f"{select} where {'id' if name == 'people' else 'person_id'} = '{scope.person_id}'"
    if scope.team_id:
        return f"{select} where {'id' if name == 'teams' else 'team_id'} = '{scope.team_id}'"
    return select


def _used(query: Query, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the query names: DuckDB refuses any other."""
    return {name: parameters[name] for name in set(_PARAMETER.findall(query.text))}


def _aware(value: Any) -> Any:  # noqa: ANN401
    """A time of the lake, which is naive UTC, as an aware one; anything else as it is."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """The one place where DuckDB's errors become ours."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as exc:
        raise WarehouseError(
            "The question needs more memory than one may take.", todo="Ask for a shorter period."
        ) from exc
    except duckdb.Error as exc:
        raise WarehouseError(
            f"The warehouse could not answer: {exc}", todo="`studio doctor` checks the warehouse."
        ) from exc
