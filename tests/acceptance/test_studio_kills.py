"""Whatever is killed, whenever: the video comes, is paid for once, and nothing is left behind."""

import os
import signal
from itertools import count
from uuid import UUID

import httpx
import pytest

from storage.embedded.processes import wait_until
from tests.acceptance.running_studio import FINAL, ROLES, Studio, slowly

AT_FAL = {"waiting", "running", "collecting"} | FINAL
WITHIN_S = 90
_seeds = count(880_001)


def kill(studio: Studio, role: str) -> None:
    """Kill -9 this child of `studio up` and wait for the one that takes its place."""
    before = studio.child(role)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)

    def replaced() -> bool:
        now = studio.child(role)
        return now is not None and now.pid != before.pid

    assert wait_until(slowly(replaced), WITHIN_S), role


def is_healthy(studio: Studio) -> bool:
    try:
        return httpx.get(f"{studio.url}/health", timeout=10, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def has_completed(studio: Studio, generation: str, seed: int) -> None:
    """One video, one POST, one charge, nothing held."""
    assert studio.wait_for(generation, {"completed"}, WITHIN_S) == "completed"
    assert studio.simulator.counts()["by_marker"][f"seed:{seed}"] == {"posted": 1, "booked": 1}
    query = (
        "select (select count(*) from studio.attempts where generation_id = g.id), "
        "(select count(*) from studio.charges where generation_id = g.id) "
        "from studio.generations as g where g.id = %s"
    )
    assert studio.ask(query, UUID(generation)) == [(1, 1)]


def is_well(studio: Studio) -> None:
    """The dashboard answers and every check of the doctor passes."""
    assert wait_until(slowly(lambda: is_healthy(studio), 0.5), WITHIN_S)
    assert wait_until(slowly(lambda: studio.run("doctor").code == 0, 1.0), WITHIN_S), studio.run(
        "doctor"
    ).out


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_child_is_started_again_and_the_video_comes_once(
    studio: Studio, role: str
) -> None:
    seed = next(_seeds)
    generation = studio.generate("--seed", str(seed)).json["id"]
    studio.wait_for(generation, AT_FAL)
    kill(studio, role)
    has_completed(studio, generation, seed)
    is_well(studio)
