"""How long the lake takes to answer: at first, again, and for many readers at once."""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jobs.bench.warehouse_questions import Question
from storage.errors import WarehouseError
from storage.warehouse.reader import EVERYTHING, WarehouseReader

READERS = 8


@dataclass(frozen=True)
class Answers:
    """Milliseconds by question."""

    cold_ms: dict[str, float]
    """A new reader, the lake's files not in the page cache."""
    warm_ms: dict[str, list[float]]
    crowded_ms: dict[str, list[float]]
    """With all readers at once in one process."""
    rows: dict[str, list[dict[str, Any]]]
    """The answers themselves."""
    peak_mb: float
    """Of the process that asked all of it."""
    readers: int
    """How many asked at once."""

    def refused(self) -> list[str]:
        """Questions that needed more memory than there was, alone or beside the others."""
        alone = {name: [*took, self.cold_ms[name]] for name, took in self.warm_ms.items()}
        return sorted(n for n in alone if math.inf in [*alone[n], *self.crowded_ms[n]])


def measure_reading(
    lake: Path, asked: Sequence[Question], times: int, readers: int = READERS
) -> Answers:
    """Ask everything in a process of its own, so that its memory is that of reading alone.

    `times`: how often a reader that is warm is asked each question; `readers`: how many then ask
    at once.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measure, lake, asked, times, readers).result()


def _measure(lake: Path, asked: Sequence[Question], times: int, readers: int) -> Answers:
    cold = {question.name: _cold_ms(lake, question) for question in asked}
    reader = WarehouseReader(lake)
    warm = {question.name: _warm_ms(reader, question, times) for question in asked}
    crowded = _crowded_ms(reader, asked, readers)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Answers(cold, warm, crowded, _rows(reader, asked), peak_mb, readers)


def _rows(reader: WarehouseReader, asked: Sequence[Question]) -> dict[str, list[dict[str, Any]]]:
    """Those that were not refused."""
    found: dict[str, list[dict[str, Any]]] = {}
    for question in asked:
        with suppress(WarehouseError):
            table = reader.table(question.query, EVERYTHING, **question.parameters)
            found[question.name] = table.to_pylist()
    return found


def _cold_ms(lake: Path, question: Question) -> float:
    for path in lake.rglob("*.parquet"):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
    return _once_ms(WarehouseReader(lake), question)


def _warm_ms(reader: WarehouseReader, question: Question, times: int) -> list[float]:
    _once_ms(reader, question)
    return [_once_ms(reader, question) for _ in range(times)]


def _crowded_ms(
    reader: WarehouseReader, asked: Sequence[Question], readers: int
) -> dict[str, list[float]]:
    """Each reader asks everything once, beginning somewhere else."""

    def ask(first: int) -> list[tuple[str, float]]:
        order = [*asked[first:], *asked[:first]]
        return [(question.name, _once_ms(reader, question)) for question in order]

    found: dict[str, list[float]] = {question.name: [] for question in asked}
    with ThreadPoolExecutor(readers) as pool:
        for times in pool.map(ask, [n * len(asked) // readers for n in range(readers)]):
            for name, took_ms in times:
                found[name].append(took_ms)
    return found


def _once_ms(reader: WarehouseReader, question: Question) -> float:
    """Infinite when it was refused."""
    began = time.perf_counter()
    try:
        reader.table(question.query, EVERYTHING, **question.parameters)
    except WarehouseError:
        return math.inf
    return (time.perf_counter() - began) * 1000
