"""The queue's order, and what a kill and a restart leave as it was."""

from __future__ import annotations

from pathlib import Path

from tests.integration.simulator_calls import calling

SLOW = "[fault:never_completes]"


def test_no_more_than_the_allowance_run_at_once(tmp_path: Path) -> None:
    with calling(tmp_path, seconds=0, concurrency=2) as fal:
        running = [fal.accepted(prompt=SLOW) for _ in range(2)]
        waiting = [fal.accepted(prompt=SLOW) for _ in range(3)]
        for accepted in running:
            fal.until(accepted, "IN_PROGRESS")
        positions = [fal.until(w, "IN_QUEUE")["queue_position"] for w in waiting]
        assert positions == [0, 1, 2]


def test_a_cancel_lets_the_next_in_the_queue_start(tmp_path: Path) -> None:
    with calling(tmp_path, seconds=0, concurrency=1) as fal:
        first, second, third = [fal.accepted(prompt=SLOW) for _ in range(3)]
        fal.until(first, "IN_PROGRESS")
        assert fal.http.put(second["cancel_url"]).status_code == 202
        assert fal.until(third, "IN_QUEUE")["queue_position"] == 0
        fal.http.put(first["cancel_url"])
        fal.until(third, "IN_PROGRESS")
        assert fal.until(second, "COMPLETED")["error_type"] == "client_cancelled"
        assert fal.simulator.counts()["cancelled"] == 2


def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    with calling(tmp_path, seconds=0, concurrency=2) as fal:
        done = fal.accepted(seed=5)
        fal.until(done, "COMPLETED")
        before = fal.http.get(done["response_url"])
        running, waiting = fal.accepted(prompt=SLOW), [fal.accepted(prompt=SLOW) for _ in "ab"]
        fal.simulator.set_fault("http_429", count=3)
        keys = fal.http.get("/.well-known/jwks.json").json()
        counts, pid = fal.simulator.counts(), fal.simulator.pid
        fal.simulator.restart()
        assert (fal.simulator.pid != pid, fal.simulator.counts()) == (True, counts)
        assert fal.http.get("/.well-known/jwks.json").json() == keys
        after = fal.http.get(done["response_url"])
        assert (after.json(), after.headers["x-fal-billable-units"]) == (
            before.json(),
            before.headers["x-fal-billable-units"],
        )
        assert fal.until(running, "IN_PROGRESS")["request_id"] == running["request_id"]
        assert fal.until(waiting[1], "IN_QUEUE")["queue_position"] == 0
        assert fal.http.put(running["cancel_url"]).status_code == 202
        fal.until(waiting[1], "IN_PROGRESS")
        assert fal.submit().status_code == 429


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    with calling(tmp_path) as fal:
        process = fal.simulator._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def test_it_ends_in_good_order_on_sigterm(tmp_path: Path) -> None:
    with calling(tmp_path) as fal:
        process = fal.simulator._process
        fal.accepted(prompt=SLOW)
    assert process is not None
    assert process.returncode == 0
    assert (tmp_path / "simulator.log").read_text() == ""
