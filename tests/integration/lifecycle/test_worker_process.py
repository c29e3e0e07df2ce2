"""The real worker process: it hears bells, stops when asked, and may be killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest

from jobs.bootstrap import Services
from jobs.recovery import sweep
from storage.models import Generation, GenerationStatus
from storage.records import events

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]
Worker = subprocess.Popen[bytes]

SLOW = "A sneaker on a stand [fault:slow_answer=60]"


def eventually(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def worker(services: Services, tmp_path: Path) -> Iterator[Worker]:
    """A submit worker at work."""
    settings = services.settings
    assert settings.database_url
    assert settings.redis_url
    addresses = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "FAL_BASE_URL": str(settings.fal_base_url),
        "STUDIO_DATA_DIR": str(settings.data_dir),
    }
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard.cli", "worker", "submit"],
            env={**os.environ, **addresses},
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: at_work(services) == 1)
        yield process
    finally:
        process.kill()
        process.wait(20)


def at_work(services: Services) -> int:
    with services.database.as_service() as tx:
        return events.at_work(tx, within_s=60).get("submit", 0)


def fork(host: Worker) -> psutil.Process:
    """The process that answers bells; the host's only one."""
    eventually(lambda: psutil.Process(host.pid).children())
    [answering] = psutil.Process(host.pid).children()
    return answering


@pytest.fixture
def submitting(worker: Worker, submit: Submit, look: Look, posts: Any) -> UUID:
    """A generation whose POST fal has and has not answered yet."""
    generation_id = submit(prompt=SLOW)
    eventually(lambda: posts(generation_id))
    assert look(generation_id).status is GenerationStatus.SUBMITTING
    return generation_id


def test_a_worker_hears_a_bell_and_leaves_in_good_order(
    services: Services, worker: Worker, submit: Submit, look: Look
) -> None:
    generation_id = submit()
    eventually(lambda: look(generation_id).status is GenerationStatus.WAITING)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert at_work(services) == 0


def test_one_process_answers_bell_after_bell(worker: Worker, submit: Submit, look: Look) -> None:
    answering = fork(worker)
    for _ in range(2):
        generation_id = submit()
        eventually(lambda: look(generation_id).status is GenerationStatus.WAITING)  # noqa: B023
    assert answering.children() == []
    assert fork(worker) == answering


def test_a_worker_that_is_killed_during_its_post_loses_nothing(
    services: Services,
    worker: Worker,
    submitting: UUID,
    submit: Submit,
    look: Look,
    until: Until,
    expire: Any,
    posts: Any,
    money: Any,
    found_at_fal: Any,
) -> None:
    fork(worker).kill()
    expire(submitting)
    sweep(services)
    assert look(submitting).status is GenerationStatus.UNKNOWN
    found_at_fal(1)
    assert until(submitting, "completed").problem is None
    assert money(submitting).charge.verified
    assert posts(submitting) == 1
    another = submit()
    eventually(lambda: look(another).status is not GenerationStatus.QUEUED)


def test_a_killed_host_takes_its_worker_with_it(
    services: Services, worker: Worker, submitting: UUID, look: Look, expire: Any, posts: Any
) -> None:
    orphan = fork(worker)
    worker.kill()
    eventually(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)
    expire(submitting)
    for _ in range(3):
        sweep(services)
    assert look(submitting).status is GenerationStatus.UNKNOWN
    assert posts(submitting) == 1


def test_a_worker_that_hangs_ends_itself_and_says_where(services: Services) -> None:
    assert services.settings.redis_url
    program = Path(__file__).with_name("worker_program.py")
    argv = [sys.executable, str(program), services.settings.redis_url.get_secret_value()]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "perform" in ended.stderr
