"""Writes the files of one publication: those of the partitions that changes touch, no others."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from storage.warehouse.counting import count_changes, name_changes, name_facts
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

if TYPE_CHECKING:
    import duckdb

WRITERS = 2
"""Files that are written beside each other when changes are published."""
MOST_PIECES = 8
"""A day that is only added to has so many files at most: each costs readers a little."""
ORDER = {
    "generations": "created_at, id",
    "charges": "created_at, id",
    "events": "happened_at, id",
    "latency_model": "phase, day",
    "latency_team": "team_id, day",
}
"""What the rows of a shared file are sorted by, so that readers pass blocks of them over; roll-ups
that are not named: by day."""
BLOCK_ROWS = {"latency_model": 30_000, "latency_team": 30_000}
"""Smaller blocks where a report reads a part of a year's file."""

_Later = Callable[[], tuple[LakeFile, ...]]
"""All files of a relation, when they are written."""
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
            name_changes(self.connection)
            made |= {name: self._changed_rollup(name) for name in rollups()}
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
        days = self._days(f"new_{dataset}") | self._days(f"gone_{dataset}")
        added = self._added_to(dataset, days) - self._lose(dataset)
        pieces = [
            self._job(dataset, str(day), f"select * from new_{dataset} where {_on({day})}")
            for day in sorted(added)
        ]
        rewritten = self._rewritten(
            dataset,
            days - added,
            month_of,
            lambda target, before: self._merged(dataset, target, before),
            f"select * from new_{dataset}",
        )
        return lambda: _in_order((*rewritten(), *(piece() for piece in pieces)))

    def _added_to(self, dataset: str, days: set[date]) -> set[date]:
        """Recent days that have files, to which what is new can be a file more."""
        pieces = Counter(file.partition for file in self._old(dataset))
        return {
            day for day in days if day >= self.daily_from and 0 < pieces[str(day)] < MOST_PIECES
        }

    def hold(self, dataset: str) -> None:
        """Take the rows that are to be others, or gone, as they are into `held_<dataset>`."""
        days = self._days(f"new_{dataset}") | self._days(f"gone_{dataset}")
        homes = {file: self._home(file, month_of) for file in self._old(dataset)}
        touched = {*partitions_of(days, self.daily_from)}
        touched |= {home for file, home in homes.items() if home != file.partition}
        known = [file for file, home in homes.items() if home in touched]
        if known:
            # Few columns say which files have any: mostly only rows that are new are written.
            found = self._run("days_of_known", dataset=dataset, known=self._reading(known))
            days = {row[0] for row in found.fetchall()}
            held = {*map(str, days), *map(month_of, days)}
            known = [file for file in known if file.partition in held]
        if known:
            self._run("hold", dataset=dataset, known=self._reading(known))
        else:
            self._run("hold_nothing", dataset=dataset)

    def _lose(self, dataset: str) -> set[date]:
        """Take what roll-ups have counted of rows that are to be others, or gone, into
        `lost_<dataset>`; the days of those."""
        if not self.held:
            self.hold(dataset)
        self._run(f"lose_{dataset}")
        return self._days(f"lost_{dataset}")

    def _rewritten(
        self,
        name: str,
        days: set[date],
        shared: Callable[[date], str],
        merged: Callable[[str, list[LakeFile]], str],
        empty: str,
    ) -> _Later:
        """All files of a relation, those of touched and of aged days written again."""
        kept = list(self._old(name))
        homes = {file.name: self._home(file, shared) for file in kept}
        aged = {homes[file.name] for file in kept if homes[file.name] != file.partition}
        jobs = []
        for target in sorted(set(partitions_of(days, self.daily_from, shared)) | aged):
            before = [file for file in kept if homes[file.name] == target]
            kept = [file for file in kept if file not in before]
            jobs.append(self._job(name, target, merged(target, before)))

        def files() -> tuple[LakeFile, ...]:
            made = [*kept, *(file for file in (job() for job in jobs) if file.rows)]
            return _in_order(made or [self._write(name, "", f"{empty} where false")])

        return files

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
        return self._rewritten(
            name,
            self._days("made"),
            year_of,
            lambda target, _: f"select * from made where {self._within(target)} {order}",
            "select * from made",
        )

    def _changed_rollup(self, name: str) -> _Later:
        """What changes add and take away is added to the days that have any. Old days share the
        file of their year: each file costs a report that reads all of them."""
        change = count_changes(self.connection, name)
        days = self._days(change.table)

        def merged(target: str, before: list[LakeFile]) -> str:
            old = f"select * from {self._reading(before)}" if before else None
            new = f"select * from {change.table} where {self._within(target)}"
            counted = change.added(f"{old} where {_on(days)}" if old else None, new)
            rest = f"union all by name {old} where not ({_on(days)})" if old else ""
            return f"{counted} {rest} order by {ORDER.get(name, 'day')}"

        return self._rewritten(name, days, year_of, merged, f"select * from {change.table}")

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
        """Write one new file, now or beside others; what is called for it waits until it is."""
        if self.pool is None:
            made = self._write(relation, partition, select)
            return lambda: made
        return self.pool.submit(self._aside, relation, partition, select).result

    def _aside(self, relation: str, partition: str, select: str) -> LakeFile:
        with self.connection.cursor() as cursor:
            return replace(self, connection=cursor)._write(relation, partition, select)

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


def _in_order(files: Iterable[LakeFile]) -> tuple[LakeFile, ...]:
    return tuple(sorted(files, key=lambda file: file.partition))


def _is_day(partition: str) -> bool:
    return len(partition) > len("2026-11")


def _on(days: set[date]) -> str:
    """The condition for rows of these days."""
    listed = ", ".join(f"date '{day}'" for day in sorted(days))
    return f"day in ({listed})" if days else "false"
