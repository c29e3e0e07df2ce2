"""How long the warehouse takes to be made from the record, and to follow what changes there."""

from __future__ import annotations

import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from pydantic import SecretStr

from jobs.bench.warehouse_postgres import connected
from jobs.warehousing import line_to, sync_folder
from storage.sqlfiles import queries
from storage.warehouse.pulling import Line

_Q = queries("bench_warehouse")


@dataclass(frozen=True)
class Syncing:
    """What one process took for it."""

    rebuild_s: float
    rebuild_peak_mb: float
    generations: int
    refresh_ms: list[float]
    """For a thousand new generations and two hundred that were judged, each time."""
    refreshed: list[int]
    """Rows that were written or removed each time."""


def measure_syncing(url: SecretStr, folder: Path, since: date, times: int) -> Syncing:
    """Rebuild, then follow so many times changes of generations that were made from `since` on.

    Raises:
        WarehouseError: the lake can't be written.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measure, url, folder, since, times).result()


def _measure(url: SecretStr, folder: Path, since: date, times: int) -> Syncing:
    began = time.perf_counter()
    whole = sync_folder(url, folder, whole=True)
    rebuild_s = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _remember(url, since)
    line = line_to(url)
    rounds = [_refresh(url, folder, number, since, line) for number in range(times)]
    line.close()
    return Syncing(
        rebuild_s,
        peak_mb,
        whole.manifest.rows("generations"),
        [took_ms for took_ms, _ in rounds],
        [rows for _, rows in rounds],
    )


def _remember(url: SecretStr, since: date) -> None:
    with connected(url) as connection:
        connection.execute(_Q["look_up"].text)
        connection.execute(_Q["remember_recent"].with_parts(since=since.isoformat()).text)
        connection.execute(_Q["write_back"].text)


def _refresh(
    url: SecretStr, folder: Path, number: int, since: date, line: Line
) -> tuple[float, int]:
    parts = {"round": str(number), "since": since.isoformat()}
    with connected(url) as connection:
        for step in ("skip_triggers", "choose", "change", "forget_choice"):
            connection.execute(_Q[step].with_parts(**parts).text)
    # A studio's record grows by a few rows at a time, and its disk is not behind: the whole lake,
    # and all that was just changed at once, would be written while the sync is timed.
    os.sync()
    began = time.perf_counter()
    done = sync_folder(url, folder, line=line)
    return (time.perf_counter() - began) * 1000, done.rows
