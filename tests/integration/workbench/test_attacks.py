"""Every attack is refused or cut off, and the next question is answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pyarrow.parquet as parquet
import pytest

from jobs.errors import QueryFailed, QueryRefused, QueryTooLarge, QueryTooLong, WorkbenchError
from jobs.workbench.pool import Question, SandboxPool
from storage.warehouse.manifest import read_manifest
from storage.warehouse.reader import EVERYTHING, Scope
from storage.warehouse.relations import marts, rollups, staged
from storage.warehouse.snapshots import Snapshots
from tests.integration.workbench.attacks import BOMBS, OUTPUTS, REFUSED
from tests.integration.workbench.conftest import TIGHT, Ask


@pytest.fixture
def filled(lake: Path, tmp_path: Path) -> Callable[[str], str]:
    """An attack with this machine's paths in it."""

    def run(sql: str) -> str:
        file = next(lake.rglob("*.parquet"))
        return sql.format(lake=lake, file=file, scratch=tmp_path)

    return run


def lake_digest(lake: Path) -> str:
    found = sha256()
    for path in sorted(lake.rglob("*")):
        found.update(str(path).encode() + (path.read_bytes() if path.is_file() else b""))
    return found.hexdigest()


def still_answers(ask: Ask) -> bool:
    return bool(ask("select count(*) as n from generations").table.to_pylist() == [{"n": 2000}])


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_question_is_refused(
    ask: Ask, filled: Callable[[str], str], lake: Path, tmp_path: Path, sql: str
) -> None:
    before = lake_digest(lake)
    with pytest.raises(QueryRefused) as refused:
        ask(filled(sql))
    assert refused.value.happened
    assert still_answers(ask)
    assert lake_digest(lake) == before
    assert os.listdir(tmp_path) == []


@pytest.fixture(scope="module")
def patient() -> Iterator[SandboxPool]:
    """Whose clock strikes late on a busy machine too, so that the other limits are hit."""
    made = SandboxPool(replace(TIGHT, seconds=60))
    yield made
    made.close()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_cut_off(ask: Ask, name: str) -> None:
    with pytest.raises((QueryTooLong, QueryTooLarge)):
        ask(BOMBS[name])
    assert still_answers(ask)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("memory, by a list", "more than 256 MB of memory"),
        ("disk, by sorting", "more than 64 MB on disk"),
        ("size, by one text", "One row is larger than 4 MB"),
    ],
)
def test_a_limit_says_which_it_is(lake: Path, patient: SandboxPool, name: str, words: str) -> None:
    with pytest.raises(WorkbenchError) as cut:
        patient.start(Question(lake, EVERYTHING, uuid4(), BOMBS[name])).result()
    assert words in cut.value.happened
    assert cut.value.todo


@pytest.mark.parametrize("how", ["explain", "explain analyze"])
def test_a_plan_does_not_say_where_files_lie(
    ask: Ask, lake: Path, teams: list[UUID], how: str
) -> None:
    for team in (None, teams[0]):
        plan = str(ask(f"{how} select count(*) from generations", team).table.to_pylist())
        assert "READ_PARQUET" in plan.upper()
        assert str(lake) not in plan
        assert "studio-workbench" not in plan


@pytest.mark.parametrize("name", OUTPUTS)
def test_too_large_an_answer_is_cut_to_its_beginning(ask: Ask, name: str) -> None:
    answer = ask(OUTPUTS[name])
    assert answer.cut in ("rows", "bytes")
    assert 0 < answer.table.num_rows <= TIGHT.rows
    assert answer.table.nbytes <= TIGHT.answer_mb * 1024 * 1024
    assert still_answers(ask)


def test_a_manager_finds_the_rows_of_the_team_and_no_others(ask: Ask, teams: list[UUID]) -> None:
    mine = str(teams[0])
    known = {**staged(), **marts(), **rollups()}
    for table in [name for name, relation in known.items() if "team_id" in relation.columns]:
        found = ask(f"select distinct team_id::text as t from {table}", team=teams[0])
        assert {row["t"] for row in found.table.to_pylist()} <= {mine}, table
    assert ask("select id::text as t from teams", team=teams[0]).table.to_pylist() == [{"t": mine}]


def test_a_managers_snapshot_holds_no_row_of_another_team(
    lake: Path, teams: list[UUID], tmp_path: Path
) -> None:
    manifest = read_manifest(lake)
    assert manifest is not None
    snapshot = Snapshots().take(lake, manifest, Scope(team_id=teams[0]), tmp_path)
    try:
        assert not any(Path(path).is_relative_to(lake) for path in snapshot.files)
        for path in snapshot.files:
            names = parquet.read_schema(path).names
            column = "team_id" if "team_id" in names else "id"
            assert column == "team_id" or "/teams/" in path
            found = parquet.read_table(path, columns=[column]).column(0)
            assert {str(one) for one in found.to_pylist()} <= {str(teams[0])}
    finally:
        snapshot.remove()
    assert not snapshot.folder.exists()


@pytest.mark.parametrize(
    "sql", ["select 1 as a -- {lake}", "select ';' as a", "select 'drop table x' as a"]
)
def test_harmless_words_are_no_attack(ask: Ask, sql: str) -> None:
    assert ask(sql).table.num_rows == 1


def test_errors_tell_no_path_of_this_machine(ask: Ask, lake: Path) -> None:
    for sql in ("select nothing from generations", "select 1 +", "select cast('x' as integer)"):
        with pytest.raises((QueryFailed, QueryRefused)) as failed:
            ask(sql)
        assert str(lake) not in failed.value.happened


def test_a_sandbox_knows_nothing_of_our_environment(
    pool: SandboxPool, lake: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_SECRET", "x")
    pids = pool.idle_pids()
    assert ask("select 1").table.num_rows == 1
    for pid in {*pids, *pool.idle_pids()}:
        assert b"STUDIO" not in Path(f"/proc/{pid}/environ").read_bytes()
