"""Writes the lake: rewrites the partitions that changes touch, as new files, and publishes them.

What changed is handed over as relations of a DuckDB connection, whole rows of a dataset each
(`new_generations`, `new_charges`, `new_events`), what is gone as `gone_<dataset>` with `id` and
`day`, and the small relations whole under their own names. Applying the same changes twice gives
the same lake.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import WarehouseBusy, WarehouseError
from storage.warehouse.manifest import (
    FILE_NAME,
    SHAPE,
    LakeFile,
    Manifest,
    first_daily,
    month_of,
    partition_of,
    partitions_of,
    publish_manifest,
    read_manifest,
    stamp,
    year_of,
)
from storage.warehouse.relations import DATASETS, SMALL, marts, rollups, steps

if TYPE_CHECKING:
    import duckdb

FEW_DAYS = 7
"""Rows of so many days are read and counted once for all roll-ups; more might not fit in memory."""
CONDENSED = ("cells", "phase_buckets")
MOST_PIECES = 8
"""A day that is only added to has so many files at most: each costs readers a little."""
GRACE_S = 600.0
"""How long a file that is no longer listed stays: longer than any reader's query may take."""
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


_S = steps()


@dataclass(frozen=True)
class Marks:
    """How far the published state is, and whose it is."""

    watermark: str
    system_id: str
    time_zone: str
    demo: bool = False


class Lake:
    """One folder of Parquet files. One writer at a time: the caller holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self) -> Manifest | None:
        """What is published; None when there is nothing of today's shape."""
        return read_manifest(self.folder)

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        marks: Marks,
        *,
        whole: bool = False,
        now: datetime | None = None,
        beside: tuple[str, ...] = (),
    ) -> Manifest:
        """Apply the changes that the connection holds and publish the new state.

        `whole`: forget what was there, the changes are everything. `now` (UTC) decides which days
        have partitions of their own. `beside` names further relations of the connection that are
        kept whole in the lake and shown to no reader.

        Raises:
            WarehouseBusy: somebody else has published meanwhile.
            duckdb.Error: a file could not be written or read; the published state stays.
        """
        now = now or datetime.now(UTC)
        begun = stamp(self.folder)
        old = None if whole else self.manifest()
        writing = self._writing(connection, old, now)
        manifest = Manifest(
            shape=SHAPE,
            number=writing.number,
            published_at=now,
            watermark=marks.watermark,
            system_id=marks.system_id,
            time_zone=marks.time_zone,
            demo=marks.demo,
            daily_from=writing.daily_from,
            relations=writing.relations() | writing.kept_beside(beside),
        )
        if stamp(self.folder) != begun:
            raise WarehouseBusy("Somebody else has published the warehouse meanwhile.")
        self._retire(manifest)
        publish_manifest(self.folder, manifest)
        return manifest

    def confirm(self, marks: Marks, *, now: datetime | None = None) -> Manifest | None:
        """Publish the same state as that of a later moment; None when there is none.

        It keeps its number, so that what was worked out from it stays good.
        """
        manifest = self.manifest()
        if manifest is None:
            return None
        seen = {"watermark": marks.watermark, "published_at": now or datetime.now(UTC)}
        manifest = manifest.model_copy(update=seen)
        publish_manifest(self.folder, manifest)
        return manifest

    def is_whole(self) -> bool:
        """Whether every file of the published state is there."""
        manifest = self.manifest()
        return manifest is not None and all(
            (self.folder / name).is_file() for name in manifest.files()
        )

    def collect_garbage(self, grace_s: float = GRACE_S) -> int:
        """Remove files that have not been listed for longer than the grace; how many there were."""
        manifest = self.manifest()
        listed = manifest.files() if manifest else set()
        old = time.time() - grace_s
        removed = 0
        for path in self.folder.rglob("*.parquet"):
            name = path.relative_to(self.folder).as_posix()
            if name not in listed and path.stat().st_mtime < old:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def remove(self) -> None:
        """Remove the lake with all its files: first what says that it is there."""
        (self.folder / FILE_NAME).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _retire(self, manifest: Manifest) -> None:
        """Let the grace begin for files that this state is the first not to list: whoever opened
        the state before it may be reading them, however old they are."""
        with suppress(WarehouseError):
            before = self.manifest()
            for name in before.files() - manifest.files() if before else ():
                with suppress(FileNotFoundError):
                    os.utime(self.folder / name)

    def _writing(
        self, connection: duckdb.DuckDBPyConnection, old: Manifest | None, now: datetime
    ) -> _Writing:
        number = old.number + 1 if old else self._next_number()
        # Never back to an earlier day, whatever the clock says: its rows share a file already.
        daily_from = max(first_daily(now), old.daily_from if old else date.min)
        return _Writing(self.folder, connection, old, number, daily_from)

    def _next_number(self) -> int:
        """A number that no file of the folder carries, also after a crash or a rebuild."""
        names = (path.stem.partition("-")[0] for path in self.folder.rglob("*.parquet"))
        return max((int(name) for name in names if name.isdigit()), default=0) + 1


@dataclass
class _Writing:
    """One publication in the making."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    old: Manifest | None
    number: int
    daily_from: date
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    """Makes names that no other writer gives, should there ever be one."""

    def kept_beside(self, names: Iterable[str]) -> dict[str, tuple[LakeFile, ...]]:
        """Relations of the writer's own, one file each."""
        return {name: (self._write(name, "", f"select * from {name}"),) for name in names}

    def relations(self) -> dict[str, tuple[LakeFile, ...]]:
        """Write every touched file; all files of the new state, by relation."""
        made: dict[str, tuple[LakeFile, ...]] = {}
        days: set[date] = set()
        for dataset in DATASETS:
            touched = self._touched_days(dataset)
            made[dataset] = self._dataset(dataset, touched)
            days |= touched
        for name in SMALL:
            self._view(name, f"select * from new_{name}")
            made[name] = (self._write(name, "", f"select * from {name}"),)
        self._facts_of(made, days)
        for name in rollups():
            made[name] = self._rollup(name, days)
        return made

    def _touched_days(self, dataset: str) -> set[date]:
        rows = self.connection.execute(
            f"select distinct day from new_{dataset} union select distinct day from gone_{dataset}"
        ).fetchall()
        return {row[0] for row in rows}

    def _dataset(self, dataset: str, days: set[date]) -> tuple[LakeFile, ...]:
        added = self._added_to(dataset, days)
        pieces = tuple(
            self._write(dataset, str(day), f"select * from new_{dataset} where {_on({day})}")
            for day in sorted(added)
        )
        rewritten = self._rewritten(
            dataset,
            days - added,
            month_of,
            lambda target, before: self._merged(dataset, target, before),
            f"select * from new_{dataset}",
        )
        return tuple(sorted((*rewritten, *pieces), key=lambda file: file.partition))

    def _added_to(self, dataset: str, days: set[date]) -> set[date]:
        """Recent days that have files and lose no row: what is new is a file more."""
        pieces: dict[date, list[LakeFile]] = {}
        for file in self._old(dataset):
            if _is_day(file.partition):
                pieces.setdefault(date.fromisoformat(file.partition), []).append(file)
        found = {
            day
            for day in days & pieces.keys()
            if day >= self.daily_from and len(pieces[day]) < MOST_PIECES
        }
        known = [file for day in found for file in pieces[day]]
        return found - self._losing(dataset, known) if known else found

    def _losing(self, dataset: str, known: list[LakeFile]) -> set[date]:
        """The days of these files that have rows which are others now, or gone."""
        text = _S["losing_days"].with_parts(dataset=dataset, known=self._reading(known)).text
        return {row[0] for row in self.connection.execute(text).fetchall()}

    def _rewritten(
        self,
        name: str,
        days: set[date],
        shared: Callable[[date], str],
        merged: Callable[[str, list[LakeFile]], str],
        empty: str,
    ) -> tuple[LakeFile, ...]:
        """All files of a relation, those of touched and of aged days written again."""
        kept = list(self._old(name))
        homes = {file.name: _home(file.partition, self.daily_from, shared) for file in kept}
        aged = {homes[file.name] for file in kept if homes[file.name] != file.partition}
        for target in sorted(set(partitions_of(days, self.daily_from, shared)) | aged):
            before = [file for file in kept if homes.get(file.name) == target]
            kept = [file for file in kept if file not in before]
            made = self._write(name, target, merged(target, before))
            if made.rows:
                kept.append(made)
        kept = kept or [self._write(name, "", f"{empty} where false")]
        return tuple(sorted(kept, key=lambda file: file.partition))

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

    def _facts_of(self, made: dict[str, tuple[LakeFile, ...]], days: set[date]) -> None:
        """Name the datasets' rows of the touched days as the roll-ups call them."""
        partitions = set(partitions_of(days, self.daily_from))
        for dataset in DATASETS:
            files = [file for file in made[dataset] if file.partition in partitions]
            source = self._reading(files) if files else f"new_{dataset}"
            self._view(dataset, f"select * from {source} where {_on(days)}")
        if len(days) <= FEW_DAYS:
            self.connection.execute(_S["condense_generations"].text)
            self._view("generations", "select * from condensed_generations")
        for mart in marts().values():
            self._view(mart.name, mart.query.text)
        for name in CONDENSED if len(days) <= FEW_DAYS else ():
            self.connection.execute(_S[f"condense_{name}"].text)
            self._view(name, f"select * from condensed_{name}")

    def _rollup(self, name: str, days: set[date]) -> tuple[LakeFile, ...]:
        """Touched days are counted anew, each whole. Old days share the file of their year: each
        file costs a report that reads all of them."""
        self.connection.execute(
            f"create or replace temp table made as {rollups()[name].query.text}"
        )

        def merged(target: str, before: list[LakeFile]) -> str:
            fresh = f"select * from made where {self._within(target)}"
            if before and not _is_day(target):
                fresh += f""" union all by name
                    select * from {self._reading(before)} where not ({_on(days)})"""
            return f"{fresh} order by {ORDER.get(name, 'day')}"

        return self._rewritten(name, days, year_of, merged, "select * from made")

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

    def _view(self, name: str, text: str) -> None:
        self.connection.execute(f"create or replace temp view {name} as {text}")

    def _old(self, relation: str) -> tuple[LakeFile, ...]:
        return self.old.relations.get(relation, ()) if self.old else ()

    def _reading(self, files: Iterable[LakeFile]) -> str:
        return reading(self.folder, files)

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
        level = 1 if _is_day(partition) else 3
        written = self.connection.execute(
            f"copy ({select}) to '{_quoted(path)}' (format parquet, compression zstd,"
            f" compression_level {level}, row_group_size {block})"
        ).fetchone()
        rows = int(written[0]) if written else 0
        size = path.stat().st_size
        if partition and not rows:
            path.unlink()
        return LakeFile(name=name, partition=partition, rows=rows, bytes=size)


def reading(folder: Path, files: Iterable[LakeFile]) -> str:
    """The table function that reads exactly these files."""
    paths = ", ".join(f"'{_quoted(folder / file.name)}'" for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false)"


def _home(partition: str, daily_from: date, shared: Callable[[date], str]) -> str:
    """Where the rows of a file belong: those of a day that has become old to what it shares."""
    if not _is_day(partition):
        return partition
    return partition_of(date.fromisoformat(partition), daily_from, shared)


def _is_day(partition: str) -> bool:
    return len(partition) > len("2026-11")


def _on(days: set[date]) -> str:
    """The condition for rows of these days."""
    listed = ", ".join(f"date '{day}'" for day in sorted(days))
    return f"day in ({listed})" if days else "false"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
