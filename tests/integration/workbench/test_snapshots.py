"""A manager's snapshot: the rows of their team, copied once for each file of the lake."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import pytest

from storage.sqlfiles import Query
from storage.warehouse.manifest import read_manifest
from storage.warehouse.reader import EVERYTHING, Scope, WarehouseReader
from storage.warehouse.snapshots import MOST_COPIED, Snapshot, Snapshots
from tests.integration.warehouse.small_lake import TEAM, Made, SmallLake, made_on

DAYS = [date(2026, 11, day) for day in (25, 26, 27)]
OURS = Scope(team_id=TEAM)


@pytest.fixture
def small(lake: Path, tmp_path: Path) -> SmallLake:
    made = SmallLake(tmp_path / "lake", lake)
    made.publish(made_on(DAYS))
    return made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def taken(snapshots: Snapshots, small: SmallLake, place: Path, scope: Scope = OURS) -> Snapshot:
    manifest = small.lake.manifest()
    assert manifest is not None
    return snapshots.take(small.lake.folder, manifest, scope, place)


def spent(snapshot: Snapshot) -> Decimal:
    """What the snapshot's own views add up to."""
    with duckdb.connect() as engine:
        for name, text in snapshot.views:
            engine.execute(f'create view "{name}" as {text}')
        found = engine.execute("select sum(charge_usd) from generations").fetchone()
    assert found is not None
    return Decimal(found[0] or 0)


def inodes(snapshot: Snapshot) -> set[int]:
    return {os.stat(path).st_ino for path in snapshot.files}


def test_only_files_that_were_touched_are_copied_again(small: SmallLake, place: Path) -> None:
    snapshots = Snapshots()
    first = taken(snapshots, small, place)
    again = taken(snapshots, small, place)
    assert inodes(again) == inodes(first)
    small.publish({1: Made(DAYS[0], Decimal(5))})
    after = taken(snapshots, small, place)
    assert spent(after) == 7
    untouched = {path for path in after.files if f"/{DAYS[2]}/" in path}
    assert untouched
    assert {os.stat(path).st_ino for path in untouched} <= inodes(first)


def test_a_snapshot_keeps_what_it_was_taken_of(small: SmallLake, place: Path) -> None:
    snapshots = Snapshots()
    first = taken(snapshots, small, place)
    small.publish({1: None, 2: None})
    assert spent(taken(snapshots, small, place)) == 1
    assert spent(first) == 3


def test_rows_that_were_struck_out_of_a_file_are_not_in_its_next_copy(
    small: SmallLake, place: Path
) -> None:
    snapshots = Snapshots()
    small.publish({number: Made(DAYS[0]) for number in range(4, 8)})
    assert spent(taken(snapshots, small, place)) == 7
    for usd in (5, 6):
        manifest = small.publish({4 + usd % 2: Made(DAYS[0], Decimal(usd))})
        assert any(file.struck for file in manifest.relations["generations"])
        assert spent(taken(snapshots, small, place)) == 7 + (4 if usd == 5 else 9)


def test_copies_that_no_lake_names_are_removed(small: SmallLake, place: Path) -> None:
    snapshots = Snapshots()
    for usd in range(1, 5):
        small.publish({1: Made(DAYS[0], Decimal(usd))})
        taken(snapshots, small, place).remove()
    manifest = small.lake.manifest()
    assert manifest is not None
    left = {path.name for path in place.rglob("*.parquet")}
    assert left <= {Path(name).name for name in manifest.files()}


def test_copies_that_were_tidied_away_are_made_again(small: SmallLake, place: Path) -> None:
    snapshots = Snapshots()
    taken(snapshots, small, place).remove()
    next(place.rglob("generations/**/*.parquet")).unlink()
    assert spent(taken(snapshots, small, place)) == 3


def test_a_team_without_rows_finds_empty_tables(small: SmallLake, place: Path) -> None:
    assert spent(taken(Snapshots(), small, place, Scope(team_id=uuid4()))) == 0


def test_only_so_many_scopes_are_kept(small: SmallLake, place: Path) -> None:
    snapshots = Snapshots()
    for _ in range(MOST_COPIED + 3):
        taken(snapshots, small, place, Scope(team_id=uuid4())).remove()
    assert len(os.listdir(place)) == MOST_COPIED


@pytest.mark.parametrize("relation", ["generations", "charges", "cells", "latency_model"])
def test_a_snapshot_answers_what_the_pages_answer(
    lake: Path, teams: list[UUID], place: Path, relation: str
) -> None:
    manifest, scope = read_manifest(lake), Scope(team_id=teams[0])
    assert manifest is not None
    snapshot = Snapshots().take(lake, manifest, scope, place)
    asked = f"select count(*) as n, bit_xor(hash(r)) as rows from {relation} as r"
    with duckdb.connect() as engine:
        for name, text in snapshot.views:
            engine.execute(f'create view "{name}" as {text}')
        found = engine.execute(asked).fetchall()
    reader = WarehouseReader(lake)
    assert [tuple(row.values()) for row in reader.rows(Query("q", "", asked), scope)] == found
    whole = reader.rows(Query("q", "", f"select count(*) as n from {relation}"), EVERYTHING)
    assert 0 < found[0][0] < whole[0]["n"] or relation == "latency_model"
