"""A snapshot: the lake as one question of an analyst finds it, with the rows of one scope and no
others.

Whoever reads everything reads the lake's own files, which never change. For anybody else their rows
are copied into a folder of their own, so that nothing in it has to be hidden from them.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from storage.errors import WarehouseError
from storage.warehouse.lake import reading
from storage.warehouse.manifest import LakeFile, Manifest
from storage.warehouse.reader import EVERYTHING, Scope, WarehouseReader, view_texts
from storage.warehouse.relations import marts, workbench

COPY_MEMORY_MB = 512


@dataclass(frozen=True)
class Snapshot:
    """What a sandbox may read."""

    scope: Scope
    number: int
    """Of the manifest."""
    published_at: datetime
    folder: Path
    """Holds nothing but what the scope may read, when `owned`."""
    files: tuple[str, ...]
    views: tuple[tuple[str, str], ...]
    """Name and SELECT, in the order in which they can be made."""
    owned: bool
    """The folder goes with the snapshot."""
    taken: float = field(default_factory=time.monotonic)

    @property
    def age_s(self) -> float:
        """For how long it has been."""
        return time.monotonic() - self.taken

    def remove(self) -> None:
        """Remove what was copied. Safe to repeat."""
        if self.owned:
            shutil.rmtree(self.folder, ignore_errors=True)


def take_snapshot(folder: Path, manifest: Manifest, scope: Scope) -> Snapshot:
    """The state of the lake as far as the scope reaches.

    Raises:
        WarehouseError: the rows can't be copied.
    """
    if scope == EVERYTHING:
        views = tuple(view_texts(folder, manifest, scope))
        files = tuple(str(folder / name) for name in sorted(manifest.files()))
        return Snapshot(
            scope, manifest.number, manifest.published_at, folder, files, views, owned=False
        )
    own = Path(tempfile.mkdtemp(prefix="studio-"))
    try:
        views = _copied(view_texts(folder, manifest, scope), own)
    except BaseException:
        shutil.rmtree(own, ignore_errors=True)
        raise
    files = tuple(str(path) for path in sorted(own.iterdir()))
    return Snapshot(scope, manifest.number, manifest.published_at, own, files, views, owned=True)


def _copied(views: list[tuple[str, str]], to: Path) -> tuple[tuple[str, str], ...]:
    """Write the rows of each view into a file of its own; the views over those files."""
    import duckdb

    found = []
    try:
        with duckdb.connect(":memory:", config={"memory_limit": f"{COPY_MEMORY_MB}MB"}) as engine:
            engine.execute("set enable_progress_bar = false")
            for name, text in views:
                engine.execute(f'create view "{name}" as {text}')
                if name in marts():
                    found.append((name, text))
                    continue
                file = LakeFile(name=f"{name}.parquet", partition="", rows=0, bytes=0)
                path = str(to / file.name).replace("'", "''")
                engine.execute(f"copy (from \"{name}\") to '{path}' (format parquet)")
                found.append((name, f"select * from {reading(to, [file])}"))
    except duckdb.Error as exc:
        raise WarehouseError(
            "The rows for your questions could not be made ready.", todo="Try again in a minute."
        ) from exc
    return tuple(found)


def column_types(reader: WarehouseReader) -> dict[str, dict[str, str]]:
    """The columns of every relation that readers find, with DuckDB's names of their types.

    Raises:
        WarehouseMissing: there is no lake yet.
    """
    found: dict[str, dict[str, str]] = {}
    for row in reader.rows(workbench()["column_types"], EVERYTHING):
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return found
