"""How long the warehouse takes to answer and to be brought up to date, beside Postgres."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import structlog
from pydantic import SecretStr

from jobs.bench.figures import percentile, ratio, rounded
from jobs.bench.warehouse_agreement import differences
from jobs.bench.warehouse_postgres import Asked, ask_postgres, fill_record, filled_postgres
from jobs.bench.warehouse_questions import Kind, Question, questions, skipped
from jobs.bench.warehouse_reading import READERS, Answers, measure_reading
from jobs.bench.warehouse_syncing import Syncing, measure_syncing
from jobs.demo import choices_of
from jobs.fal.catalog import load_catalog
from storage.errors import StudioError
from storage.warehouse.inventing import History, busy_while, invented
from storage.warehouse.lake import Lake, Marks
from storage.warehouse.reader import EVERYTHING, WarehouseReader
from storage.warehouse.relations import reports

log = structlog.get_logger(__name__)

MONTHS = 24
TIMES = 7
PATIENCE_S = 40.0
RECENT = timedelta(days=2)
"""How old a generation that is judged may be."""
_GROUPS = {Kind.REPORT: "reports", Kind.DETAIL: "details", Kind.SCAN: "adhoc"}
_ZONE = "Europe/Berlin"
_MARKS = Marks(watermark="0", system_id="bench", time_zone=_ZONE, demo=True)


def measure_warehouse(
    folder: Path,
    rows: int,
    *,
    beside_postgres: bool = True,
    patience_s: float = PATIENCE_S,
    times: int = TIMES,
    readers: int = READERS,
) -> dict[str, Any]:
    """Figures of a lake with so many generations; without Postgres those beside it are None.

    `patience_s`: after so long Postgres is asked no further, and what it took counts as that much.
    `times`: how often a warm reader is asked each question, and how many refreshes are measured.
    `readers`: how many then ask it at once; keys name their number.
    What is known is logged as it comes. What goes wrong with Postgres is told as `not_compared`.

    Raises:
        WarehouseError: the lake could not be made or read.
    """
    now = datetime.now(UTC)
    lake, until = Lake(folder / "lake"), now.date() + timedelta(days=1)
    written = _write(lake, folder, rows, now)
    log.info("lake written", **written)
    asked = questions(until, _busiest(lake.folder))
    answers = measure_reading(lake.folder, asked, times, readers)
    log.info("lake read", **_all_figures(asked, answers, {}))
    theirs, synced = (
        _beside(folder, lake.folder, asked, now, patience_s, times) if beside_postgres else ({}, {})
    )
    return {
        "rows": rows,
        **synced,
        **_all_figures(asked, answers, theirs),
        "publish_ms": _publish_ms(lake, times, now),
        **written,
        "peak_mb": round(answers.peak_mb),
        **_by_name(asked, answers, theirs),
        **_left_over(asked, answers, theirs),
    }


def _beside(
    folder: Path, lake: Path, asked: list[Question], now: datetime, patience_s: float, times: int
) -> tuple[dict[str, Asked], dict[str, Any]]:
    """What Postgres answered, and how a lake follows it, as far as they came: what was measured
    before is not lost when a disk is full or a server ends."""
    theirs: dict[str, Asked] = {}
    try:
        with filled_postgres(folder, lake, _ZONE) as url:
            theirs = ask_postgres(url, asked, patience_s)
            log.info("postgres asked", **{name: round(it.took_ms) for name, it in theirs.items()})
            synced = _followed(url, folder / "synced", now, times)
            log.info("record followed", **synced)
            return theirs, synced
    except (StudioError, psycopg.Error, OSError) as exc:
        return theirs, {"not_compared": str(exc)}


def _left_over(
    asked: list[Question], answers: Answers, theirs: Mapping[str, Asked]
) -> dict[str, Any]:
    """What was not asked, not answered, or answered otherwise."""
    return {
        "skipped": skipped(asked),
        "refused": answers.refused(),
        "postgres_gave_up": sorted(name for name, found in theirs.items() if found.rows is None),
        "disagreeing": _disagreeing(asked, answers, theirs),
    }


def _followed(url: SecretStr, folder: Path, now: datetime, times: int) -> dict[str, Any]:
    """What has been measured until then is not lost when a lake can't follow."""
    try:
        fill_record(url)
        return _synced(measure_syncing(url, folder, now.date() - RECENT, times))
    except (StudioError, psycopg.Error, OSError, BrokenProcessPool) as exc:
        return {"not_synced": str(exc)}


def _busiest(lake: Path) -> UUID:
    """Whom reports of one person are about."""
    [person] = WarehouseReader(lake).rows(reports("shared")["demo_people"], EVERYTHING)
    found: UUID = person["id"]
    return found


def _write(lake: Lake, folder: Path, rows: int, now: datetime) -> dict[str, float | None]:
    history = History(rows, MONTHS, 1, now, _ZONE)
    began = time.monotonic()
    with invented(folder / "inventing", history, choices_of(load_catalog())) as connection:
        invented_s = time.monotonic() - began
        manifest = lake.publish(connection, _MARKS, whole=True, now=now)
        written_s = time.monotonic() - began - invented_s
    files = [file for files in manifest.relations.values() for file in files]
    return {
        "write_s": rounded(written_s, 1),
        "invent_s": rounded(invented_s, 1),
        "lake_mb": round(sum(file.bytes for file in files) / 1e6),
        "files": len(files),
    }


def _synced(found: Syncing) -> dict[str, Any]:
    return {
        "refresh_ms": rounded(percentile(found.refresh_ms, 0.5), 1),
        "refresh_p95_ms": rounded(percentile(found.refresh_ms, 0.95), 1),
        "refreshes_ms": [rounded(took_ms, 1) for took_ms in found.refresh_ms],
        "refreshed_rows": percentile(found.refreshed, 0.5),
        "rebuild_s": rounded(found.rebuild_s, 1),
        "rebuild_peak_mb": round(found.rebuild_peak_mb),
        "rebuilt_generations": found.generations,
    }


def _publish_ms(lake: Lake, times: int, now: datetime) -> float | None:
    """The part of a refresh that writes: of as many changes, without reading the record; the middle
    of so many."""
    return rounded(percentile([_once_ms(lake, number, now) for number in range(times)], 0.5), 1)


def _once_ms(lake: Lake, number: int, now: datetime) -> float:
    with busy_while(lake, number, since=now.date() - RECENT) as connection:
        began = time.perf_counter()
        lake.publish(connection, _MARKS, now=now)
        return (time.perf_counter() - began) * 1000


def _all_figures(
    asked: list[Question], answers: Answers, theirs: Mapping[str, Asked]
) -> dict[str, float | None]:
    return {name: value for kind in Kind for name, value in _figures(kind, asked, answers, theirs)}


def _figures(
    kind: Kind, asked: list[Question], answers: Answers, theirs: Mapping[str, Asked]
) -> Iterator[tuple[str, float | None]]:
    names = [question.name for question in asked if question.kind == kind]
    yield f"{kind}_p95_ms", _p95(ms for name in names for ms in answers.warm_ms[name])
    yield f"{kind}_cold_p95_ms", _p95(answers.cold_ms[name] for name in names)
    crowded = [ms for name in names for ms in answers.crowded_ms[name]]
    yield f"{kind}_{answers.readers}_readers_p95_ms", _p95(crowded)
    compared = {
        question.name: theirs[question.exact_name].took_ms
        for question in asked
        if question.kind == kind and question.exact_name in theirs
    }
    ours = sum(_median(answers.warm_ms[name]) for name in compared)
    yield f"{kind}_ratio", rounded(ratio(sum(compared.values()), ours), 1)
    if kind is Kind.REPORT:
        ready = [q.name for q in asked if q.kind == kind and not q.reads_facts]
        yield "report_rollup_p95_ms", _p95(ms for name in ready for ms in answers.warm_ms[name])


def _by_name(
    asked: list[Question], answers: Answers, theirs: Mapping[str, Asked]
) -> dict[str, dict[str, dict[str, float | None]]]:
    found: dict[str, dict[str, dict[str, float | None]]] = {
        "reports": {},
        "details": {},
        "adhoc": {},
    }
    for question in asked:
        name, beside = question.name, theirs.get(question.exact_name)
        found[_GROUPS[question.kind]][name] = {
            "warm_ms": _finite(_median(answers.warm_ms[name])),
            "cold_ms": _finite(answers.cold_ms[name]),
            f"{answers.readers}_readers_ms": _finite(_median(answers.crowded_ms[name])),
            "postgres_ms": rounded(beside.took_ms if beside else None, 1),
        }
    return found


def _disagreeing(
    asked: list[Question], answers: Answers, theirs: Mapping[str, Asked]
) -> dict[str, list[str]]:
    """Where the two answers are not the same."""
    found = {}
    for question in asked:
        beside = theirs.get(question.exact_name)
        if beside is None or beside.rows is None or question.name not in answers.rows:
            continue
        about = question.name != question.exact_name
        wrong = differences(answers.rows[question.name], beside.rows, about=about)
        if wrong:
            found[question.name] = wrong
    return found


def _p95(values: Iterable[float]) -> float | None:
    return _finite(percentile(values, 0.95))


def _finite(ms: float | None) -> float | None:
    """None for a question that was refused, which JSON has no number for."""
    return rounded(ms, 1) if ms is not None and math.isfinite(ms) else None


def _median(values: Iterable[float]) -> float:
    return percentile(values, 0.5) or 0.0
