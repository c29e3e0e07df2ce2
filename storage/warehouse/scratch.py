"""Where a pass works: a DuckDB of its own, in memory, or on the disk for a whole copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SCRATCH = "scratch"
MEMORY = "1GB"
MEMORY_OF_ALL = "2GB"
"""For a whole copy: what does not fit is on the disk meanwhile."""
MOST_LOOKED_FOR = 500
"""Ids that are compared one by one with each of a file; more are looked up."""
MOST_KEPT_BYTES = 50_000_000


class Scratch:
    """The database of passes, one pass at a time. Opening and closing it takes longer than much of
    what a small pass does in it, so that one is kept for the next, which replaces every table of
    it: nothing is read from it that the pass has not written."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._kept: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def working(self, folder: Path, *, whole: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database for one pass over the lake in `folder`; `whole`: for more than the memory
        holds."""
        if whole or folder != self._folder:
            self.close()
        connection = self._kept or _opened(folder / SCRATCH, whole=whole)
        self._folder, self._kept = folder, connection
        try:
            _begin(connection)
            yield connection
        except BaseException:
            self.close()
            raise
        if whole or _holds_much(connection):
            self.close()

    def close(self) -> None:
        """Forget it with its files. Safe to repeat; the next pass opens anew."""
        if self._kept is not None and self._folder is not None:
            self._kept.close()
            shutil.rmtree(self._folder / SCRATCH, ignore_errors=True)
        self._folder, self._kept = None, None


def _opened(place: Path, *, whole: bool) -> duckdb.DuckDBPyConnection:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_OF_ALL if whole else MEMORY,
        "temp_directory": str(place / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(str(place / "pass.duckdb") if whole else ":memory:", config=config)
    connection.execute("set enable_progress_bar = false")
    if whole:
        # A whole copy is sorted where it matters; keeping the order of the rest takes memory.
        connection.execute("set preserve_insertion_order = false")
    else:
        # Rows among the changes are looked for by their ids while files are read, not after.
        connection.execute(f"set dynamic_or_filter_threshold = {MOST_LOOKED_FOR}")
        # Each file is small: what a pass does beside each other are whole statements.
        connection.execute("set threads = 1")
    return connection


def _begin(connection: duckdb.DuckDBPyConnection) -> None:
    """As writing begins, which changes it for itself."""
    connection.execute("pragma enable_optimizer")


def _holds_much(connection: duckdb.DuckDBPyConnection) -> bool:
    used = "select sum(memory_usage_bytes + temporary_storage_bytes) from duckdb_memory()"
    [(found,)] = connection.execute(used).fetchall()
    return bool(found > MOST_KEPT_BYTES)
