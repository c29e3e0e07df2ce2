"""Writers that hold transactions open across syncs: nothing is lost and nothing is there twice.

Few and always the same interleavings in a usual run; thousands of new ones, in minutes, with
`pytest -n0 --hypothesis-profile thorough tests/integration/warehouse/test_late_commits.py`. All of
them follow each other in one record and one lake, which so grows old as well.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from storage.models import Person
from storage.warehouse.pulling import Line
from storage.warehouse.syncing import sync
from tests.integration.warehouse.lake_rows import rebuilt, rows_of
from tests.integration.warehouse.writers import Writers, lake

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


def play(folder: Path, writers: Writers, line: Line, plan: Steps) -> None:
    """Take the steps; after each sync the lake has exactly what is committed."""
    for what, who, place in plan:
        if what != "sync":
            writers.act(what, who, place)
            continue
        sync(writers.url, folder, line=line)
        assert_equal(folder, writers)
    writers.commit_all()
    sync(writers.url, folder, line=line)
    assert_equal(folder, writers)


def assert_equal(folder: Path, writers: Writers) -> None:
    record = writers.record()
    for name, rows in lake(folder).items():
        assert len(rows) == len(set(rows)), f"{name} has rows twice"
        assert set(rows) == record[name], name


LATE: Steps = [
    ("insert", 0, 0), ("sync", 0, 0), ("insert", 1, 0), ("event", 1, 0), ("commit", 1, 0),
    ("sync", 0, 0), ("insert", 2, 0), ("charge", 2, 0), ("commit", 2, 0), ("sync", 0, 0),
    ("commit", 0, 0), ("sync", 0, 0), ("update", 3, 0), ("sync", 0, 0), ("delete", 1, 1),
    ("sync", 0, 0), ("commit", 3, 0), ("sync", 0, 0), ("commit", 1, 0),
]  # fmt: skip
"""The one that loses rows when a sync goes by times: the oldest transaction commits last."""


QUICK = settings(
    max_examples=6, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
THOROUGH = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.timeout(3600)
def test_no_interleaving_of_writers_and_syncs_loses_or_doubles_a_row(
    url: SecretStr, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thorough = settings.get_current_profile_name() == "thorough"
    if thorough:
        # Roll-ups are made of the rows that this is about, and take half of the time.
        monkeypatch.setattr("storage.warehouse.writing.rollups", dict)
    monkeypatch.setattr("storage.warehouse.pulling.MANY", 0)  # As when much has changed.
    line, folder = Line(url), tmp_path / "lake"
    with Writers(url, person) as writers:

        @example(LATE)
        @(THOROUGH if thorough else QUICK)
        @given(steps)
        def every_plan(plan: Steps) -> None:
            writers.start_over()
            play(folder, writers, line, plan)

        every_plan()
    line.close()
    if not thorough:
        assert rows_of(folder) == rebuilt(url, tmp_path / "other")


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
