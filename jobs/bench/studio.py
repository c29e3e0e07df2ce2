"""A whole studio for a benchmark: its servers, its workers, its watcher and a simulated fal."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from importlib.resources import files
from pathlib import Path

from pydantic import SecretStr

import jobs
from jobs import warehouse_process
from jobs.bench import record
from jobs.bench.simulated_fal import simulated_fal
from jobs.bench.usage import cpu_s, cpu_s_of_module, memory_mb
from jobs.bootstrap import Services, opened_services
from jobs.fal.simulator.process import Simulator
from storage.embedded.children import Supervisor
from storage.embedded.folder import DataFolder
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from storage.migrate import migrate
from storage.models import Person, Role
from storage.records import ledger, people
from storage.settings import Settings, load_settings

_START_WITHIN_S = 90.0
_USUAL = re.compile(r"^usual_s = .+$", re.MULTILINE)
_NO_LIMIT_USD = Decimal(10_000_000)
_NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class Commands:
    """How the studio's processes are started; the command line knows, and hands it in."""

    argv: Sequence[str]
    """The words before `worker` and `watcher`."""
    environment_of: Callable[[Settings], Mapping[str, str]]


@dataclass(frozen=True)
class Plan:
    """What to start."""

    seconds: float
    """From submit to the finished video at the simulated fal, give or take a fifth."""
    in_flight: int
    """How many the account allows at once."""
    workers: int | None = None
    """Workers for each queue; None: as many as `studio up` has."""
    renditions: bool = True
    """Whether media workers make the smaller renditions meanwhile."""
    video_s: int = 5
    """Length of the videos."""


@dataclass
class BenchStudio:
    """A studio at work."""

    services: Services
    simulator: Simulator
    person: Person
    record_url: SecretStr
    """Postgres, as its owner."""
    servers: list[int]
    """Process ids of Postgres and Valkey."""
    hosts: dict[str, int] = field(default_factory=dict)
    """Process ids of what we started: the hosts of the workers by queue, and the watcher."""

    def cpu_by_part(self) -> dict[str, float]:
        """CPU seconds so far of each queue's workers, of the watcher, of the process for the
        warehouse that it keeps, and of the servers."""
        parts = {name: cpu_s([pid]) for name, pid in self.hosts.items()}
        warehouse = cpu_s_of_module([self.hosts["watcher"]], warehouse_process.__name__)
        parts["watcher"] -= warehouse
        return {**parts, "warehouse": warehouse, "servers": cpu_s(self.servers)}

    def memory_mb(self) -> float:
        """Memory of workers and watcher now."""
        return memory_mb(list(self.hosts.values()))


@contextmanager
def running_record(folder: Path, plan: Plan) -> Iterator[BenchStudio]:
    """Postgres, Valkey, the simulator and a person who may spend: all that admitting needs.

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
        simulator = stack.enter_context(
            simulated_fal(
                folder / "fal",
                seconds=plan.seconds,
                in_flight=plan.in_flight,
                video_s=plan.video_s,
            )
        )
        settings = _settings(folder, plan, postgres, valkey, simulator)
        migrate(postgres.url, company=settings.company, time_zone=settings.time_zone)
        services = stack.enter_context(opened_services(settings))
        services.store.prepare()
        servers = [pid for pid in (postgres.pid, valkey.pid) if pid is not None]
        yield BenchStudio(services, simulator, _spender(services), postgres.url, servers)


@contextmanager
def running_studio(folder: Path, plan: Plan, commands: Commands) -> Iterator[BenchStudio]:
    """The same, with workers and the watcher at work.

    Call it from the main thread: the processes end when the thread that started them does.

    Raises:
        ServiceStartFailed: something did not come up.
    """
    with running_record(folder, plan) as studio:
        supervisor = Supervisor(ready_within_s=_START_WITHIN_S)
        queues = ["submit", "collect", *(["media"] if plan.renditions else [])]
        kinds = {*queues, "watcher"}
        for queue in queues:
            _add(supervisor, studio, commands, queue, ["worker", queue])
        ready = partial(_at_work, studio, kinds)
        # Last, so that all of them load side by side.
        _add(supervisor, studio, commands, "watcher", ["watcher"], ready)
        supervisor.start(threading.Event())
        try:
            studio.hosts = supervisor.pids()
            yield studio
        finally:
            supervisor.stop()


def _add(
    supervisor: Supervisor,
    studio: BenchStudio,
    commands: Commands,
    name: str,
    words: list[str],
    ready: Callable[[], bool] | None = None,
) -> None:
    settings = studio.services.settings
    home = str(Path(jobs.__path__[0]).parent)
    env = {**os.environ, **commands.environment_of(settings), "PYTHONPATH": home}
    log = DataFolder(settings.data_dir).log(name)
    supervisor.add(name, [*commands.argv, *words], env=env, log=log, ready=ready)


def _at_work(studio: BenchStudio, kinds: set[str]) -> bool:
    return kinds <= {kind for kind, _ in record.processes(studio.services.database)}


def _settings(
    folder: Path,
    plan: Plan,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    simulator: Simulator,
) -> Settings:
    kinds = ("submit_workers", "collect_workers", "media_workers")
    return load_settings(
        data_dir=folder / "studio",
        database_url=postgres.url,
        redis_url=valkey.url,
        fal_base_url=simulator.url,
        fal_concurrency=plan.in_flight,
        person_submits_per_minute=_NO_LIMIT,
        catalog_file=_catalog(folder, plan),
        **({} if plan.workers is None else dict.fromkeys(kinds, plan.workers)),
    )


def _catalog(folder: Path, plan: Plan) -> Path:
    """Our catalogue, in which a video usually takes as long as at the simulated fal.

    The one that ships says the same of the real fal, and the watcher begins with it.
    """
    text = (files("jobs.fal") / "catalog.toml").read_text(encoding="utf-8")
    path = folder / "catalog.toml"
    # The catalogue speaks of videos of 5 seconds.
    path.write_text(_USUAL.sub(f"usual_s = {plan.seconds * 5 / plan.video_s}", text))
    return path


def _spender(services: Services) -> Person:
    with services.database.as_service() as tx:
        ledger.set_default_person_budget(tx, _NO_LIMIT_USD)
        return people.add(
            tx, email="bench@studio.local", name="Bench", role=Role.MEMBER, team="Marketing"
        )
