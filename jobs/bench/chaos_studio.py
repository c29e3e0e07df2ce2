"""The studio that a chaos run breaks: its servers, a simulated fal, and its own processes."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import jobs
from jobs.bootstrap import Services, opened_services
from jobs.fal.simulator.process import Simulator, running_simulator
from storage.embedded.children import Supervisor
from storage.embedded.folder import DataFolder
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from storage.migrate import migrate
from storage.models import Role
from storage.records import events, ledger, people
from storage.settings import Settings, load_settings

HOST = "studio"
"""The supervised process, which forks all others."""
FAL_S = 1.0
"""From submit to the finished video."""
IN_FLIGHT = 60
"""Lost submits keep a place at fal until they are found, and some are never found."""
_EACH = 12
"""Generations of one person, well below what one may submit within a minute."""
_ENOUGH_USD = Decimal(100_000)
_KINDS = {"submit", "collect", "media", "watcher"}
_SIZE = re.compile(r"^(\"[0-9:]+\" = \[)(\d+), (\d+)\]$", re.MULTILINE)
_USUAL = re.compile(r"^usual_s = .+$", re.MULTILINE)
_SMALLER = 4
_START_WITHIN_S = 60.0

EnvironmentOf = Callable[[Settings], Mapping[str, str]]


@dataclass
class ChaosStudio:
    """A studio at work, and everything that can be taken from it."""

    folder: Path
    services: Services
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    simulator: Simulator
    supervisor: Supervisor

    def start(self, environment_of: EnvironmentOf) -> None:
        """Start the studio's own processes; call it from the main thread.

        Raises:
            ServiceStartFailed: they did not come up.
        """
        settings = self.services.settings
        home = str(Path(jobs.__path__[0]).parent)
        argv = [sys.executable, "-m", "jobs.bench.chaos_process", str(self.folder)]
        env = {**os.environ, **environment_of(settings), "PYTHONPATH": home}
        log = DataFolder(settings.data_dir).log(HOST)
        self.supervisor.add(HOST, argv, env=env, log=log, ready=self.at_work)
        self.supervisor.start(threading.Event())

    def at_work(self) -> bool:
        """Whether every kind of process has said that it works."""
        with self.services.database.as_service() as tx:
            return events.at_work(tx, within_s=_START_WITHIN_S).keys() >= _KINDS


@contextmanager
def chaos_studio(folder: Path, generations: int, workers: int) -> Iterator[ChaosStudio]:
    """Servers, schema and people; the processes are not started yet. All ends with the block.

    Raises:
        ServiceStartFailed: something did not come up.
    """
    data = DataFolder(folder / "studio")
    data.prepare()
    with ExitStack() as stack:
        postgres = EmbeddedPostgres(data.postgres, data.log("postgres"))
        valkey = EmbeddedValkey(data.valkey, data.log("valkey"))
        for server in (postgres, valkey):
            stack.callback(server.stop)
            server.start()
        catalog = _small_catalog(folder)
        simulator = stack.enter_context(_simulator(folder, catalog))
        settings = load_settings(
            data_dir=folder / "studio",
            database_url=postgres.url,
            redis_url=valkey.url,
            fal_base_url=simulator.url,
            fal_concurrency=IN_FLIGHT,
            person_submits_per_minute=1_000_000,
            catalog_file=catalog,
            **dict.fromkeys(("submit_workers", "collect_workers", "media_workers"), workers),
        )
        migrate(postgres.url, company=settings.company, time_zone=settings.time_zone)
        services = stack.enter_context(opened_services(settings))
        services.store.prepare()
        _add_people(services, generations // _EACH + 1)
        supervisor = Supervisor(grace_s=4.0, ready_within_s=_START_WITHIN_S)
        stack.callback(supervisor.stop)
        yield ChaosStudio(folder, services, postgres, valkey, simulator, supervisor)


def _simulator(folder: Path, catalog: Path) -> AbstractContextManager[Simulator]:
    return running_simulator(
        folder / "fal", seconds=FAL_S, concurrency=IN_FLIGHT, render="copy", catalog_file=catalog
    )


def _small_catalog(folder: Path) -> Path:
    """Our catalogue with videos of a sixteenth of the pixels: what is tried here is not ffmpeg."""
    text = (files("jobs.fal") / "catalog.toml").read_text(encoding="utf-8")
    text = _SIZE.sub(lambda m: f"{m[1]}{_smaller(m[2])}, {_smaller(m[3])}]", text)
    path = folder / "catalog.toml"
    path.write_text(_USUAL.sub(f"usual_s = {FAL_S * 5 / 2}", text))
    return path


def _smaller(pixels: str) -> int:
    return int(pixels) // _SMALLER // 2 * 2


def _add_people(services: Services, count: int) -> None:
    with services.database.as_service() as tx:
        ledger.set_default_person_budget(tx, _ENOUGH_USD)
        for number in range(count):
            people.add(
                tx,
                email=f"chaos-{number}@studio.local",
                name=f"Chaos {number}",
                role=Role.MEMBER,
                team="Marketing",
            )
