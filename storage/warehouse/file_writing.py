"""How the files of one publication are written: beside each other, each once, under new names."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from storage.warehouse.manifest import (
    LakeFile,
    Manifest,
    is_day,
    partition_of,
    partitions_of,
    quoted,
    reading,
)
from storage.warehouse.relations import steps

if TYPE_CHECKING:
    import duckdb

BLOCK_ROWS = {"latency_model": 30_000, "latency_team": 30_000}
"""Smaller blocks where a report reads a part of a year's file."""

Later = Callable[[], tuple[LakeFile, ...]]
"""All files of a relation, when they are written."""
_T = TypeVar("_T")
_S = steps()


@dataclass
class FileWriting:
    """The files of one publication in the making."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    old: Manifest | None
    number: int
    daily_from: date
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    """Makes names that no other writer gives, should there ever be one."""
    pool: ThreadPoolExecutor | None = None
    """Writes files beside each other; None: one after the other, as for more than fits in
    memory."""

    def _or_empty(self, name: str, select: str, files: list[LakeFile]) -> tuple[LakeFile, ...]:
        """The files in order, or one without rows."""
        files = files or [self._write(name, "", f"{select} where false")]
        return tuple(sorted(files, key=lambda file: file.partition))

    def _rewritten(
        self,
        name: str,
        kept: list[LakeFile],
        days: set[date],
        shared: Callable[[date], str],
        merged: Callable[[str, list[LakeFile]], str],
    ) -> Later:
        """What becomes of these files: those of touched and of aged days are written again."""
        homes = {file.name: self._home(file, shared) for file in kept}
        aged = {homes[file.name] for file in kept if homes[file.name] != file.partition}
        jobs = []
        for target in sorted(set(partitions_of(days, self.daily_from, shared)) | aged):
            before = [file for file in kept if homes[file.name] == target]
            kept = [file for file in kept if file not in before]
            jobs.append(self._job(name, target, merged(target, before)))
        return lambda: (*kept, *(file for file in (job() for job in jobs) if file.rows))

    def _home(self, file: LakeFile, shared: Callable[[date], str]) -> str:
        """Where its rows belong: those of a day that has become old to what it shares."""
        if not is_day(file.partition):
            return file.partition
        return partition_of(date.fromisoformat(file.partition), self.daily_from, shared)

    def _within(self, partition: str) -> str:
        """The condition for days of a partition; ranges, so that blocks of rows are passed over."""
        if is_day(partition):
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

    def _run(self, step: str, **parts: str) -> duckdb.DuckDBPyConnection:
        return self.connection.execute(_S[step].with_parts(**parts).text)

    def _days(self, table: str) -> set[date]:
        rows = self.connection.execute(f"select distinct day from {table}").fetchall()
        return {row[0] for row in rows}

    def _job(self, relation: str, partition: str, select: str) -> Callable[[], LakeFile]:
        """Write one new file."""
        return self._later(lambda writing: writing._write(relation, partition, select))

    def _later(self, work: Callable[[Self], _T]) -> Callable[[], _T]:
        """Do it now, or beside others; what is called for its result waits until it is done."""
        if self.pool is None:
            made = work(self)
            return lambda: made
        return self.pool.submit(self._aside, work).result

    def _aside(self, work: Callable[[Self], _T]) -> _T:
        with self.connection.cursor() as cursor:
            # One that is done beside others waits for none of them.
            return work(replace(self, connection=cursor, pool=None))

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
        # Not packed: it would save a seventh of the space (LZ4), and cost lists of rows as much.
        written = self.connection.execute(
            f"copy ({select}) to '{quoted(path)}'"
            f" (format parquet, compression uncompressed, row_group_size {block})"
        ).fetchone()
        rows = int(written[0]) if written else 0
        size = path.stat().st_size
        if partition and not rows:
            path.unlink()
        return LakeFile(name=name, partition=partition, rows=rows, bytes=size)


def on_days(days: set[date]) -> str:
    """The condition for rows of these days."""
    listed = ", ".join(f"date '{day}'" for day in sorted(days))
    return f"day in ({listed})" if days else "false"
