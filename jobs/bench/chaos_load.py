"""The process that admits: it stands for the dashboard while everything around it dies."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path
from random import Random
from typing import Self

import structlog

from jobs.admission import admit, stop
from jobs.bench import record
from jobs.bench.chaos_plan import KillPlan
from jobs.bench.request import sample_image
from jobs.bootstrap import Services
from jobs.fal.simulator.faults import FAULTS, Stage
from jobs.requests import read_draft
from storage.errors import StudioError
from storage.models import Person
from storage.records import people

log = structlog.get_logger(__name__)

STOP_WORD = "[stop]"
"""In the prompt of what a person will stop, at a moment that chance chooses."""
_ENDLESS = frozenset({"never_completes", "cancel_ignored"})
_EVERY_SO_MANY_STOPPED = 7
_STOP_CHANCE = 0.3
_MOST = 3
"""Times the number asked for that are admitted at most while a step waits to be come to."""
_SETTINGS = {"resolution": "480p", "duration_s": 2}
FAULT_WORDS = tuple(
    f"[fault:{name}=1]" if name == "slow_answer" else f"[fault:{name}]"
    for name, (stage, _) in FAULTS.items()
    if stage is not Stage.UPLOAD  # those know no prompt; the driver switches them on
)


@dataclass(frozen=True)
class Orders:
    """What a run asks for; its processes read it from a file."""

    generations: int
    pause_s: float
    """Between two admissions of one process."""
    rounds: int

    def keep(self, folder: Path) -> None:
        """Write it down for the processes of the run."""
        (folder / "orders.json").write_text(dumps(asdict(self)))

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The orders of the run in that folder."""
        return cls(**loads((folder / "orders.json").read_text()))


def admit_all(services: Services, orders: Orders, plan: KillPlan) -> None:
    """Admit and stop until it is killed; what it meets it outlives, as a person would."""
    chance, image = Random(os.getpid()), sample_image()  # noqa: S311 - no secret hangs on it
    while True:
        try:
            so_far = record.admitted(services.database)
            _stop_some(services, chance)
            if so_far < orders.generations or (plan.open() and so_far < _MOST * orders.generations):
                asked = {"image": image, "prompt": prompt_of(so_far), **_SETTINGS}
                admit(services, _somebody(services, chance), read_draft(asked))
        except StudioError as exc:
            log.warning("not admitted", error=str(exc))
        time.sleep(orders.pause_s)


def prompt_of(number: int) -> str:
    """Every second one meets a fault, one after the other; some are to be stopped."""
    words = f"The sneaker turns slowly on its stand, take {number}"
    fault = FAULT_WORDS[number // 2 % len(FAULT_WORDS)] if number % 2 else ""
    endless = any(name in fault for name in _ENDLESS)
    stopped = endless or number % _EVERY_SO_MANY_STOPPED == 0
    return " ".join([words, *([fault] if fault else []), *([STOP_WORD] if stopped else [])])


def _somebody(services: Services, chance: Random) -> Person:
    with services.database.as_service() as tx:
        return chance.choice(people.everybody(tx))


def _stop_some(services: Services, chance: Random) -> None:
    for generation_id, person_id in record.to_stop(services.database, f"%{STOP_WORD}%"):
        if chance.random() < _STOP_CHANCE:
            with services.database.as_service() as tx:
                person = people.by_id(tx, person_id)
            stop(services, person, generation_id)
