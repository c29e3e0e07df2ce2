"""Writers that hold transactions open across syncs: nothing is lost and nothing is there twice.

Few and always the same interleavings in a usual run; many new ones with
`pytest --hypothesis-profile thorough tests/integration/warehouse/test_late_commits.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from storage.models import Person
from storage.warehouse.syncing import sync
from tests.integration.warehouse.lake_rows import rebuilt, rows_of
from tests.integration.warehouse.writers import Writers, lake

WRITTEN = ("events", "charges", "generation_history", "generations", "sync_marks")
WHAT = ("insert", "update", "delete", "charge", "event", "undo", "commit", "rollback", "sync")
Steps = list[tuple[str, int, int]]

steps = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 3), st.integers(0, 9)), min_size=4, max_size=30
)


@pytest.fixture
def url(database_url: SecretStr, as_owner: Callable[..., list[Any]]) -> SecretStr:
    """A record in which writers of money don't wait for each other: they lock its counters."""
    as_owner("alter table studio.charges disable trigger charges_counted")
    return database_url


def play(url: SecretStr, person: Person, folder: Path, plan: Steps) -> None:
    """Take the steps; after each sync the lake has exactly what is committed."""
    with Writers(url, person) as writers:
        for what, who, place in plan:
            if what != "sync":
                writers.act(what, who, place)
                continue
            sync(url, folder / "lake")
            assert_equal(folder / "lake", writers)
        writers.commit_all()
        sync(url, folder / "lake")
        assert_equal(folder / "lake", writers)
    assert rows_of(folder / "lake") == rebuilt(url, folder / "other")


def assert_equal(folder: Path, writers: Writers) -> None:
    for name, rows in lake(folder).items():
        assert len(rows) == len(set(rows)), f"{name} has rows twice"
        assert set(rows) == writers.record()[name], name


LATE: Steps = [
    ("insert", 0, 0), ("sync", 0, 0), ("insert", 1, 0), ("event", 1, 0), ("commit", 1, 0),
    ("sync", 0, 0), ("insert", 2, 0), ("charge", 2, 0), ("commit", 2, 0), ("sync", 0, 0),
    ("commit", 0, 0), ("sync", 0, 0), ("update", 3, 0), ("sync", 0, 0), ("delete", 1, 1),
    ("sync", 0, 0), ("commit", 3, 0), ("sync", 0, 0), ("commit", 1, 0),
]  # fmt: skip
"""The one that loses rows when a sync goes by times: the oldest transaction commits last."""


QUICK = settings(
    max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
THOROUGH = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.timeout(3600)
def test_no_interleaving_of_writers_and_syncs_loses_or_doubles_a_row(
    url: SecretStr, person: Person, as_owner: Callable[..., list[Any]]
) -> None:
    @example(LATE)
    @(THOROUGH if settings.get_current_profile_name() == "thorough" else QUICK)
    @given(steps)
    def every_plan(plan: Steps) -> None:
        for table in WRITTEN:
            as_owner(f"delete from studio.{table}", triggers=False)
        with tempfile.TemporaryDirectory() as folder:
            play(url, person, Path(folder), plan)

    every_plan()


def test_a_transaction_that_stays_open_holds_nothing_back(
    url: SecretStr, person: Person, tmp_path: Path
) -> None:
    with Writers(url, person) as writers:
        writers.insert(0)
        first = sync(url, tmp_path).manifest
        for _ in range(3):
            writers.insert(1)
            writers.commit(1)
            assert_equal_after(url, tmp_path, writers)
        again = sync(url, tmp_path)
        assert again.manifest.watermark == first.watermark  # So far back are rows read again,
        assert again.rows == 0  # and none is written again.
        assert again.manifest.files() == sync(url, tmp_path).manifest.files()
        writers.commit(0)
        assert_equal_after(url, tmp_path, writers)


def assert_equal_after(url: SecretStr, folder: Path, writers: Writers) -> None:
    sync(url, folder)
    assert_equal(folder, writers)
