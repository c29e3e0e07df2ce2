"""A snapshot: the lake as one question of an analyst finds it, with the rows of one scope and no
others.

Whoever reads everything reads the lake's own files, which never change. For anybody else their rows
are copied into a folder of their own, so that nothing in it has to be hidden from them: each file
of the lake once, or again when rows were struck out of it, so that a day that was touched costs
that day only. A snapshot has links to the copies, and keeps what it was taken of whatever happens
to them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import WarehouseError
from storage.warehouse.manifest import LakeFile, Manifest
from storage.warehouse.reader import (
    EVERYTHING,
    Scope,
    WarehouseReader,
    relations_in_files,
    rows_in_files,
    view_texts,
)
from storage.warehouse.relations import workbench

if TYPE_CHECKING:
    import duckdb

COPY_MEMORY_MB = 512
MOST_COPIED = 12
"""Scopes whose copies are kept; a team's are at most as large as its part of the lake."""


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


class Snapshots:
    """Takes snapshots, and keeps the copies that the next ones are made of. Safe to use from many
    threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._copies: OrderedDict[tuple[Path, Scope], _Copies] = OrderedDict()

    def take(self, lake: Path, manifest: Manifest, scope: Scope, place: Path) -> Snapshot:
        """The state of a lake as far as the scope reaches; copies go into `place`, a folder of
        this process alone.

        Raises:
            WarehouseError: the rows can't be copied.
        """
        if scope == EVERYTHING:
            return _of(lake, manifest, scope, owned=False)
        try:
            return self._taken(lake, manifest, scope, place)
        except OSError as exc:  # the disk is full, or `place` is being removed
            raise _not_ready() from exc

    def _taken(self, lake: Path, manifest: Manifest, scope: Scope, place: Path) -> Snapshot:
        copies = self._copies_of(lake, scope, place)
        own = Path(tempfile.mkdtemp(dir=place))
        try:
            copies.link(manifest, own)
            return _of(own, _readable(manifest, scope), scope, owned=True)
        except BaseException:
            shutil.rmtree(own, ignore_errors=True)
            raise

    def _copies_of(self, lake: Path, scope: Scope, place: Path) -> _Copies:
        with self._lock:
            key = (lake, scope)
            if key not in self._copies or not self._copies[key].folder.is_dir():
                folder = Path(tempfile.mkdtemp(dir=place))
                self._copies[key] = _Copies(lake, scope, folder)
            self._copies.move_to_end(key)
            surplus = self._copies.popitem(last=False)[1] if self._is_full() else None
            found = self._copies[key]
        if surplus is not None:
            surplus.remove()
        return found

    def _is_full(self) -> bool:
        return len(self._copies) > MOST_COPIED


class _Copies:
    """The files of a lake with the rows of one scope, under the same names in a folder."""

    def __init__(self, lake: Path, scope: Scope, folder: Path) -> None:
        self.folder = folder
        self._lake = lake
        self._scope = scope
        self._lock = threading.Lock()
        self._made: set[str] = set()

    def link(self, manifest: Manifest, to: Path) -> None:
        """Give another folder everything that the manifest names.

        Raises:
            WarehouseError: the rows can't be copied.
        """
        wanted = {
            _copied(file).name: (relation, file)
            for relation in relations_in_files(self._scope)
            for file in manifest.relations[relation]
        }
        with self._lock:
            self._make({name: wanted[name] for name in wanted if not self._has(name)})
            for name in wanted:
                _parent_made(to / name, to)
                os.link(self.folder / name, to / name)
            for name in self._made - wanted.keys():
                (self.folder / name).unlink(missing_ok=True)
            self._made = set(wanted)

    def remove(self) -> None:
        """Remove the folder. What was linked stays."""
        with self._lock:
            self._made = set()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _has(self, name: str) -> bool:
        """Whether there is a copy; what tidies up temporary files may have taken it."""
        return name in self._made and (self.folder / name).exists()

    def _make(self, missing: dict[str, tuple[str, LakeFile]]) -> None:
        if not missing:
            return
        with _engine() as engine:
            for name, (relation, file) in missing.items():
                rows = rows_in_files(self._lake, [file], relation, self._scope)
                path = str(_parent_made(self.folder / name, self.folder)).replace("'", "''")
                engine.execute(f"copy ({rows}) to '{path}' (format parquet)")
                self._made.add(name)


def _readable(manifest: Manifest, scope: Scope) -> Manifest:
    """The manifest as it is of the copies, without the files that the scope does not read."""
    kept = relations_in_files(scope)
    relations = {
        name: tuple(map(_copied, files)) if name in kept else ()
        for name, files in manifest.relations.items()
    }
    return manifest.model_copy(update={"relations": relations})


def _copied(file: LakeFile) -> LakeFile:
    """What a copy of it is: rows that were struck out are not in it, so there is one for each list
    of those."""
    if not file.struck:
        return file
    digest = sha256(file.struck.encode()).hexdigest()[:16]
    name = f"{file.name.removesuffix('.parquet')}-{digest}.parquet"
    return file.model_copy(update={"name": name, "rows": file.counting, "struck": ""})


def _of(folder: Path, manifest: Manifest, scope: Scope, *, owned: bool) -> Snapshot:
    files = tuple(str(folder / name) for name in sorted(manifest.files()))
    views = tuple(view_texts(folder, manifest, scope))
    return Snapshot(
        scope, manifest.number, manifest.published_at, folder, files, views, owned=owned
    )


def _parent_made(path: Path, below: Path) -> Path:
    """The path, with the folders that it needs below a folder that is there."""
    if below.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    try:
        with duckdb.connect(":memory:", config={"memory_limit": f"{COPY_MEMORY_MB}MB"}) as engine:
            engine.execute("set enable_progress_bar = false")
            yield engine
    except duckdb.Error as exc:
        raise _not_ready() from exc


def _not_ready() -> WarehouseError:
    return WarehouseError(
        "The rows for your questions could not be made ready.", todo="Try again in a minute."
    )


def column_types(reader: WarehouseReader) -> dict[str, dict[str, str]]:
    """The columns of every relation that readers find, with DuckDB's names of their types.

    Raises:
        WarehouseMissing: there is no lake yet.
    """
    found: dict[str, dict[str, str]] = {}
    for row in reader.rows(workbench()["column_types"], EVERYTHING):
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return found
