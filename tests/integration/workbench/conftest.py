"""A lake that no test changes, and sandboxes over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from jobs.demo import write_demo
from jobs.workbench.limits import Limits
from jobs.workbench.pool import Question, SandboxPool
from jobs.workbench.sandbox import Answer
from storage.sqlfiles import Query
from storage.warehouse.reader import EVERYTHING, Scope, WarehouseReader

TIGHT = Limits(seconds=2, rows=1000, answer_mb=4, memory_mb=256, address_mb=2048, disk_mb=64)
"""Bombs go off quickly under these; what is refused is refused under any."""
Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up history of ten teams."""
    folder = tmp_path_factory.mktemp("workbench") / "lake"
    now = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
    write_demo(folder, generations=2000, months=2, seed=1, now=now)
    return folder


@pytest.fixture(scope="session")
def pool() -> Iterator[SandboxPool]:
    """Sandboxes that tests share, so that each shows that the one before did no harm."""
    made = SandboxPool(TIGHT)
    yield made
    made.close()


@pytest.fixture(scope="session")
def teams(lake: Path) -> list[UUID]:
    """Teams with generations, by name of the id."""
    reader = WarehouseReader(lake)
    query = Query("teams", "", "select distinct team_id from generations order by 1")
    return [row["team_id"] for row in reader.rows(query, EVERYTHING)]


@pytest.fixture
def ask(lake: Path, pool: SandboxPool) -> Ask:
    """The answer to a question of an analyst, or of a manager of a team."""

    def run(sql: str, team: UUID | None = None, **parameters: object) -> Answer:
        question = Question(lake, Scope(team_id=team), uuid4(), sql, dict(parameters))
        return pool.start(question).result()

    return run
