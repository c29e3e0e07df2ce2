"""With the guard asleep, engine and kernel still keep files, network and other teams' rows away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from jobs.workbench import sandbox
from jobs.workbench.pool import Question, SandboxPool
from storage.errors import StudioError
from storage.warehouse.reader import Scope
from tests.integration.workbench.attacks import (
    ATTACHES,
    EXTENSIONS,
    FILES,
    NETWORK,
    SETTINGS,
    WRITES,
)
from tests.integration.workbench.conftest import TIGHT
from tests.integration.workbench.test_attacks import lake_digest


@pytest.fixture(scope="module")
def unguarded() -> Iterator[SandboxPool]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "_PROGRAM", Path(__file__).with_name("unguarded_program.py"))
        made = SandboxPool(TIGHT)
        yield made
        made.close()


def answer_of(pool: SandboxPool, lake: Path, team: UUID, sql: str) -> str:
    """The answer as text; nothing for none."""
    try:
        asked = Question(lake, Scope(team_id=team), uuid4(), sql)
        return str(pool.start(asked).result().table.to_pylist())
    except StudioError:
        return ""


@pytest.mark.parametrize("sql", [*FILES, *WRITES, *ATTACHES, *NETWORK, *EXTENSIONS, *SETTINGS])
def test_the_other_fences_hold_alone(
    unguarded: SandboxPool, lake: Path, tmp_path: Path, teams: list[UUID], sql: str
) -> None:
    before = lake_digest(lake)
    file = next(path for path in lake.rglob("*.parquet") if path.parent.name != "teams")
    text = answer_of(unguarded, lake, teams[0], sql.format(lake=lake, file=file, scratch=tmp_path))
    assert "root:" not in text
    assert "PATH=" not in text
    assert not any(str(team) in text for team in teams[1:])
    assert lake_digest(lake) == before
    assert os.listdir(tmp_path) == []


def test_a_manager_can_not_open_the_lake(
    unguarded: SandboxPool, lake: Path, teams: list[UUID]
) -> None:
    for file in sorted(lake.rglob("*.parquet"))[:20]:
        sql = f"select count(*) from read_parquet('{file}')"
        assert answer_of(unguarded, lake, teams[0], sql) == ""


def test_no_setting_opens_a_locked_engine(
    unguarded: SandboxPool, lake: Path, teams: list[UUID]
) -> None:
    for sql in SETTINGS:
        answer_of(unguarded, lake, teams[0], sql.format(lake=lake, scratch="/nowhere"))
    asked = "select value from duckdb_settings() where name in ('lock_configuration', "
    asked += "'enable_external_access') order by name"
    assert answer_of(unguarded, lake, teams[0], asked) == "[{'value': 'false'}, {'value': 'true'}]"
