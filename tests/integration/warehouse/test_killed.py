"""A sync that is killed with `kill -9` leaves the lake as it was or as it will be, not between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from storage.models import Person
from storage.postgres import Database
from storage.records import events
from storage.warehouse.lake import Lake
from storage.warehouse.scratch import SCRATCH
from tests.integration.record.record_rows import add_complete, add_held
from tests.integration.warehouse.conftest import Sync
from tests.integration.warehouse.lake_rows import rebuilt, rows_of

PROGRAM = "tests.integration.warehouse.killed_sync_program"
ROOT = Path(__file__).parents[3]
POINTS = ["pulled", "file 1", "torn 1", "file 3", "file 7", "torn 9", "file 12", "unnamed"]


@pytest.fixture(scope="module")
def killing() -> Iterator[subprocess.Popen[str]]:
    """A process that forks for each sync that is to be killed."""
    command = [sys.executable, "-m", PROGRAM]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield process


@pytest.fixture
def killed_sync(
    killing: subprocess.Popen[str], database_url: SecretStr, lake_folder: Path
) -> Callable[[str], None]:
    """Starts a sync of the test's lake, which comes to this point and is killed there."""

    def run(point: str) -> None:
        order = {"url": database_url.get_secret_value(), "folder": str(lake_folder)}
        assert killing.stdin is not None
        assert killing.stdout is not None
        killing.stdin.write(json.dumps({**order, "point": point}) + "\n")
        killing.stdin.flush()
        code = int(killing.stdout.readline())
        assert code == -signal.SIGKILL, "it did not come to the point"

    return run


def write(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        add_held(tx, person)
        done = add_complete(tx, person)
        events.add(tx, "viewed", person_id=person.id, generation_id=done)


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}


def assert_recovers(url: SecretStr, folder: Path, synced: Sync, other: Path) -> None:
    """The next pass makes good what is missing, and nothing stays of what was killed."""
    synced()
    assert rows_of(folder) == rebuilt(url, other)
    lake = Lake(folder)
    lake.collect_garbage(grace_s=-1)
    manifest = lake.manifest()
    assert manifest is not None
    assert files_of(folder) == manifest.files()
    assert list((folder / SCRATCH).glob("*")) == []


@pytest.mark.parametrize("point", POINTS)
def test_readers_have_the_old_state_until_the_rename(
    database: Database,
    database_url: SecretStr,
    person: Person,
    synced: Sync,
    killed_sync: Callable[[str], None],
    lake_folder: Path,
    tmp_path: Path,
    point: str,
) -> None:
    write(database, person)
    synced()
    before = rows_of(lake_folder)
    write(database, person)
    killed_sync(point)
    assert rows_of(lake_folder) == before
    assert_recovers(database_url, lake_folder, synced, tmp_path / "other")


def test_after_the_rename_readers_have_the_new_state(
    database: Database,
    database_url: SecretStr,
    person: Person,
    synced: Sync,
    killed_sync: Callable[[str], None],
    lake_folder: Path,
    tmp_path: Path,
) -> None:
    synced()
    write(database, person)
    killed_sync("published")
    assert rows_of(lake_folder) == rebuilt(database_url, tmp_path / "another")
    assert_recovers(database_url, lake_folder, synced, tmp_path / "other")


@pytest.mark.parametrize("point", ["pulled", "torn 2", "file 9", "unnamed"])
def test_a_first_copy_that_is_killed_is_no_lake(
    database: Database,
    database_url: SecretStr,
    person: Person,
    synced: Sync,
    killed_sync: Callable[[str], None],
    lake_folder: Path,
    tmp_path: Path,
    point: str,
) -> None:
    write(database, person)
    killed_sync(point)
    assert Lake(lake_folder).manifest() is None
    assert_recovers(database_url, lake_folder, synced, tmp_path / "other")
