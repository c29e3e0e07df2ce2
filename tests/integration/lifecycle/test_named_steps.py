"""The list of steps can't go stale: real processes come to every one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

import jobs
from dashboard.cli.processes import environment_of
from jobs import exports
from jobs.admission import stop
from jobs.bench import record
from jobs.bootstrap import Services
from jobs.export_names import DEFAULT_TEMPLATE
from jobs.steps import Step, observe
from jobs.submitting import submit_next
from storage.models import Generation, GenerationStatus, Person, RenditionKind

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]

PLAIN = "The sneaker turns slowly on its stand"
HOME = str(Path(jobs.__path__[0]).parent)
WORKERS = """
import sys
from pathlib import Path
from jobs.bells import Bell
from jobs.steps import observe
from jobs.worker_host import WorkerHost
from storage.settings import load_settings
observe(lambda step: (Path(sys.argv[1]) / step).touch())
WorkerHost(load_settings(), list(Bell)).run()
"""


class Died(BaseException):
    """What a kill looks like to the code: nothing catches it."""


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Path]:
    """A folder with an empty file for each step that this process or a worker came to."""
    folder = tmp_path / "steps"
    folder.mkdir()
    observe(lambda step: (folder / step).touch())
    yield folder
    observe(None)


@pytest.fixture
def workers(services: Services, steps: Path) -> Iterator[Callable[[], None]]:
    """Starts workers for every bell, each of which says in the folder what it comes to."""
    env = {**os.environ, **environment_of(services.settings), "PYTHONPATH": HOME}
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        argv = [sys.executable, "-c", WORKERS, str(steps)]
        started.append(subprocess.Popen(argv, env=env, cwd=steps.parent))

    yield start
    for process in started:
        process.terminate()
        process.wait(60)


def eventually(missing: Callable[[], object]) -> None:
    """Wait until nothing is missing any more."""
    deadline = time.monotonic() + 60
    while still := missing():
        assert time.monotonic() < deadline, f"still missing: {still}"
        time.sleep(0.02)


def asked_for_zip(services: Services, person: Person) -> bool:
    """Ask for a zip of the person's videos; False while there are none."""
    videos = record.to_export(services.database)
    if videos:
        exports.request(services, person, videos[person.id], RenditionKind.WEB, DEFAULT_TEMPLATE)
    return bool(videos)


def test_every_step_is_come_to(
    services: Services,
    person: Person,
    submit: Submit,
    look: Look,
    expire: Callable[[UUID], None],
    steps: Path,
    led: Callable[..., object],
    found_at_fal: Callable[[int], None],
    workers: Callable[[], None],
) -> None:
    def die(step: Step) -> None:
        if step is Step.SUBMIT_INTENDED:
            raise Died

    lost = submit(prompt=PLAIN)
    observe(die)
    with pytest.raises(Died):
        submit_next(services)
    expire(lost)
    observe(lambda step: (steps / step).touch())
    workers()
    for fault in ("drop_answer", "http_429", "refuse_prompt"):
        submit(prompt=f"{PLAIN} [fault:{fault}]")
    endless = submit(prompt=f"{PLAIN} [fault:never_completes]")
    with led(services):  # type: ignore[attr-defined]
        eventually(lambda: look(endless).status is not GenerationStatus.RUNNING)
        stop(services, person, endless)
        found_at_fal(1)
        eventually(lambda: not asked_for_zip(services, person))
        eventually(lambda: [step for step in Step if not (steps / step).exists()])
