"""Owns sandboxes until it is killed: `python killed_owner_program.py LAKE TEAM`.

Prints `pids`, the process that waits for a question and the one that works at a long one.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

from jobs.workbench.limits import Limits
from jobs.workbench.pool import Question, SandboxPool
from storage.warehouse.reader import EVERYTHING, Scope
from tests.integration.workbench.test_pool import LONG

PIDS = "pids"


def main(lake: Path, team: UUID) -> None:
    """Answer one question, begin another, say so, and wait to be killed."""
    pool = SandboxPool(Limits(seconds=600))
    pool.start(Question(lake, EVERYTHING, uuid4(), "select 1")).result()
    while not pool.idle_pids():
        time.sleep(0.01)
    run = pool.start(Question(lake, Scope(team_id=team), uuid4(), LONG))
    while run.working_pid is None:
        time.sleep(0.01)
    sys.stdout.write(f"{PIDS} {pool.idle_pids()[0]} {run.working_pid}\n")
    sys.stdout.flush()
    run.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), UUID(sys.argv[2]))
