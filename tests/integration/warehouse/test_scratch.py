"""The database in which passes work."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.warehouse import scratch as module
from storage.warehouse.scratch import SCRATCH, Scratch


@pytest.fixture
def scratch() -> Scratch:
    return Scratch()


def is_kept(scratch: Scratch, folder: Path, *, whole: bool = False) -> bool:
    """Whether the next pass finds what the last one has left."""
    with scratch.working(folder, whole=whole) as engine:
        [(found,)] = engine.execute(
            "select count(*) from duckdb_tables() where table_name = 'left_over'"
        ).fetchall()
        engine.execute("create or replace table left_over as select 1 as n")
    return bool(found)


def test_a_small_pass_leaves_its_database_to_the_next(scratch: Scratch, tmp_path: Path) -> None:
    assert [is_kept(scratch, tmp_path) for _ in range(3)] == [False, True, True]
    scratch.close()
    assert not (tmp_path / SCRATCH).exists()
    assert not is_kept(scratch, tmp_path)


def test_another_lake_and_a_whole_copy_have_one_of_their_own(
    scratch: Scratch, tmp_path: Path
) -> None:
    assert not is_kept(scratch, tmp_path / "one")
    assert not is_kept(scratch, tmp_path / "two")
    assert not is_kept(scratch, tmp_path / "two", whole=True)
    assert not is_kept(scratch, tmp_path / "two")


def test_a_pass_that_fails_or_holds_much_leaves_nothing(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_kept(scratch, tmp_path)
    with pytest.raises(ZeroDivisionError), scratch.working(tmp_path, whole=False):
        raise ZeroDivisionError
    assert not is_kept(scratch, tmp_path)
    monkeypatch.setattr(module, "MOST_KEPT_BYTES", 0)
    assert is_kept(scratch, tmp_path)
    assert not is_kept(scratch, tmp_path)


def test_a_pass_finds_the_settings_that_the_first_one_found(
    scratch: Scratch, tmp_path: Path
) -> None:
    asked = "select current_setting('threads')"
    with scratch.working(tmp_path, whole=False) as engine:
        first = engine.execute(asked).fetchall()
        engine.execute("set threads = 1")
    with scratch.working(tmp_path, whole=False) as engine:
        assert engine.execute(asked).fetchall() == first
