from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from signal import SIGKILL

import jobs
from jobs.bench.chaos_plan import KillPlan
from jobs.steps import Step

COMES_TO_A_STEP = """
import sys
from pathlib import Path
from jobs.bench.chaos_plan import KillPlan
from jobs.steps import Step, observe, reached
observe(KillPlan(Path(sys.argv[1]), rounds=1).obey)
reached(Step.SUBMIT_SENT)
reached(Step.SUBMIT_ANSWERED)
"""


def test_each_step_is_planned_in_each_round(tmp_path: Path) -> None:
    plan = KillPlan(tmp_path, rounds=2)
    names = plan.lay_out(Random(1))
    assert sorted(names) == sorted(f"{step}.{turn}" for step in Step for turn in range(2))
    assert plan.open() == sorted(names)
    assert not plan.kills()


def test_nobody_dies_of_what_is_not_armed(tmp_path: Path) -> None:
    plan = KillPlan(tmp_path, rounds=1)
    plan.lay_out(Random(1))
    assert not plan.take(Step.SUBMIT_SENT)


def test_of_many_that_come_at_once_one_dies(tmp_path: Path) -> None:
    plan = KillPlan(tmp_path, rounds=1)
    plan.lay_out(Random(1))
    plan.arm("submit-sent.0")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(plan.take, [Step.SUBMIT_SENT] * 64))
    assert taken.count(True) == 1
    assert plan.kills() == {"submit-sent": 1}


def test_a_process_dies_at_its_step_and_nowhere_else(tmp_path: Path) -> None:
    plan = KillPlan(tmp_path, rounds=1)
    plan.lay_out(Random(1))
    plan.arm("submit-answered.0")
    argv = [sys.executable, "-c", COMES_TO_A_STEP, str(tmp_path)]
    died = subprocess.run(argv, check=False, cwd=Path(jobs.__path__[0]).parent)
    assert died.returncode == -SIGKILL
    assert plan.kills() == {"submit-answered": 1}
