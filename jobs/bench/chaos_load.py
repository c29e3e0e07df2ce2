"""The process that admits: it stands for the dashboard while everything around it dies."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path
from random import Random
from typing import Self

import structlog

from jobs import exports
from jobs.admission import admit, stop
from jobs.bench import record
from jobs.bench.chaos_plan import KillPlan
from jobs.bench.request import sample_image
from jobs.bootstrap import Services
from jobs.export_names import DEFAULT_TEMPLATE
from jobs.fal.simulator.faults import FAULTS, Stage
from jobs.images import CheckedImage
from jobs.requests import read_draft
from storage.errors import StudioError
from storage.models import RenditionKind
from storage.records import people

log = structlog.get_logger(__name__)

STOP_WORD, STOP_LATER_WORD = "[stop]", "[stop later]"
"""In the prompt of what a person will stop: at any moment, or when fal has it."""
_STOP_CHANCE = 0.6
_WITHOUT_A_FAULT = ("", STOP_LATER_WORD, f"[fault:cancel_ignored] {STOP_LATER_WORD}", STOP_WORD)
_ZIP_CHANCE = 0.02
"""That somebody with videos and no zip under way asks for one, each time around."""
_REST_S = 0.5
_MOST = 3
"""Times the number asked for that are admitted at most while a step waits to be come to."""
_SETTINGS = {"resolution": "480p", "duration_s": 2}
_OTHERWISE_MET = frozenset({"cancel_ignored", "never_completes"})
"""The first goes with a stop. The second, if its submit is lost, is never found: fal's history has
only what has ended."""
FAULT_NAMES = tuple(
    name
    for name, (stage, _) in FAULTS.items()
    # Uploads know no prompt: the driver switches their faults on.
    if stage is not Stage.UPLOAD and name not in _OTHERWISE_MET
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
    chance = Random(os.getpid())  # noqa: S311 - no secret hangs on it
    image = sample_image()
    while True:
        try:
            _stop_some(services, chance)
            if _wants_more(services, orders, plan):
                _zip_some(services, chance)
                _admit(services, chance, image)
            else:
                time.sleep(_REST_S)
        except StudioError as exc:
            log.warning("not admitted", error=str(exc))
        time.sleep(orders.pause_s)


def _wants_more(services: Services, orders: Orders, plan: KillPlan) -> bool:
    """Until there are enough, and then while a kill waits for somebody to come to its step."""
    so_far = record.admitted(services.database)
    return so_far < orders.generations or bool(plan.open() and so_far < _MOST * orders.generations)


def _admit(services: Services, chance: Random, image: CheckedImage) -> None:
    asked = record.faults_asked(services.database)
    prompt = prompt_of(sum(asked.values()), asked)
    with services.database.as_service() as tx:
        person = chance.choice(people.everybody(tx))
    admit(services, person, read_draft({"image": image, "prompt": prompt, **_SETTINGS}))


def prompt_of(number: int, asked: Mapping[str, int]) -> str:
    """Three of four meet the fault that was asked for least; most of the others are stopped."""
    words = f"The sneaker turns slowly on its stand, take {number}"
    if number % 4:
        name = min(FAULT_NAMES, key=lambda fault: asked.get(fault, 0))
        return f"{words} [fault:{name}{'=1' if name == 'slow_answer' else ''}]"
    return f"{words} {_WITHOUT_A_FAULT[number // 4 % len(_WITHOUT_A_FAULT)]}".strip()


def _stop_some(services: Services, chance: Random) -> None:
    for generation_id, person_id in record.to_stop(services.database, STOP_WORD, STOP_LATER_WORD):
        if chance.random() < _STOP_CHANCE:
            with services.database.as_service() as tx:
                person = people.by_id(tx, person_id)
            stop(services, person, generation_id)


def _zip_some(services: Services, chance: Random) -> None:
    for person_id, ids in record.to_export(services.database).items():
        if chance.random() < _ZIP_CHANCE:
            with services.database.as_service() as tx:
                person = people.by_id(tx, person_id)
            exports.request(services, person, ids, RenditionKind.WEB, DEFAULT_TEMPLATE)
