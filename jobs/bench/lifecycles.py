"""Generations from submit to playable, at a given number in flight, beside the plain client."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.bench import figures, record
from jobs.bench.baseline import Order, Outcome, run_baseline
from jobs.bench.figures import Requests, fal_s, per_core, ratio, rounded, spread
from jobs.bench.load import Admitted, Load, put_through
from jobs.bench.sampling import (
    Sample,
    cores_at_full_flight,
    most_memory_mb,
    sampling,
    used_cpu_s,
)
from jobs.bench.simulated_fal import simulated_fal
from jobs.bench.studio import BenchStudio, Commands, Plan, running_studio
from jobs.bench.usage import check_can_measure

LEAST_GENERATIONS = 5
SHORTEST_S = 4.0
PER_S = 2.0
"""Admissions a second that two cores take in without a queue of their own; fal's time follows."""
MOST_BASELINE_THREADS = 100
"""More would only wait for each other: one Python process polls with one core at most."""
PATIENCE_S = 120.0
AFTERWARDS = ("media", "warehouse")
"""Parts that work on what plays already: smaller files and figures. The baseline has no figures."""


@dataclass(frozen=True)
class Level:
    """One measurement; None stands for what the level itself suggests."""

    in_flight: int
    generations: int | None = None
    seconds: float | None = None
    workers: int | None = None
    renditions: bool = True
    video_s: int = 5

    def load(self) -> Load:
        """How many, how fast, and how long to wait for the last."""
        generations = self.generations or max(self.in_flight, LEAST_GENERATIONS)
        seconds = self.seconds or max(self.in_flight / PER_S, SHORTEST_S)
        at_once = min(self.in_flight, generations)
        return Load(generations, at_once, seconds, self.video_s, 2 * seconds + PATIENCE_S)


def measure_level(folder: Path, level: Level, commands: Commands) -> dict[str, Any]:
    """Everything about one level, in a folder of its own.

    Raises:
        ServiceStartFailed: a server or process did not come up.
        ServiceError: the baseline failed, or this system can't be measured.
    """
    check_can_measure()
    load = level.load()
    plan = Plan(load.seconds, load.in_flight, level.workers, level.renditions, level.video_s)
    with running_studio(folder, plan, commands) as studio:
        with sampling(studio) as samples:
            admitted = put_through(studio, load)
        ours = _ours(studio, admitted, samples)
    theirs = _theirs(folder, load)
    both = (ours["in_flight_per_core"], theirs["baseline_in_flight_per_core"])
    asked = {"generations": len(admitted.began), "in_flight": load.in_flight}
    return {
        **asked,
        "fal_s": load.seconds,
        **ours,
        **theirs,
        "in_flight_per_core_ratio": rounded(ratio(*both), 1),
    }


def _ours(studio: BenchStudio, admitted: Admitted, samples: list[Sample]) -> dict[str, Any]:
    requests = studio.simulator.requests()
    cpu_s = {"admission": admitted.cpu_s, **used_cpu_s(samples)}
    following_s = sum(used_s for part, used_s in cpu_s.items() if part not in AFTERWARDS)
    peak = figures.peak_in_flight(requests)
    return {
        **_outcomes(studio, admitted, requests),
        **_waits(record.timings(studio.services.database), admitted, requests),
        "in_flight_peak": peak,
        "in_flight_per_core": rounded(per_core(requests, following_s), 2),
        "watcher_cpu_cores": rounded(cores_at_full_flight(samples, requests, "watcher")),
        "mb_per_generation": rounded(ratio(most_memory_mb(samples), peak), 2),
        "cpu_s": {part: rounded(used_s, 2) for part, used_s in cpu_s.items()},
        "wall_s": rounded(samples[-1].at - samples[0].at, 1),
    }


def _outcomes(studio: BenchStudio, admitted: Admitted, requests: Requests) -> dict[str, int]:
    totals = record.totals(studio.services.database)
    ended = totals["completed"] + totals["failed"]
    return {
        "booked": int(studio.simulator.counts()["booked"]),
        "completed": totals["completed"],
        "failed": totals["failed"],
        "lost": len(admitted.began) - ended,
        "doubled": figures.doubled(requests),
        "open_holds": totals["open_holds"],
    }


def _waits(
    timings: list[record.Timing], admitted: Admitted, requests: Requests
) -> dict[str, float | None]:
    """The seconds beyond fal's own, and where they went: to fal, until seen, until playable."""
    at_fal = {request["request_id"]: request for request in requests}
    to_fal, notice, collect = [], [], []
    for timing in timings:
        request = at_fal[timing.request_id]
        to_fal.append(request["submitted_at"] - admitted.began[timing.generation_id])
        notice.append(timing.seen_at - request["ended_at"])
        collect.append(timing.playable_at - timing.seen_at)
    whole = [sum(parts) for parts in zip(to_fal, notice, collect, strict=True)]
    return {
        **spread("overhead", whole),
        **spread("to_fal", to_fal),
        **spread("notice", notice),
        **spread("collect", collect),
    }


def _theirs(folder: Path, load: Load) -> dict[str, Any]:
    """The plain client at the same pace, alone on the machine but for the simulated fal."""
    threads = min(load.in_flight, MOST_BASELINE_THREADS)
    count = min(load.generations, max(threads, LEAST_GENERATIONS))
    where = folder / "baseline"
    with simulated_fal(
        where, seconds=load.seconds, in_flight=threads, video_s=load.video_s
    ) as simulator:
        order = Order(simulator.url, "subscribe", count, threads, load.video_s, load.pause_s)
        within_s = count / threads * 2 * load.seconds + load.patience_s
        outcome = run_baseline(order, where, within_s)
        requests = simulator.requests()
    return _baseline_figures(outcome, requests)


def _baseline_figures(outcome: Outcome, requests: Requests) -> dict[str, Any]:
    peak = figures.peak_in_flight(requests)
    over = [outcome.done[r["request_id"]] - fal_s(r) for r in requests]
    cpu_s = outcome.cpu_s + len(requests) * outcome.pipeline_cpu_s
    return {
        "baseline_generations": len(requests),
        "baseline_in_flight_peak": peak,
        **spread("baseline_overhead", over),
        "baseline_in_flight_per_core": rounded(per_core(requests, cpu_s), 2),
        "baseline_following_per_core": rounded(per_core(requests, outcome.cpu_s), 2),
        "baseline_pipeline_cpu_s": rounded(outcome.pipeline_cpu_s, 2),
        "baseline_pipeline_s": rounded(outcome.pipeline_s, 2),
        "baseline_mb_per_generation": rounded(ratio(outcome.memory_mb, peak), 2),
    }
