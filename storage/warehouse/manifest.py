"""The manifest: the one file that says which Parquet files are the lake, and how far it is.

Files of the lake are immutable and named once; publishing is one rename of `manifest.json`. A
reader that holds the list of one manifest reads one state, whatever is published meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from storage.errors import WarehouseError
from storage.objects.atomic import replacing
from storage.warehouse.striking import count_struck, standing

CHANGES = "changes"
"""The partition of what is added to the recent days of a roll-up, and taken away from them."""
SHAPE = 4
"""Raised when the columns of a dataset or roll-up change, or how files are read: a lake of another
shape is rebuilt."""
FILE_NAME = "manifest.json"


class LakeFile(BaseModel):
    """One Parquet file; `name` is relative to the lake's folder."""

    model_config = ConfigDict(frozen=True)

    name: str
    partition: str
    """`2026-11-03` for a day, `2026-11` for a month, `2026` for a year, or `CHANGES`; empty: all in
    one file."""
    rows: int
    """With those that are struck out."""
    bytes: int
    struck: str = ""
    """Rows that do not count any more (`striking`); empty: all count."""
    days: tuple[date, ...] = ()
    """Of `CHANGES`: the days to which they are added."""

    @property
    def counting(self) -> int:
        """How many rows are not struck out."""
        return self.rows - count_struck(self.struck)


class _Shape(BaseModel):
    """What every manifest says, also those of shapes to come."""

    shape: int


class Manifest(BaseModel):
    """One published state of the lake."""

    model_config = ConfigDict(frozen=True)

    shape: int
    number: int
    """Counts up with each publication."""
    published_at: AwareDatetime
    watermark: str
    """Transactions of the record before this one (`xid8`) are all in the lake."""
    system_id: str
    """The Postgres cluster that the watermark belongs to."""
    time_zone: str
    """The company's zone, in which `day` was cut."""
    demo: bool
    daily_from: date
    """The first day that has files of its own; older ones share those of months and years."""
    relations: dict[str, tuple[LakeFile, ...]]

    @property
    def publication(self) -> str:
        """Tells publications apart, also those of a lake that was made anew. A state that is only
        confirmed stays the same publication."""
        # Numbers begin anew in a folder that was emptied; names of files are never given twice.
        return f"{self.number}-{self.relations['people'][0].name}"

    def files(self) -> set[str]:
        """The names of all files."""
        return {file.name for files in self.relations.values() for file in files}

    def rows(self, relation: str) -> int:
        """How many rows a relation has."""
        return sum(file.counting for file in self.relations.get(relation, ()))


def read_manifest(folder: Path) -> Manifest | None:
    """The lake's state; None when there is none of today's shape.

    Raises:
        WarehouseError: the file is not a manifest.
    """
    try:
        text = (folder / FILE_NAME).read_text(encoding="utf-8")
        if _Shape.model_validate_json(text).shape != SHAPE:
            return None
        return Manifest.model_validate_json(text)
    except FileNotFoundError:
        return None
    except ValidationError as exc:
        raise WarehouseError(
            "The warehouse's manifest can't be read.", todo="Run `studio warehouse rebuild`."
        ) from exc


def publish_manifest(folder: Path, manifest: Manifest) -> None:
    """Make this the lake's state, durably and at one stroke."""
    with replacing(folder / FILE_NAME, durable=True) as file:
        # Readable like the files it names: the folder decides who comes so far.
        os.fchmod(file.fileno(), 0o644)
        file.write(manifest.model_dump_json(indent=1).encode())


def stamp(folder: Path) -> tuple[int, int] | None:
    """What changes whenever a manifest is published; None without one."""
    try:
        stat = os.stat(folder / FILE_NAME)
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns


def reading(folder: Path, files: Iterable[LakeFile], columns: str = "*") -> str:
    """What stands in a FROM so that DuckDB reads exactly these files, without struck rows.

    `columns`: those of the files, and `filename` and `file_row_number`, which are not in `*`.
    """
    files = list(files)
    paths = ", ".join(f"'{quoted(folder / file.name)}'" for file in files)
    source = f"read_parquet([{paths}], hive_partitioning = false)"
    kept = standing([file.struck for file in files])
    if not kept and columns == "*":
        return source
    return f"(select {columns} from {source} where {kept or 'true'})"


def quoted(path: Path) -> str:
    """A path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")


def month_of(day: date) -> str:
    """The month as partitions name it."""
    return f"{day:%Y-%m}"


def year_of(day: date) -> str:
    """The year as partitions name it."""
    return f"{day:%Y}"


def is_day(partition: str) -> bool:
    """Whether a partition is one day."""
    return len(partition) > len("2026-11") and partition != CHANGES


def first_daily(now: datetime) -> date:
    """The first day that has a partition of its own: the Monday before last. So older days join
    the file of their month once a week, and what is judged within days rewrites little."""
    today = now.date()
    return today - timedelta(days=today.weekday() + 7)


def partition_of(day: date, daily_from: date, shared: Callable[[date], str] = month_of) -> str:
    """The partition that holds a day: its own when it is recent, else the one it shares."""
    return day.isoformat() if day >= daily_from else shared(day)


def partitions_of(
    days: Iterable[date], daily_from: date, shared: Callable[[date], str] = month_of
) -> list[str]:
    """The partitions that hold these days, in order."""
    return sorted({partition_of(day, daily_from, shared) for day in days})
