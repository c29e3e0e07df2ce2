"""Sandboxes at work: few at once, stopped at once, replaced with the lake."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from jobs.demo import write_demo
from jobs.errors import QueryCrashed, QueryStopped, WorkbenchBusy
from jobs.workbench.limits import LIMITS, limits_of
from jobs.workbench.pool import Question, Run, SandboxPool
from storage.errors import WarehouseMissing
from storage.settings import load_settings
from storage.warehouse.reader import EVERYTHING, Scope
from tests.integration.workbench.conftest import TIGHT

LONG = "select count(*) from range(10000000) a, range(10000000) b where (a.range * b.range) % 7 = 3"
SLOW = replace(TIGHT, seconds=60, wait_s=0.01)
Start = Callable[..., Run]


@pytest.fixture
def sandboxes() -> Iterator[SandboxPool]:
    made = SandboxPool(SLOW)
    yield made
    made.close()


@pytest.fixture
def start(sandboxes: SandboxPool, lake: Path) -> Start:
    def run(sql: str = LONG, person: UUID | None = None, folder: Path | None = None) -> Run:
        asked = Question(folder or lake, EVERYTHING, person or uuid4(), sql)
        return sandboxes.start(asked)

    return run


def wait_until(condition: Callable[[], object]) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("It did not come to that.")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_question_that_is_stopped_ends_and_the_next_is_answered(start: Start) -> None:
    person = uuid4()
    run = start(person=person)
    wait_until(lambda: run.working_pid)
    run.stop()
    with pytest.raises(QueryStopped):
        run.result()
    assert start("select 1", person).result().table.num_rows == 1


def test_a_question_stopped_before_it_begins_is_not_run(start: Start) -> None:
    run = start()
    run.stop()
    with pytest.raises(QueryStopped):
        run.result()


def test_one_person_has_one_question(start: Start) -> None:
    person = uuid4()
    run = start(person=person)
    with pytest.raises(WorkbenchBusy, match="still running"):
        start("select 1", person)
    run.stop()


def test_no_more_questions_run_than_are_let_in(start: Start) -> None:
    runs = [start() for _ in range(SLOW.at_once)]
    wait_until(lambda: all(run.working_pid for run in runs))
    with pytest.raises(WorkbenchBusy, match=f"{SLOW.at_once} may at once"):
        start("select 1").result()
    for run in runs:
        run.stop()
        run.wait()
    assert start("select 1").result().table.num_rows == 1


def test_a_process_that_dies_is_replaced(start: Start) -> None:
    run = start()
    wait_until(lambda: run.working_pid)
    os.kill(run.working_pid or 0, 9)
    with pytest.raises(QueryCrashed):
        run.result()
    assert start("select 1").result().table.num_rows == 1


def test_a_process_answers_again_and_goes_with_the_pool(
    start: Start, sandboxes: SandboxPool
) -> None:
    start("select 1").result()
    wait_until(sandboxes.idle_pids)
    first = sandboxes.idle_pids()
    start("select 2").result()
    wait_until(sandboxes.idle_pids)
    assert sandboxes.idle_pids() == first
    sandboxes.close()
    wait_until(lambda: all(map(gone, first)))


@pytest.fixture
def eager() -> Iterator[SandboxPool]:
    made = SandboxPool(replace(SLOW, fresh_s=0))
    yield made
    made.close()


def test_a_new_state_of_the_lake_is_asked(tmp_path: Path, eager: SandboxPool) -> None:
    folder, now = tmp_path / "lake", datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
    count = "select count(*) as n from generations"
    for generations in (200, 300):
        write_demo(folder, generations=generations, months=1, seed=1, now=now)
        asked = Question(folder, EVERYTHING, uuid4(), count)
        assert eager.start(asked).result().table.to_pylist() == [{"n": generations}]


def test_without_a_lake_there_is_nothing_to_ask(start: Start, tmp_path: Path) -> None:
    with pytest.raises(WarehouseMissing):
        start("select 1", folder=tmp_path).result()


def test_a_closed_pool_leaves_no_copies(lake: Path, teams: list[UUID], tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pool = SandboxPool(SLOW)
    pool.start(Question(lake, Scope(team_id=teams[0]), uuid4(), "select 1")).result()
    assert os.listdir(tmp_path)
    wait_until(pool.idle_pids)
    pool.close()
    assert os.listdir(tmp_path) == []


def test_whoever_waits_is_told_after_the_end_was_noted(sandboxes: SandboxPool, lake: Path) -> None:
    noted: list[Run] = []
    asked = Question(lake, EVERYTHING, uuid4(), "select 1")
    run = sandboxes.start(asked, noted.append)
    assert run.result().table.num_rows == 1
    assert noted == [run]


def test_an_operator_chooses_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"SECONDS": 90, "ROWS": 500, "MEMORY_MB": 1024, "DISK_MB": 99, "AT_ONCE": 4}
    assert limits_of(load_settings()) == LIMITS
    for name, value in chosen.items():
        monkeypatch.setenv(f"STUDIO_WORKBENCH_{name}", str(value))
    found = limits_of(load_settings())
    assert (found.seconds, found.rows, found.memory_mb) == (90, 500, 1024)
    assert (found.disk_mb, found.at_once) == (99, 4)
    assert found.address_mb - found.memory_mb == LIMITS.address_mb - LIMITS.memory_mb


def test_lists_and_structs_are_answered_as_text_from_the_first_question_on(start: Start) -> None:
    for _ in range(2):
        answer = start("select [1.5, 2] as l, {'a': 1} as s, interval 1 day, [1] as l").result()
        assert [*answer.table.to_pylist()[0].values()] == ["[1.5, 2.0]", "{'a': 1}", "1 day", "[1]"]
        assert answer.table.column_names[0] == "l"


@pytest.mark.parametrize("at_work", ["warm", "start"])
def test_a_pool_that_closes_at_work_leaves_nothing(
    lake: Path, teams: list[UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_work: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pool, scope = SandboxPool(SLOW), Scope(team_id=teams[0])
    if at_work == "warm":
        pool.warm(lake, scope)
    else:
        pool.start(Question(lake, scope, uuid4(), "select 1"))
    wait_until(lambda: list(tmp_path.rglob("*.parquet")))
    pool.close()
    workers = [one for one in threading.enumerate() if one.name == "workbench"]
    wait_until(lambda: not any(one.is_alive() for one in workers))
    assert os.listdir(tmp_path) == []
