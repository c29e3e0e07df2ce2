"""Generations through a studio whose every part is killed, and a count of what came of them.

A round has one kill of a process at each step of `jobs.steps`, some at moments that chance chooses,
Redis emptied, restarted and away, Postgres and the simulator restarted, and every fault of the
simulator. The seed decides the order and the moments; what runs meanwhile is up to the machine.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import Any, Self

import structlog

from jobs.bench import chaos_counts, record
from jobs.bench.chaos_load import Orders
from jobs.bench.chaos_plan import KillPlan
from jobs.bench.chaos_studio import ChaosStudio, EnvironmentOf, chaos_studio
from jobs.bench.usage import below
from jobs.doctor import examine
from jobs.resolving import mark_not_submitted
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from storage.errors import StudioError
from storage.records import generations, people

log = structlog.get_logger(__name__)

_ROUND_S = 30.0
"""How long a round of kills takes at least."""
_PER_S = 5.0
"""Admissions a second that two cores take in while everything dies."""
_ADMITTERS = 2
_HURRY_EVERY_S = 0.5
_LOOK_EVERY_S = 2.0
_TICK_S = 0.05
_ARMED_WITHIN = 0.6
"""Part of the run after which every kill is armed, so that there is work left to come to it."""


@dataclass(frozen=True)
class Chaos:
    """What to put a studio through. Times are seconds."""

    generations: int
    seed: int
    seconds: float
    """How long admissions and the chaos last."""
    outage_s: float = 10.0
    """How long Redis stays away each time."""
    random_kills: int = 6
    """In each round, beside those at the steps."""
    workers: int = 2
    """For each queue."""
    patience_s: float = 300.0
    """How long to wait for the last generation once nothing is killed any more, at most."""

    @classmethod
    def lasting(cls, generations: int, seed: int) -> Self:
        """As long as two cores need to take in so many, and one round of kills at least."""
        return cls(generations, seed, max(generations / _PER_S, _ROUND_S))

    @property
    def rounds(self) -> int:
        """How often everything is killed."""
        return max(1, round(self.seconds / _ROUND_S))


@dataclass
class Breaker:
    """Breaks the studio as its plan says, and keeps it going meanwhile."""

    studio: ChaosStudio
    chaos: Chaos
    plan: KillPlan
    chance: Random
    events: list[tuple[float, str, Callable[[], None]]] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    _hurried_at: float = 0.0

    def lay_out(self) -> None:
        """Choose the moment of everything that will happen."""
        names, seconds = self.plan.lay_out(self.chance), self.chaos.seconds
        for place, name in enumerate(names):
            at = seconds * _ARMED_WITHIN * (place + 1) / len(names)
            self.events.append((at, "armed", partial(self.plan.arm, name)))
        for turn in range(self.chaos.rounds):
            self._lay_out_round(turn * seconds / self.chaos.rounds, seconds / self.chaos.rounds)
        self.events.sort(key=lambda event: event[0])

    def _lay_out_round(self, start: float, length: float) -> None:
        for name, act in self._actions().items():
            at = start + length * self.chance.uniform(0.1, 0.9)
            self.events.append((at, name, act))
        for _ in range(self.chaos.random_kills):
            at = start + length * self.chance.uniform(0.05, 0.95)
            self.events.append((at, "random_kills", self._kill_somebody))
        away_at = start + length * self.chance.uniform(0.1, 0.5)
        self.events.append((away_at, "redis_outages", self.studio.valkey.stop))
        self.events.append((away_at + self.chaos.outage_s, "back", self.studio.valkey.start))

    def _actions(self) -> dict[str, Callable[[], None]]:
        studio = self.studio
        return {
            "redis_flushes": self._flush,
            "redis_restarts": partial(_kill_and_start, studio.valkey),
            "postgres_restarts": partial(_kill_and_start, studio.postgres),
            "simulator_restarts": studio.simulator.restart,
            "upload_faults": partial(studio.simulator.set_fault, "upload_500", count=5),
            "locked_uploads": partial(studio.simulator.set_fault, "upload_403_locked", count=1),
        }

    def run(self) -> None:
        """Do everything at its time, until it is done and every kill has found its process.

        Raises:
            StudioError: a kill waits in vain for somebody to come to its step.
        """
        began = time.monotonic()
        deadline = began + self.chaos.seconds + self.chaos.patience_s
        while self.events or self.plan.open() or self._missing():
            self.tick()
            while self.events and self.events[0][0] <= time.monotonic() - began:
                _, name, act = self.events.pop(0)
                self.did[name] += 1
                log.info("chaos", what=name)
                act()
            if time.monotonic() > deadline:
                raise StudioError(f"Nobody came to {self.plan.open()}; {self._missing()} missing.")

    def wait_for_rest(self) -> None:
        """Wait until nothing moves any more, or until patience is at an end."""
        deadline = time.monotonic() + self.chaos.patience_s
        while time.monotonic() < deadline and not self._at_rest():
            until = time.monotonic() + _LOOK_EVERY_S
            while time.monotonic() < until:
                self.tick()

    def tick(self) -> None:
        """Start what has died, shorten what waits."""
        self.studio.supervisor.tend()
        if time.monotonic() - self._hurried_at > _HURRY_EVERY_S:
            self._hurried_at = time.monotonic()
            with suppress(StudioError):
                record.hurry(self.studio.services.database)
        time.sleep(_TICK_S)

    def _missing(self) -> int:
        with suppress(StudioError):
            so_far = record.admitted(self.studio.services.database)
            return max(0, self.chaos.generations - so_far)
        return self.chaos.generations

    def _at_rest(self) -> bool:
        database = self.studio.services.database
        requests = self.studio.simulator.requests()
        with suppress(StudioError):
            moving = chaos_counts.restless(record.fates(database), requests)
            pending = record.pending_renditions(database) + record.open_exports(database)
            return not moving and not pending
        return False

    def _flush(self) -> None:
        if self.studio.valkey.alive():
            self.studio.services.bells.redis.flushall()

    def _kill_somebody(self) -> None:
        """Any process of the studio: host, worker, watcher, admitting process."""
        roots = list(self.studio.supervisor.pids().values())
        if victims := sorted(below(roots)):
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(victims), SIGKILL)


def _kill_and_start(server: EmbeddedPostgres | EmbeddedValkey) -> None:
    if server.alive() and server.pid is not None:
        os.kill(server.pid, SIGKILL)
        server.stop()
        server.start()


def run_chaos(folder: Path, chaos: Chaos, environment_of: EnvironmentOf) -> dict[str, Any]:
    """Everything in one folder; the counts, with what must never happen in `problems`.

    Call it from the main thread.

    Raises:
        ServiceStartFailed: something did not come up.
        StudioError: the chaos could not be brought to its end.
    """
    plan = KillPlan(folder, chaos.rounds)
    pause_s = chaos.seconds * 0.8 * _ADMITTERS / chaos.generations
    Orders(chaos.generations, pause_s, chaos.rounds).keep(folder)
    began = time.monotonic()
    with chaos_studio(folder, chaos.generations, chaos.workers) as studio:
        chance = Random(chaos.seed)  # noqa: S311 - a run that can be repeated, no secret
        breaker = Breaker(studio, chaos, plan, chance)
        breaker.lay_out()
        studio.start(environment_of)
        breaker.run()
        breaker.wait_for_rest()
        settled = _settle_as_a_person(studio)
        found = _counted(studio)
    kills = dict(sorted(plan.kills().items()))
    return {
        **found,
        "settled_by_a_person": settled,
        "seed": chaos.seed,
        "step_kills": sum(kills.values()),
        **{name: count for name, count in breaker.did.items() if name not in ("armed", "back")},
        "wall_s": round(time.monotonic() - began, 1),
        "kills": kills,
    }


def _settle_as_a_person(studio: ChaosStudio) -> int:
    """Decide, as their people would after a look at fal, on submits without a trace; how many.

    A process that died with its intent written and its POST unsent leaves nothing at fal to find,
    and of a request that fal gave back before it started nothing was made.
    """
    services = studio.services
    traceless = chaos_counts.unknown(record.fates(services.database), studio.simulator.requests())
    for generation_id in traceless:
        with services.database.as_service() as tx:
            person = people.by_id(tx, generations.by_id(tx, generation_id).person_id)
        mark_not_submitted(
            services, person, generation_id, "fal has no such request", confirmed=True
        )
    return len(traceless)


def _counted(studio: ChaosStudio) -> dict[str, Any]:
    markers = studio.simulator.counts()["by_marker"]
    fates = record.fates(studio.services.database)
    found = chaos_counts.compare(fates, studio.simulator.requests(), markers)
    checks = examine(studio.services)
    sick = [f"{c.name}: {problem}" for c in checks if not c.ok for problem in c.problems]
    strays = [p for c in checks if c.warning for p in c.problems if "belongs to no video" in p]
    return {**found, "problems": [*found["problems"], *sick, *strays]}
