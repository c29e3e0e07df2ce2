"""How many submits a second the studio admits, beside the same number of bare calls to fal."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jobs.admission import admit
from jobs.bench import record
from jobs.bench.baseline import Order, run_baseline
from jobs.bench.figures import ratio, rounded, spread
from jobs.bench.request import draft, sample_image
from jobs.bench.studio import BenchStudio, Plan, running_record
from jobs.requests import RequestDraft

THREADS = 8
"""Sessions that submit at once; the record's pool has as many connections."""
_WITHIN_S = 300.0


def measure_submits(folder: Path, count: int) -> dict[str, Any]:
    """Admit `count` generations, then submit as many with the plain client.

    Raises:
        ServiceStartFailed: a server did not come up.
        ServiceError: the baseline failed.
    """
    plan = Plan(seconds=3600.0, in_flight=1)  # nothing may end meanwhile
    with running_record(folder, plan) as studio:
        asked = draft(sample_image(), plan.video_s)
        _admit_one(studio, asked)  # opens what is opened once: connections, queries
        before = record.totals(studio.services.database)
        times, wall_s = _admit_all(studio, asked, count)
        after = record.totals(studio.services.database)
        order = Order(studio.simulator.url, "submit", count, THREADS, plan.video_s)
        theirs = run_baseline(order, folder, _WITHIN_S)
    ours_per_s, theirs_per_s = count / wall_s, count / theirs.wall_s
    return {
        "submits": count,
        "threads": THREADS,
        "submits_per_s": rounded(ours_per_s, 1),
        **spread("submit", times),
        "queued": after["unfinished"] - before["unfinished"],
        "open_holds": after["open_holds"] - before["open_holds"],
        "baseline_submits_per_s": rounded(theirs_per_s, 1),
        **spread("baseline_submit", list(theirs.done.values())),
        "ratio": rounded(ratio(ours_per_s, theirs_per_s), 2),
    }


def _admit_all(studio: BenchStudio, asked: RequestDraft, count: int) -> tuple[list[float], float]:
    """Seconds that each admission took, and seconds for all of them."""
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        times = list(pool.map(lambda _: _admit_one(studio, asked), range(count)))
    return times, time.monotonic() - began


def _admit_one(studio: BenchStudio, asked: RequestDraft) -> float:
    began = time.monotonic()
    admit(studio.services, studio.person, asked)
    return time.monotonic() - began
