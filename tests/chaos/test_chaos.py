"""Everything dies, once at each named step and at random; the books and fal must agree after it.

The same run at any length: `studio bench lifecycle --chaos --generations N --seed S`.
"""

from __future__ import annotations

import pytest

from dashboard.cli.processes import environment_of
from jobs.bench.chaos import Chaos, run_chaos
from jobs.bench.chaos_load import FAULT_NAMES
from jobs.bench.isolation import isolated_folder
from jobs.steps import Step

GENERATIONS = 200


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    """What one run left behind. Its seed decides what dies when; it stands in the counts."""
    chaos = Chaos(GENERATIONS, seed=20260701, seconds=16.0, outage_s=2.0)
    with isolated_folder() as folder:
        return run_chaos(folder, chaos, environment_of)


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("chaos")
def test_nothing_is_lost_doubled_or_left_held_whatever_dies(found: dict[str, object]) -> None:
    assert found["problems"] == []
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert int(str(found["generations"])) >= GENERATIONS
    given_back = int(str(found["given_back_unseen"]))
    assert int(str(found["booked"])) - given_back == found["attempts_booked"]
    assert found["open_holds"] == found["unknown"] == 0
    assert int(str(found["completed"])) > GENERATIONS // 4


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("chaos")
def test_a_process_died_at_every_step_and_every_fault_was_met(found: dict[str, object]) -> None:
    assert found["kills"] == {str(step): 1 for step in sorted(Step)}
    assert set(FAULT_NAMES) | {"cancel_ignored"} == set(found["faults"])  # type: ignore[call-overload]
    for happened in ("redis_flushes", "redis_restarts", "redis_outages"):
        assert found[happened] == 1, happened
    assert found["postgres_restarts"] == found["simulator_restarts"] == 1
