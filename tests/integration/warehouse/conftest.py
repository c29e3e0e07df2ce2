"""A lake of the test's own over the test's own record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from jobs.demo import write_demo
from storage.warehouse.pulling import Line
from storage.warehouse.syncing import Pass, sync

Sync = Callable[..., Pass]

hypothesis_settings.register_profile("thorough")

DEMO_GENERATIONS = 2000
DEMO_NOW = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)


@pytest.fixture
def lake_folder(tmp_path: Path) -> Path:
    """Where the lake is."""
    return tmp_path / "lake"


@pytest.fixture
def synced(database_url: SecretStr, lake_folder: Path) -> Iterator[Sync]:
    """Brings the lake up to the record: `synced()`, `synced(corrections=True)`.

    All of a test's syncs read over one line, as those of a studio at work do.
    """
    with closing(Line(database_url)) as line:

        def run(**how: object) -> Pass:
            return sync(database_url, lake_folder, **{"line": line, **how})  # type: ignore[arg-type]

        yield run


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo lake that no test changes."""
    folder = tmp_path_factory.mktemp("demo") / "lake"
    write_demo(folder, generations=DEMO_GENERATIONS, months=3, seed=1, now=DEMO_NOW)
    return folder
