"""How long the warehouse takes to answer and to be brought up to date, beside Postgres."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jobs.bench.figures import percentile, ratio, rounded
from jobs.bench.warehouse_postgres import ask_postgres, filled_postgres
from jobs.bench.warehouse_questions import Question, adhoc, skipped, standing
from jobs.bench.warehouse_reading import Answers, measure_reading
from jobs.bench.warehouse_syncing import Syncing, measure_syncing
from jobs.demo import choices_of
from jobs.fal.catalog import load_catalog
from storage.warehouse.inventing import History, busy_while, invented
from storage.warehouse.lake import Lake, Marks

MONTHS = 24
ROUNDS = 5
RECENT = timedelta(days=2)
"""How old a generation that is judged may be."""
_ZONE = "Europe/Berlin"
_MARKS = Marks(watermark="0", system_id="bench", time_zone=_ZONE, demo=True)


def measure_warehouse(folder: Path, rows: int, *, beside_postgres: bool = True) -> dict[str, Any]:
    """Figures of a lake with so many generations; without Postgres those beside it are None.

    Raises:
        ServiceStartFailed: Postgres did not come up.
        WarehouseError: the lake could not be made or read.
    """
    now = datetime.now(UTC)
    lake, until = Lake(folder / "lake"), now.date() + timedelta(days=1)
    reports, scans = standing(until), adhoc(until)
    written = _write(lake, folder, rows, now)
    answers = measure_reading(lake.folder, [*reports, *scans])
    theirs: dict[str, float] = {}
    synced: dict[str, Any] = {}
    if beside_postgres:
        with filled_postgres(folder, lake.folder, _ZONE) as url:
            theirs = ask_postgres(url, [*reports, *scans])
            synced = _synced(measure_syncing(url, folder / "synced", now.date() - RECENT))
    publish = [_publish_ms(lake, number, now) for number in range(ROUNDS)]
    return {
        "rows": rows,
        **synced,
        **_figures("report", reports, answers, theirs),
        **_figures("adhoc", scans, answers, theirs),
        "publish_ms": rounded(percentile(publish, 0.5), 1),
        **written,
        "peak_mb": round(answers.peak_mb),
        "reports": _by_name(reports, answers, theirs),
        "adhoc": _by_name(scans, answers, theirs),
        "skipped": skipped(until),
        "refused": answers.refused(),
    }


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
        "refreshed_rows": percentile(found.refreshed, 0.5),
        "rebuild_s": rounded(found.rebuild_s, 1),
        "rebuild_peak_mb": round(found.rebuild_peak_mb),
        "rebuilt_generations": found.generations,
    }


def _publish_ms(lake: Lake, number: int, now: datetime) -> float:
    """The part of a refresh that writes: of as many changes, without reading the record."""
    with busy_while(lake, number, since=now.date() - RECENT) as connection:
        began = time.perf_counter()
        lake.publish(connection, _MARKS, now=now)
        return (time.perf_counter() - began) * 1000


def _figures(
    kind: str, asked: list[Question], answers: Answers, theirs: Mapping[str, float]
) -> dict[str, float | None]:
    names = [question.name for question in asked]
    compared = [name for name in names if name in theirs]
    return {
        f"{kind}_p95_ms": _p95(ms for name in names for ms in answers.warm_ms[name]),
        **_of_rollups(kind, asked, answers),
        f"{kind}_cold_p95_ms": _p95(answers.cold_ms[name] for name in names),
        f"{kind}_8_readers_p95_ms": _p95(ms for name in names for ms in answers.crowded_ms[name]),
        f"{kind}_ratio": rounded(
            ratio(
                sum(theirs[name] for name in compared),
                sum(_median(answers.warm_ms[name]) for name in compared),
            ),
            1,
        ),
    }


def _of_rollups(kind: str, asked: list[Question], answers: Answers) -> dict[str, float | None]:
    """Apart, because the others read a row of each generation."""
    names = [question.name for question in asked if not question.reads_facts]
    if not names:
        return {}
    return {f"{kind}_rollup_p95_ms": _p95(ms for name in names for ms in answers.warm_ms[name])}


def _by_name(
    asked: list[Question], answers: Answers, theirs: Mapping[str, float]
) -> dict[str, dict[str, float | None]]:
    return {
        question.name: {
            "warm_ms": rounded(_median(answers.warm_ms[question.name]), 1),
            "cold_ms": rounded(answers.cold_ms[question.name], 1),
            "8_readers_ms": rounded(_median(answers.crowded_ms[question.name]), 1),
            "postgres_ms": rounded(theirs.get(question.name), 1),
        }
        for question in asked
    }


def _p95(values: Iterable[float]) -> float | None:
    return rounded(percentile(values, 0.95), 1)


def _median(values: Iterable[float]) -> float:
    return percentile(values, 0.5) or 0.0
