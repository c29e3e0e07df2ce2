"""Writes the files of one publication: those of the partitions that changes touch, no others."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from storage.warehouse.counting import Change, count_changes, name_facts
from storage.warehouse.manifest import (
    LakeFile,
    Manifest,
    month_of,
    partition_of,
    partitions_of,
    quoted,
    reading,
    year_of,
)
from storage.warehouse.relations import DATASETS, SMALL, rollups, steps
from storage.warehouse.striking import strike

if TYPE_CHECKING:
    import duckdb

WRITERS = 2
"""Files that are written beside each other when changes are published."""
MOST_PIECES = 8
"""A recent day has so many files at most: each costs readers a little."""
MOST_STRUCK = 8
"""A file of which more than the eighth part is struck out is not kept when files become one."""
ORDER = {
    "generations": "created_at, id",
    "charges": "created_at, id",
    "events": "day, person_id, happened_at, id",
    "latency_model": "phase, day",
    "latency_team": "team_id, day",
}
"""What the rows of a shared file are sorted by, so that readers pass blocks of them over; roll-ups
that are not named: by day."""
BLOCK_ROWS = {"latency_model": 30_000, "latency_team": 30_000}
"""Smaller blocks where a report reads a part of a year's file."""

_Later = Callable[[], tuple[LakeFile, ...]]
"""All files of a relation, when they are written."""
PLAINLY = "pragma disable_optimizer"
"""For a statement over few rows and many columns."""
_T = TypeVar("_T")
_S = steps()


@dataclass
class Writing:
    """One publication in the making."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    old: Manifest | None
    number: int
    daily_from: date
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    """Makes names that no other writer gives, should there ever be one."""
    held: bool = False
    """Whether `hold` has been called for every dataset."""
    pool: ThreadPoolExecutor | None = None
    """Writes files beside each other; None: one after the other, as for more than fits in
    memory."""

    def kept_beside(self, names: Iterable[str]) -> dict[str, tuple[LakeFile, ...]]:
        """Relations of the writer's own, one file each."""
        return {name: (self._write(name, "", f"select * from {name}"),) for name in names}

    def relations(self) -> dict[str, tuple[LakeFile, ...]]:
        """Write every touched file; all files of the new state, by relation."""
        if self.old is None:
            return self._everything()
        # Each file is small: threads that share one would only get in each other's way.
        self.connection.execute("set threads = 1")
        with ThreadPoolExecutor(WRITERS) as pool:
            self.pool = pool
            made = {dataset: self._dataset(dataset) for dataset in DATASETS}
            made |= {name: self._small(name) for name in SMALL}
            # What follows is planned longer than it runs.
            self.connection.execute(PLAINLY)
            for change in count_changes(self.connection):
                made[change.rollup] = self._changed_rollup(change)
            return {name: files() for name, files in made.items()}

    def _everything(self) -> dict[str, tuple[LakeFile, ...]]:
        made: dict[str, tuple[LakeFile, ...]] = {}
        for dataset in DATASETS:
            made[dataset] = self._dataset(dataset)()
        made |= {name: self._small(name)() for name in SMALL}
        name_facts(self.connection, {name: self._reading(made[name]) for name in DATASETS})
        for name in rollups():
            made[name] = self._whole_rollup(name)()
        return made

    def _small(self, name: str) -> _Later:
        job = self._job(name, "", f"select * from new_{name}")
        return lambda: (job(),)

    def _dataset(self, dataset: str) -> _Later:
        """All its files: a recent day gets one more with what is new, and what that replaces is
        struck out of the others; an old one is written again with those that it shares a file with.
        """
        gained = self._gained(dataset)
        struck = self._struck(dataset)
        before = [struck.get(file.name, file) for file in self._old(dataset)]
        recent = {file.partition for file in before if self._is_recent(file.partition)}
        recent &= {str(day) for day in gained}
        pieces = [
            self._pieces(dataset, day, gained[day], [f for f in before if f.partition == str(day)])
            for day in sorted(gained)
            if str(day) in recent
        ]
        rewritten = self._rewritten(
            dataset,
            [file for file in before if file.partition not in recent],
            {day for day in gained if str(day) not in recent},
            month_of,
            lambda target, before: self._merged(dataset, target, before),
        )
        return lambda: self._or_empty(
            dataset,
            f"select * from new_{dataset}",
            [*rewritten(), *(file for files in pieces for file in files())],
        )

    def _pieces(self, dataset: str, day: date, rows: int, before: list[LakeFile]) -> _Later:
        """The files of a recent day to which so many rows are new."""
        kept = [file for file in before if file.counting]
        if not rows:
            return lambda: tuple(kept)
        new = f"select * from new_{dataset} where {_on({day})}"
        if len(kept) >= MOST_PIECES:
            kept, small = _large_and_small(kept)
            new = f"select * from {self._reading(small)} union all by name {new}"
        job = self._job(dataset, str(day), new)
        return lambda: (*kept, job())

    def _struck(self, dataset: str) -> dict[str, LakeFile]:
        """By name, the files of recent days out of which rows are struck now, as they are then.
        Takes what roll-ups have counted of those rows into `lost_<dataset>`."""
        if self.old is None:
            return {}
        if not self.held:
            self.hold(dataset)
        self._run(f"lose_{dataset}")
        found = self._run("positions", dataset=dataset).fetchall()
        files = {str(self.folder / file.name): file for file in self._old(dataset)}
        struck = {}
        for path, positions in found:
            file = files[path]
            if self._is_recent(file.partition):
                bits = strike(file.struck, file.rows, positions)
                struck[file.name] = file.model_copy(update={"struck": bits})
        return struck

    def hold_all(self) -> None:
        """`hold` for every dataset, beside each other."""
        with ThreadPoolExecutor(WRITERS) as pool:
            for done in [pool.submit(self._hold_aside, dataset) for dataset in DATASETS]:
                done.result()

    def _hold_aside(self, dataset: str) -> None:
        self._aside(lambda aside: aside.hold(dataset))

    def hold(self, dataset: str) -> None:
        """Take the rows that are to be others, or gone, as they are into `held_<dataset>`, and
        where they are into `found_<dataset>`."""
        days = self._gained(dataset)
        homes = {file: self._home(file, month_of) for file in self._old(dataset)}
        touched = {*partitions_of(days, self.daily_from)}
        touched |= {home for file, home in homes.items() if home != file.partition}
        known = [file for file, home in homes.items() if home in touched]
        if known:
            columns = "filename, file_row_number as position, id"
            self._run("find", dataset=dataset, known=reading(self.folder, known, columns))
            # Few columns say which files have any: mostly only rows that are new are written.
            paths = {row[0] for row in self._run("paths", dataset=dataset).fetchall()}
            known = [file for file in known if str(self.folder / file.name) in paths]
        else:
            self._run("find_nothing", dataset=dataset)
        if known:
            self._run("hold", dataset=dataset, known=self._reading(known))
        else:
            self._run("hold_nothing", dataset=dataset)

    def _gained(self, dataset: str) -> dict[date, int]:
        """The days that are touched, and how many rows are new to each."""
        return dict(self._run("gained", dataset=dataset).fetchall())

    def _is_recent(self, partition: str) -> bool:
        return _is_day(partition) and date.fromisoformat(partition) >= self.daily_from

    def _rewritten(
        self,
        name: str,
        kept: list[LakeFile],
        days: set[date],
        shared: Callable[[date], str],
        merged: Callable[[str, list[LakeFile]], str],
    ) -> _Later:
        """What becomes of these files: those of touched and of aged days are written again."""
        homes = {file.name: self._home(file, shared) for file in kept}
        aged = {homes[file.name] for file in kept if homes[file.name] != file.partition}
        jobs = []
        for target in sorted(set(partitions_of(days, self.daily_from, shared)) | aged):
            before = [file for file in kept if homes[file.name] == target]
            kept = [file for file in kept if file not in before]
            jobs.append(self._job(name, target, merged(target, before)))
        return lambda: (*kept, *(file for file in (job() for job in jobs) if file.rows))

    def _or_empty(self, name: str, select: str, files: list[LakeFile]) -> tuple[LakeFile, ...]:
        """The files in order, or one without rows."""
        files = files or [self._write(name, "", f"{select} where false")]
        return tuple(sorted(files, key=lambda file: file.partition))

    def _merged(self, dataset: str, target: str, before: list[LakeFile]) -> str:
        new = f"select * from new_{dataset} where {self._within(target)}"
        # A day is written again and again and read as a whole: sorting it gains nothing.
        order = "" if _is_day(target) else f"order by {ORDER[dataset]}"
        if not before:
            return f"{new} {order}"
        return f"""
            select * from {self._reading(before)}
            anti join (select id from new_{dataset} union all select id from gone_{dataset})
                using (id)
            union all by name {new} {order}"""

    def _whole_rollup(self, name: str) -> _Later:
        self.connection.execute(
            f"create or replace temp table made as {rollups()[name].query.text}"
        )
        order = f"order by {ORDER.get(name, 'day')}"
        files = self._rewritten(
            name,
            [],
            self._days("made"),
            year_of,
            lambda target, _: f"select * from made where {self._within(target)} {order}",
        )
        return lambda: self._or_empty(name, "select * from made", [*files()])

    def _changed_rollup(self, change: Change) -> _Later:
        """What changes add and take away is added to the days that have any. Old days share the
        file of their year: each file costs a report that reads all of them."""
        old = self._old(change.rollup)
        recent = {day for day in change.days if day >= self.daily_from}
        touched = [file for file in old if file.partition in set(map(str, recent))]
        added = self._later(lambda writing: writing._added(change, recent, touched))
        rewritten = self._rewritten(
            change.rollup,
            [file for file in old if file not in touched],
            set(change.days) - recent,
            year_of,
            lambda target, before: self._merged_rollup(change, target, before),
        )
        return lambda: self._or_empty(
            change.rollup, f"select * from {change.table}", [*rewritten(), *added()]
        )

    def _added(self, change: Change, days: set[date], before: list[LakeFile]) -> list[LakeFile]:
        """The files of recent days with what changes there; a day that nothing is left of has none.
        All are read and added to at once: planning that takes longer than doing it."""
        if not days:
            return []
        self.connection.execute(PLAINLY)
        old = f"select * from {self._reading(before)}" if before else None
        new = f"select * from {change.table} where {_on(days)}"
        self.connection.execute(f"create or replace temp table added as {change.added(old, new)}")
        order = f"order by {ORDER.get(change.rollup, 'day')}"
        written = [
            self._write(change.rollup, str(day), f"select * from added where {_on({day})} {order}")
            for day in sorted(days)
        ]
        return [file for file in written if file.rows]

    def _merged_rollup(self, change: Change, target: str, before: list[LakeFile]) -> str:
        days = _on(set(change.days))
        old = f"select * from {self._reading(before)}" if before else None
        new = f"select * from {change.table} where {self._within(target)}"
        counted = change.added(f"{old} where {days}" if old else None, new)
        rest = f"union all by name {old} where not ({days})" if old else ""
        return f"{counted} {rest} order by {ORDER.get(change.rollup, 'day')}"

    def _run(self, step: str, **parts: str) -> duckdb.DuckDBPyConnection:
        return self.connection.execute(_S[step].with_parts(**parts).text)

    def _days(self, table: str) -> set[date]:
        rows = self.connection.execute(f"select distinct day from {table}").fetchall()
        return {row[0] for row in rows}

    def _home(self, file: LakeFile, shared: Callable[[date], str]) -> str:
        """Where its rows belong: those of a day that has become old to what it shares."""
        if not _is_day(file.partition):
            return file.partition
        return partition_of(date.fromisoformat(file.partition), self.daily_from, shared)

    def _within(self, partition: str) -> str:
        """The condition for days of a partition; ranges, so that blocks of rows are passed over."""
        if _is_day(partition):
            return f"day = date '{partition}'"
        first = f"{partition}-01-01"[: len("2026-11-01")]
        unit = "month" if len(partition) == len("2026-11") else "year"
        return (
            f"day >= date '{first}' and day < date '{first}' + interval 1 {unit}"
            f" and day < date '{self.daily_from}'"
        )

    def _old(self, relation: str) -> tuple[LakeFile, ...]:
        return self.old.relations.get(relation, ()) if self.old else ()

    def _reading(self, files: Iterable[LakeFile]) -> str:
        return reading(self.folder, files)

    def _job(self, relation: str, partition: str, select: str) -> Callable[[], LakeFile]:
        """Write one new file."""
        return self._later(lambda writing: writing._write(relation, partition, select))

    def _later(self, work: Callable[[Writing], _T]) -> Callable[[], _T]:
        """Do it now, or beside others; what is called for its result waits until it is done."""
        if self.pool is None:
            made = work(self)
            return lambda: made
        return self.pool.submit(self._aside, work).result

    def _aside(self, work: Callable[[Writing], _T]) -> _T:
        with self.connection.cursor() as cursor:
            return work(replace(self, connection=cursor))

    def _write(self, relation: str, partition: str, select: str) -> LakeFile:
        """Write one new file, in a folder of its relation and partition.

        A file without rows is kept only without a partition: it carries the columns of a relation
        that has no rows.
        """
        file = f"{self.number:08}-{self.token}.parquet"
        name = "/".join(part for part in (relation, partition, file) if part)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        block = BLOCK_ROWS.get(relation, 122_880)
        # Scans take a quarter longer to unpack what is packed tighter; a day that is written again
        # and again is not worth packing.
        packed = "uncompressed" if _is_day(partition) else "lz4_raw"
        written = self.connection.execute(
            f"copy ({select}) to '{quoted(path)}'"
            f" (format parquet, compression {packed}, row_group_size {block})"
        ).fetchone()
        rows = int(written[0]) if written else 0
        size = path.stat().st_size
        if partition and not rows:
            path.unlink()
        return LakeFile(name=name, partition=partition, rows=rows, bytes=size)


def _large_and_small(files: list[LakeFile]) -> tuple[list[LakeFile], list[LakeFile]]:
    """One with most of a day's rows, unless much of it is struck out, and the others: those become
    one, so that a day is written as a whole only when it has doubled."""
    half = sum(file.counting for file in files) / 2
    large = [
        file
        for file in files
        if file.counting > half and (file.rows - file.counting) * MOST_STRUCK <= file.rows
    ]
    return large, [file for file in files if file not in large]


def _is_day(partition: str) -> bool:
    return len(partition) > len("2026-11")


def _on(days: set[date]) -> str:
    """The condition for rows of these days."""
    listed = ", ".join(f"date '{day}'" for day in sorted(days))
    return f"day in ({listed})" if days else "false"
