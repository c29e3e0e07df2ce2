"""What the studio is measured against: `fal_client` as its documents show it, a thread a request.

`python -m jobs.bench.baseline ORDER` does what the JSON file ORDER says and writes the outcome
beside it, in a process of its own, so that CPU and memory are the plain client's alone.

A thread uploads the start image, calls `subscribe` (which polls ten times a second) and downloads
the video. There is no ledger and no access rule, and nothing survives a restart. The naive pipeline
is run for one video when all have ended, with the machine to itself, and reported apart: for each
of a hundred it would take half an hour.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from signal import Signals

import jobs
from jobs.bench.naive import run_naive_pipeline
from jobs.bench.plain_client import PlainClient
from jobs.bench.usage import memory_mb
from storage.embedded.processes import end_child, launch, read_log, wait_until
from storage.errors import ServiceError


@dataclass(frozen=True)
class Order:
    """What the baseline is to do."""

    url: str
    """The simulated fal."""
    work: str
    """`submit` (only submit) or `subscribe` (through to the file)."""
    requests: int
    threads: int
    video_s: int
    pause_s: float = 0.0
    """Seconds between two starts."""


@dataclass
class Outcome:
    """What it did."""

    wall_s: float
    cpu_s: float
    memory_mb: float
    """Memory of the process when the last request was started (PSS)."""
    pipeline_cpu_s: float = 0.0
    """CPU of the naive pipeline for one video; 0 when only submits were asked for."""
    pipeline_s: float = 0.0
    """The same by the clock."""
    done: dict[str, float] = field(default_factory=dict)
    """Seconds from start to end of each, by request id."""


def run_baseline(order: Order, folder: Path, within_s: float) -> Outcome:
    """Do it in a process of its own.

    Raises:
        ServiceError: it failed, or took longer than `within_s`.
    """
    file, log = folder / f"{order.work}.json", folder / f"{order.work}.log"
    file.write_text(json.dumps(asdict(order)))
    env = {**os.environ, "PYTHONPATH": str(Path(jobs.__path__[0]).parent)}
    argv = [sys.executable, "-m", "jobs.bench.baseline", str(file)]
    process = launch(argv, env=env, log=log, on_owner_death=Signals.SIGKILL)
    try:
        ended = wait_until(lambda: process.poll() is not None, within_s)
    finally:
        end_child(process, ())
    if not ended or process.returncode != 0:
        raise ServiceError(f"The baseline did not end well:\n{read_log(log)}")
    return Outcome(**json.loads(_outcome_file(file).read_text()))


def _outcome_file(order: Path) -> Path:
    return order.with_suffix(".outcome.json")


def _do(order: Order) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="baseline-") as folder:
        client = PlainClient(order.url, order.video_s, Path(folder))
        outcome = _run(order, client.submit if order.work == "submit" else client.subscribe)
        if order.work == "subscribe":
            spent = run_naive_pipeline(client.last_video, Path(folder))
            outcome.pipeline_cpu_s, outcome.pipeline_s = spent.cpu_s, spent.wall_s
    return outcome


def _run(order: Order, step: Callable[[], str]) -> Outcome:
    began, cpu_began = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(order.threads) as pool:
        under_way = []
        for _ in range(order.requests):
            under_way.append(pool.submit(_timed, step))
            time.sleep(order.pause_s)
        memory = memory_mb([os.getpid()])
        done = dict(work.result() for work in under_way)
    cpu_s = time.process_time() - cpu_began
    return Outcome(time.monotonic() - began, cpu_s, memory, done=done)


def _timed(step: Callable[[], str]) -> tuple[str, float]:
    began = time.monotonic()
    return step(), time.monotonic() - began


def main(file: Path) -> None:
    """Do what the order in `file` says."""
    outcome = _do(Order(**json.loads(file.read_text())))
    _outcome_file(file).write_text(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
