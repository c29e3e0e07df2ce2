"""Writes the lake: rewrites the partitions that changes touch, as new files, and publishes them.

What changed is handed over as relations of a DuckDB connection, whole rows of a dataset each
(`new_generations`, `new_charges`, `new_events`), what is gone as `gone_<dataset>` with `id` and
`day`, and the small relations whole under their own names. Applying the same changes twice gives
the same lake.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
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
    publish_manifest,
    read_manifest,
    stamp,
)
from storage.warehouse.touched import Known, Touched, touched_by_changes
from storage.warehouse.writing import Writing

if TYPE_CHECKING:
    import duckdb

GRACE_S = 600.0
"""How long a file that is no longer listed stays: longer than any reader's query may take."""


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
        self._read: tuple[tuple[int, int] | None, Manifest | None] = (None, None)

    def manifest(self) -> Manifest | None:
        """What is published; None when there is nothing of today's shape.

        Raises:
            WarehouseError: the file is not a manifest.
        """
        found = stamp(self.folder)
        if found != self._read[0]:
            self._read = found, read_manifest(self.folder)
        return self._read[1]

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        marks: Marks,
        *,
        whole: bool = False,
        now: datetime | None = None,
        beside: tuple[str, ...] = (),
        known: Known | None = None,
    ) -> Manifest:
        """Apply the changes that the connection holds and publish the new state.

        `whole`: forget what was there, the changes are everything. `now` (UTC) decides which days
        have partitions of their own. `beside` names further relations of the connection that are
        kept whole in the lake and shown to no reader. `known`: what is known of the changes; None:
        it is looked at.

        Raises:
            WarehouseBusy: somebody else has published meanwhile.
            duckdb.Error: a file could not be written or read; the published state stays.
        """
        now = now or datetime.now(UTC)
        begun = stamp(self.folder)
        old = None if whole else self.manifest()
        known = known or Known(touched_by_changes(connection))
        writing = self._writing(connection, old, now, known)
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

    def hold(
        self,
        connection: duckdb.DuckDBPyConnection,
        old: Manifest | None,
        now: datetime,
        touched: Touched,
    ) -> frozenset[str]:
        """Leave among the changes only what is another than the lake has. The datasets of which it
        has rows that are among them.

        `now` is that of publishing.
        """
        return self._writing(connection, old, now, Known(touched)).hold_all()

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
        """Whether every file of the published state is there with its length: of one that was not
        written out when the machine lost its power, only the name may be left."""
        manifest = self.manifest()
        return manifest is not None and all(
            self._is_there(file) for files in manifest.relations.values() for file in files
        )

    def _is_there(self, file: LakeFile) -> bool:
        try:
            return os.stat(self.folder / file.name).st_size == file.bytes
        except FileNotFoundError:
            return False

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
        self,
        connection: duckdb.DuckDBPyConnection,
        old: Manifest | None,
        now: datetime,
        known: Known,
    ) -> Writing:
        number = old.number + 1 if old else self._next_number()
        # Never back to an earlier day, whatever the clock says: its rows share a file already.
        daily_from = max(first_daily(now), old.daily_from if old else date.min)
        return Writing(self.folder, connection, old, number, daily_from, known=known)

    def _next_number(self) -> int:
        """A number that no file of the folder carries, also after a crash or a rebuild."""
        names = (path.stem.partition("-")[0] for path in self.folder.rglob("*.parquet"))
        return max((int(name) for name in names if name.isdigit()), default=0) + 1
