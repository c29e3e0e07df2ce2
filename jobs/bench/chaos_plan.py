"""Which process dies where: one file for each kill, taken by renaming it.

A rename is atomic, so of several processes that come to a step at the same moment exactly one dies,
and the folder is the count of what was killed, whatever else was killed meanwhile.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from signal import SIGKILL

from jobs.steps import Step


class KillPlan:
    """The kills of one run, kept in `folder`; every process of the run opens its own."""

    def __init__(self, folder: Path, rounds: int) -> None:
        """Each step is killed `rounds` times."""
        self._rounds = rounds
        self._planned, self._armed, self._done = (
            folder / name for name in ("planned", "armed", "done")
        )

    def lay_out(self, chance: Random) -> list[str]:
        """Plan every kill; their names in the order in which they are to be armed."""
        for folder in (self._planned, self._armed, self._done):
            folder.mkdir(parents=True, exist_ok=True)
        names: list[str] = []
        for turn in range(self._rounds):
            of_turn = [f"{step}.{turn}" for step in Step]
            chance.shuffle(of_turn)
            names += of_turn
        for name in names:
            (self._planned / name).touch()
        return names

    def arm(self, name: str) -> None:
        """From now on the next process to come to that step dies."""
        (self._planned / name).rename(self._armed / name)

    def take(self, step: Step) -> bool:
        """Whether this process is the one to die here."""
        for turn in range(self._rounds):
            name = f"{step}.{turn}"
            with suppress(FileNotFoundError):
                (self._armed / name).rename(self._done / name)
                return True
        return False

    def open(self) -> list[str]:
        """What nobody has died of yet."""
        return sorted(path.name for folder in (self._planned, self._armed) for path in _in(folder))

    def kills(self) -> Counter[str]:
        """How many processes died at each step."""
        return Counter(path.stem for path in _in(self._done))

    def obey(self, step: Step) -> None:
        """Die here when it is this process's turn. The observer of every process of the run."""
        if self.take(step):
            os.kill(os.getpid(), SIGKILL)


def _in(folder: Path) -> list[Path]:
    return list(folder.iterdir())
