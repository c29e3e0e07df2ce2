"""What the real processes write while a generation goes through their hands."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jobs.bootstrap import Services
from jobs.fal.simulator.process import Simulator
from storage.models import Person
from storage.records import attempts, generations, videos
from storage.settings import Settings

WITHIN_S = 90.0
FAL_KEY = "5f0f7f4e-1f1c-4d0e-9b53-3c1f6e0c1a2b:0123456789abcdef0123456789abcdef"
METRICS_TOKEN = "a-token-that-only-prometheus-has"
STEPS = {
    "worker submit": "accepted by fal",
    "watcher": "fal has ended it",
    "worker collect": "video stored",
    "worker media": "renditions stored",
}
Line = dict[str, Any]


@contextmanager
def running(folder: Path, settings: Settings, *words: str) -> Iterator[Path]:
    """A `studio` process of its own for the length of the block; the file with its lines."""
    log = folder / f"{words[0]}.log"
    secrets = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    env = {
        **os.environ,
        **{name: url.get_secret_value() for name, url in secrets.items() if url},
        "STUDIO_DATA_DIR": str(settings.data_dir),
        "FAL_BASE_URL": str(settings.fal_base_url),
        "FAL_KEY": FAL_KEY,
        "STUDIO_METRICS_TOKEN": METRICS_TOKEN,
        "STUDIO_LOG_LEVEL": "DEBUG",
        "STUDIO_MEDIA_WORKERS": "1",
        "STUDIO_COLLECT_WORKERS": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with log.open("wb") as stderr:
        command = [sys.executable, "-m", "dashboard.cli", *words]
        process = subprocess.Popen(command, env=env, cwd=folder, stderr=stderr)
    try:
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.fixture
def lines_of(
    tmp_path: Path, services: Services, simulator: Simulator
) -> Callable[[UUID], list[Line]]:
    """Lets real processes bring a generation to its last rendition; every line they wrote."""

    def work(generation_id: UUID) -> list[Line]:
        with ExitStack() as stack:
            logs = [
                stack.enter_context(running(tmp_path, services.settings, *words))
                for words in (("worker", "all"), ("watcher",))
            ]
            deadline = time.monotonic() + WITHIN_S
            while not is_rendered(services, generation_id):
                assert time.monotonic() < deadline, [log.read_text() for log in logs]
                time.sleep(0.05)
        return [json.loads(line) for log in logs for line in log.read_text().splitlines()]

    return work


def is_rendered(services: Services, generation_id: UUID) -> bool:
    with services.database.as_service() as tx:
        if generations.by_id(tx, generation_id).finished_at is None:
            return False
        states = [r.state for r in videos.by_id(tx, generation_id).renditions.values()]
    return "pending" not in states


def test_every_line_says_whose_generation_it_is_about_and_tells_no_secret(
    lines_of: Callable[[UUID], list[Line]],
    submit: Callable[..., UUID],
    services: Services,
    person: Person,
    simulator: Simulator,
) -> None:
    simulator.set_fault("status_502")
    simulator.set_fault("not_a_video")
    generation_id = submit()
    lines = lines_of(generation_id)
    with services.database.as_service() as tx:
        (attempt,) = attempts.of_generation(tx, generation_id)
    known = {
        "generation": str(generation_id),
        "attempt": str(attempt.id),
        "person": str(person.id),
    }
    assert all(line["process"] in {*STEPS, "worker all", "warehouse"} for line in lines)
    about_it = [line for line in lines if "generation" in line]
    for process, event in STEPS.items():
        told = [line for line in about_it if (line["process"], line["event"]) == (process, event)]
        assert told, (process, lines)
    assert {line["event"] for line in about_it} >= {"not polled", "not collected, trying again"}
    for line in about_it:
        names = known.keys() - ({"attempt"} if line["process"] == "worker media" else set())
        assert {name: line[name] for name in names} == {name: known[name] for name in names}
    told_secrets = [secret for secret in secrets_of(services) if secret in json.dumps(lines)]
    assert told_secrets == []


def secrets_of(services: Services) -> list[str]:
    urls = [services.settings.database_url, services.settings.redis_url]
    values = [url.get_secret_value() for url in urls if url is not None]
    passwords = [value.split("@")[0].rpartition(":")[2] for value in values]
    assert all(len(password) > 8 for password in passwords)
    return [*values, *passwords, FAL_KEY, FAL_KEY.partition(":")[2], METRICS_TOKEN]
