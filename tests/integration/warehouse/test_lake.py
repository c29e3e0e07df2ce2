"""How the lake is written: by changes as well as whole, in files that others may be reading."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import WarehouseError
from storage.warehouse.counting import COUNTS
from storage.warehouse.lake import GRACE_S, Lake
from storage.warehouse.manifest import CHANGES, FILE_NAME, Manifest
from storage.warehouse.reader import WarehouseReader
from storage.warehouse.relations import Relation, rollups
from storage.warehouse.snapshots import column_types
from storage.warehouse.writing import MOST_CHANGES, MOST_PIECES
from tests.integration.warehouse.lake_rows import ask, rows_of
from tests.integration.warehouse.small_lake import MARKS, NOW, Changes, Made, SmallLake, made_on

DAYS = [
    date(2026, 8, 3),
    date(2026, 8, 4),
    date(2026, 9, 30),
    date(2026, 11, 15),
    date(2026, 11, 20),
]

made = st.builds(
    Made,
    st.sampled_from(DAYS),
    st.decimals(0, 10, places=6),
    st.sampled_from([None, "approved", "rejected"]),
)
batches = st.lists(
    st.dictionaries(st.integers(1, 6), st.none() | made, max_size=4), min_size=1, max_size=5
)


@pytest.fixture
def small(lake_folder: Path, demo_lake: Path) -> SmallLake:
    """An empty lake of the test's own."""
    return SmallLake(lake_folder, demo_lake)


@given(steps=batches, most=st.sampled_from((0, 4, MOST_CHANGES)))
@settings(max_examples=8, deadline=None)
def test_changes_step_by_step_leave_what_writing_everything_leaves(
    steps: list[Changes], most: int, demo_lake: Path
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.warehouse.writing.MOST_CHANGES", most)
        changed = SmallLake(Path(folder) / "changed", demo_lake)
        whole = SmallLake(Path(folder) / "whole", demo_lake)
        for step in steps:
            changed.publish(step)
        whole.publish_whole(changed.rows)
        assert rows_of(changed.lake.folder) == rows_of(whole.lake.folder)


def test_the_same_changes_twice_change_nothing(small: SmallLake) -> None:
    changes = made_on(DAYS)
    small.publish(changes)
    once = rows_of(small.lake.folder)
    small.publish(changes)
    assert rows_of(small.lake.folder) == once


def test_only_touched_partitions_are_written_again(small: SmallLake) -> None:
    before = small.publish(made_on(DAYS))
    after = small.publish({5: Made(DAYS[4], Decimal(3))})
    kept = {file.partition for file in before.relations["generations"]} - {"2026-11-20"}
    assert kept == {
        file.partition for file in after.relations["generations"] if file.name in before.files()
    }


def test_a_recent_day_that_only_gains_rows_gets_a_file_more(small: SmallLake) -> None:
    for number in range(1, MOST_PIECES + 2):
        old = small.lake.manifest()
        before = old.files() if old else set()
        manifest = small.publish({number: Made(DAYS[4])})
        files = manifest.relations["generations"]
        assert len(files) == (number if number <= MOST_PIECES else 1)
        assert sum(file.rows for file in files) == number
        assert len({file.name for file in files} - before) == 1
    assert ask(small.lake.folder, "select sum(generations)::int as n from cells_model") == [
        {"n": MOST_PIECES + 1}
    ]


def test_a_recent_day_whose_rows_change_keeps_its_file(small: SmallLake) -> None:
    [before] = small.publish(made_on([DAYS[4]] * 3)).relations["charges"]
    changes = {1: Made(DAYS[4], Decimal(3)), 2: None, 4: Made(DAYS[4])}
    kept, piece = small.publish(changes).relations["charges"]
    assert (kept.name, kept.rows, kept.counting) == (before.name, 3, 1)
    assert (piece.rows, piece.counting) == (2, 2)
    [row] = ask(small.lake.folder, "select sum(amount_usd)::int as n from charges")
    assert row == {"n": 5}


def test_a_row_can_change_as_often_as_one_likes(small: SmallLake) -> None:
    for usd in range(1, 2 * MOST_PIECES + 2):
        manifest = small.publish({1: Made(DAYS[4], Decimal(usd)), 100 + usd: Made(DAYS[4])})
        assert len(manifest.relations["charges"]) <= MOST_PIECES
        assert manifest.rows("charges") == usd + 1
    assert rows_of(small.lake.folder)["cells_model"][0][6] == str(2 * MOST_PIECES + 2)


def test_a_file_whose_rows_are_all_others_now_is_listed_no_more(small: SmallLake) -> None:
    before = small.publish(made_on([DAYS[4]] * 2)).relations["charges"]
    after = small.publish(made_on([DAYS[4]] * 2)).relations["charges"]
    assert [file.rows for file in after] == [2]
    assert after != before


def test_small_files_of_a_day_become_one_beside_a_large_one(small: SmallLake) -> None:
    [large] = small.publish(made_on([DAYS[4]] * 30)).relations["charges"]
    for number in range(31, 31 + MOST_PIECES):
        files = small.publish({number: Made(DAYS[4])}).relations["charges"]
    assert [file.rows for file in files] == [30, MOST_PIECES]
    assert files[0] == large


def test_a_large_file_with_many_rows_struck_out_is_written_again(small: SmallLake) -> None:
    small.publish(made_on([DAYS[4]] * 30))
    for number in range(1, 1 + MOST_PIECES):
        files = small.publish({number: Made(DAYS[4], Decimal(3))}).relations["charges"]
    assert [(file.rows, file.struck) for file in files] == [(30, "")]


def test_changes_of_recent_days_stand_in_one_file_beside_those_of_the_days(
    small: SmallLake,
) -> None:
    before = small.publish(made_on([DAYS[4], DAYS[4]])).relations["cells_model"]
    for usd in (3, 4):
        after = small.publish({1: Made(DAYS[4], Decimal(usd)), 2: None, 3: Made(DAYS[4])})
    *days, beside = after.relations["cells_model"]
    assert (tuple(days), beside.partition) == (before, CHANGES)
    found = (
        "select sum(billed_usd)::int as usd, count(*) as n,"
        " count(distinct (day, team_id, model)) as groups from cells_model"
    )
    assert ask(small.lake.folder, found) == [{"usd": 5, "n": 2, "groups": 2}]


def test_many_changes_are_added_to_the_days(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.publish_whole(made_on(DAYS))
    monkeypatch.setattr("storage.warehouse.writing.MOST_CHANGES", 0)
    for usd, beside in ((2, [CHANGES]), (3, []), (4, [CHANGES])):
        files = small.publish({5: Made(DAYS[4], Decimal(usd))}).relations["cells_model"]
        assert [file.partition for file in files] == ["2026", "2026-11-20", *beside]


def test_changes_of_days_that_have_become_old_are_added_to_their_year(small: SmallLake) -> None:
    small.publish_whole(made_on(DAYS))
    small.publish({5: Made(DAYS[4], Decimal(3))})
    later = small.publish({}, now=NOW + timedelta(days=30)).relations["cells_model"]
    assert [file.partition for file in later] == ["2026"]
    assert ask(small.lake.folder, "select sum(billed_usd)::int as usd from cells_model") == [
        {"usd": 7}
    ]


def test_a_roll_up_that_a_change_does_not_touch_keeps_its_files(small: SmallLake) -> None:
    before = small.publish(made_on(DAYS)).relations
    after = small.publish({5: Made(DAYS[4], verdict="approved")}).relations
    assert after["latency_day"] == before["latency_day"]
    assert [file.partition for file in after["cells_model"] if file not in before["cells_model"]]
    [row] = ask(small.lake.folder, "select sum(approved)::int as n from cells_model")
    assert row == {"n": 1}


@pytest.mark.parametrize("rollup", rollups().values(), ids=lambda one: one.name)
def test_what_a_roll_up_sums_has_the_type_that_it_says(demo_lake: Path, rollup: Relation) -> None:
    types = column_types(WarehouseReader(demo_lake))[rollup.name]
    assert list(types) == list(rollup.columns)
    assert {name: types[name] for name in rollup.sums} == {
        name: kind.upper().replace(" ", "") for name, kind in rollup.sums.items()
    }
    left = " or ".join(f"{name} > 0" for name in COUNTS if name in rollup.sums)
    [row] = ask(demo_lake, f"select count(*) as n from {rollup.name} where not ({left})")
    assert row == {"n": 0}


def test_events_of_old_months_lie_by_day_and_person(demo_lake: Path) -> None:
    manifest = Lake(demo_lake).manifest()
    assert manifest is not None
    path = demo_lake / max(manifest.relations["events"], key=lambda file: file.rows).name
    place = (
        f"select day, coalesce(person_id::varchar, 'none') from read_parquet('{path}')"
        " order by file_row_number"
    )
    with duckdb.connect() as engine:
        found = engine.execute(place).fetchall()
    assert found == sorted(found)


def test_the_clock_put_back_leaves_rows_where_they_are(small: SmallLake) -> None:
    small.publish(made_on(DAYS), now=NOW + timedelta(days=30))
    small.publish({5: Made(DAYS[4], Decimal(3))})
    assert len(ask(small.lake.folder, "select * from generations")) == 5


def test_days_have_files_of_their_own_until_they_are_old(small: SmallLake) -> None:
    first = small.publish(made_on(DAYS))
    rows = rows_of(small.lake.folder)
    later = small.publish({}, now=datetime(2027, 1, 3, tzinfo=UTC))
    assert _partitions(first) == ["2026-08", "2026-09", "2026-11", "2026-11-20"]
    assert _partitions(later) == ["2026-08", "2026-09", "2026-11"]
    assert rows_of(small.lake.folder) == rows


def test_the_last_row_of_a_day_can_go(small: SmallLake) -> None:
    small.publish(made_on(DAYS))
    small.publish(dict.fromkeys(range(1, 6)))
    assert ask(small.lake.folder, "select * from generations") == []
    assert ask(small.lake.folder, "select * from cells_model") == []


def test_files_stay_for_the_grace_after_they_were_last_listed(small: SmallLake) -> None:
    small.publish(made_on(DAYS))
    _age_everything(small.lake)
    small.publish({5: Made(DAYS[4], Decimal(3))})
    assert small.lake.collect_garbage() == 0
    _age_everything(small.lake)
    assert small.lake.collect_garbage() > 0
    assert small.lake.is_whole()
    assert small.lake.collect_garbage() == 0


def test_what_a_crash_left_behind_is_collected_and_never_read(small: SmallLake) -> None:
    small.publish(made_on(DAYS))
    stray = small.lake.folder / "generations" / "2026-11-20" / "00000099-dead.parquet"
    stray.write_bytes(b"PAR1 half of it")
    assert len(ask(small.lake.folder, "select * from generations")) == 5
    assert small.publish(made_on(DAYS)).number == 2
    assert len(ask(small.lake.folder, "select * from generations")) == 5
    _age_everything(small.lake)
    small.lake.collect_garbage()
    assert not stray.exists()


def test_a_confirmed_state_is_the_same_at_a_later_moment(small: SmallLake) -> None:
    before = small.publish(made_on(DAYS))
    after = small.lake.confirm(MARKS, now=NOW + timedelta(hours=1))
    assert after is not None
    assert (after.number, after.relations) == (before.number, before.relations)
    assert after.published_at == NOW + timedelta(hours=1)


def test_a_publication_is_told_from_every_other_but_not_from_its_confirmation(
    small: SmallLake,
) -> None:
    first = small.publish(made_on(DAYS))
    again = small.lake.confirm(MARKS)
    assert again is not None
    assert again.publication == first.publication
    small.publish_whole(small.rows)
    anew = small.lake.manifest()
    assert anew is not None
    assert anew.publication != first.publication


def test_nothing_is_left_of_a_removed_lake(small: SmallLake) -> None:
    small.publish(made_on(DAYS))
    small.lake.remove()
    assert small.lake.manifest() is None
    assert not list(small.lake.folder.rglob("*.parquet"))


def test_a_lake_of_the_first_shape_is_none(small: SmallLake) -> None:
    small.publish(made_on(DAYS))
    (small.lake.folder / FILE_NAME).write_text('{"shape": 1, "number": 7, "relations": {}}')
    assert small.lake.manifest() is None
    assert not WarehouseReader(small.lake.folder).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"shape": "one"}', "\x00" * 40])
def test_a_garbled_manifest_is_said_and_written_over(small: SmallLake, text: str) -> None:
    small.publish(made_on(DAYS))
    (small.lake.folder / FILE_NAME).write_text(text)
    with pytest.raises(WarehouseError, match="manifest"):
        small.lake.manifest()
    small.publish_whole(small.rows)
    assert len(ask(small.lake.folder, "select * from generations")) == 5


def test_a_lake_of_another_shape_is_none(small: SmallLake) -> None:
    manifest = small.publish(made_on(DAYS))
    other = manifest.model_copy(update={"shape": manifest.shape + 1})
    (small.lake.folder / FILE_NAME).write_text(other.model_dump_json())
    assert small.lake.manifest() is None


def _partitions(manifest: Manifest) -> list[str]:
    return [file.partition for file in manifest.relations["generations"]]


def _age_everything(lake: Lake) -> None:
    """As if the grace had passed since."""
    for path in lake.folder.rglob("*.parquet"):
        then = path.stat().st_mtime - GRACE_S - 1
        os.utime(path, (then, then))
