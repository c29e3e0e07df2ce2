"""How the lake is read: one state at a time, one scope's rows, and no riddles when it is broken."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from storage.embedded.processes import wait_until
from storage.errors import WarehouseError, WarehouseMissing
from storage.warehouse.lake import Lake
from storage.warehouse.manifest import FILE_NAME
from storage.warehouse.reader import EVERYTHING, Scope, WarehouseReader
from storage.warehouse.relations import marts, rollups
from tests.integration.record.record_rows import sql
from tests.integration.warehouse.conftest import DEMO_GENERATIONS
from tests.integration.warehouse.lake_rows import ask
from tests.integration.warehouse.small_lake import Made, SmallLake, made_on

DAY = date(2026, 11, 27)
STATE = sql(
    "select (select count(*) from generations) as n, (select count(*) from charges) as charges,"
    " (select sum(generations)::bigint from cells_model) as counted,"
    " (select sum(spend_usd) from cells_person) as usd"
)
SCOPED = ("generations", "charges", "events", "holds", *marts(), *rollups())
OF_NOBODY = ("latency_day", "latency_model", "latency_hour")
"""Roll-ups of everybody together."""


def test_readers_see_one_state_while_another_publishes_and_collects(
    lake_folder: Path, demo_lake: Path
) -> None:
    small = SmallLake(lake_folder, demo_lake)
    small.publish(made_on([DAY]))
    reader, done = WarehouseReader(lake_folder), threading.Event()

    def read() -> list[dict[str, object]]:
        seen = []
        while not done.is_set():
            seen += reader.rows(STATE, EVERYTHING)
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(2, 14):
            small.publish({number: Made(DAY)})
            small.lake.collect_garbage(grace_s=2)
        done.set()
        states = [state for future in readers for state in future.result()]
    torn = [s for s in states if not s["n"] == s["charges"] == s["counted"] == s["usd"]]
    assert torn == []
    assert len({state["n"] for state in states}) > 2


def test_a_reader_follows_what_is_published(lake_folder: Path, demo_lake: Path) -> None:
    small, reader = SmallLake(lake_folder, demo_lake), WarehouseReader(lake_folder)
    small.publish(made_on([DAY]))
    assert reader.rows(STATE, EVERYTHING)[0]["n"] == 1
    small.publish({2: Made(DAY, Decimal("2.5"))})
    assert reader.rows(STATE, EVERYTHING)[0]["usd"] == Decimal("3.5")


def test_a_team_sees_its_rows_in_every_relation_and_no_others(demo_lake: Path) -> None:
    team: UUID = _busiest(demo_lake, "team_id")
    reader, scope = WarehouseReader(demo_lake), Scope(team_id=team)
    for name in (name for name in SCOPED if name not in OF_NOBODY):
        seen = reader.rows(sql(f"select * from {name}"), scope)
        assert {row["team_id"] for row in seen} <= {team}, name
        assert len(seen) == _count(demo_lake, f"{name} where team_id = '{team}'"), name
    assert [row["id"] for row in reader.rows(sql("select id from teams"), scope)] == [team]
    people = reader.rows(sql("select team_id from people"), scope)
    assert {row["team_id"] for row in people} == {team}


def test_a_person_sees_their_rows_in_every_relation_and_no_others(demo_lake: Path) -> None:
    person: UUID = _busiest(demo_lake, "person_id")
    reader, scope = WarehouseReader(demo_lake), Scope(person_id=person)
    mine = _count(demo_lake, f"generations where person_id = '{person}'")
    for name in ("generations", "charges", "events", "cells", "cells_person"):
        seen = reader.rows(sql(f"select person_id from {name}"), scope)
        assert {row["person_id"] for row in seen} == {person}, name
    for name in ("cells_model", "cells_campaign", "cells_person"):
        [total] = reader.rows(sql(f"select sum(generations)::bigint as n from {name}"), scope)
        assert total["n"] == mine, name
    assert [row["id"] for row in reader.rows(sql("select id from people"), scope)] == [person]


@pytest.mark.parametrize("owner", ["person_id", "team_id"])
@pytest.mark.parametrize("name", ["latency_day", "latency_team", "latency_model", "latency_hour"])
def test_latencies_are_those_of_the_readers_own_videos(
    demo_lake: Path, name: str, owner: str
) -> None:
    id: UUID = _busiest(demo_lake, owner)
    phase = "" if name == "latency_hour" else " where phase = 'total'"
    query = sql(f"select sum(n)::bigint as n from {name}{phase}")
    [seen] = WarehouseReader(demo_lake).rows(query, Scope(**{owner: id}))
    theirs = f"generations where status = 'completed' and {owner} = '{id}'"
    assert seen["n"] == _count(demo_lake, theirs)


def test_nobody_sees_anything_in_the_scope_of_a_stranger(demo_lake: Path) -> None:
    reader = WarehouseReader(demo_lake)
    for scope in (Scope(team_id=UUID(int=1)), Scope(person_id=UUID(int=1))):
        for name in SCOPED:
            assert reader.rows(sql(f"select * from {name}"), scope) == [], name


def test_scopes_do_not_mix_between_threads(demo_lake: Path) -> None:
    reader = WarehouseReader(demo_lake)
    teams = [row["id"] for row in reader.rows(sql("select id from teams"), EVERYTHING)]
    query = sql("select distinct team_id from cells_model")

    def seen(team: UUID) -> set[UUID]:
        return {row["team_id"] for row in reader.rows(query, Scope(team_id=team))} - {team}

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(seen, teams * 5)) == set()


def test_without_a_lake_the_figures_are_missing(tmp_path: Path) -> None:
    reader = WarehouseReader(tmp_path / "none")
    with pytest.raises(WarehouseMissing):
        reader.rows(sql("select 1"), EVERYTHING)
    assert not reader.exists()


def test_a_lake_of_another_shape_is_missing_until_it_is_made_anew(
    lake_folder: Path, demo_lake: Path
) -> None:
    small, reader = SmallLake(lake_folder, demo_lake), WarehouseReader(lake_folder)
    manifest = small.publish(made_on([DAY]))
    other = manifest.model_copy(update={"shape": manifest.shape + 1})
    (lake_folder / FILE_NAME).write_text(other.model_dump_json())
    with pytest.raises(WarehouseMissing):
        reader.freshness()
    small.publish_whole(small.rows)
    assert reader.freshness().generations == 1


def test_a_garbled_manifest_is_an_error_in_words(lake_folder: Path, demo_lake: Path) -> None:
    SmallLake(lake_folder, demo_lake).publish(made_on([DAY]))
    manifest = lake_folder / FILE_NAME
    manifest.write_text(manifest.read_text()[:200])
    with pytest.raises(WarehouseError, match="manifest"):
        WarehouseReader(lake_folder).rows(sql("select 1"), EVERYTHING)


@pytest.mark.parametrize("harm", ["missing", "empty", "cut"])
def test_a_broken_file_is_an_error_in_words(lake_folder: Path, demo_lake: Path, harm: str) -> None:
    shutil.copytree(demo_lake, lake_folder)
    manifest = Lake(lake_folder).manifest()
    assert manifest is not None
    file = lake_folder / manifest.relations["generations"][0].name
    whole = file.read_bytes()
    file.unlink()
    if harm != "missing":
        file.write_bytes(b"" if harm == "empty" else whole[: len(whole) // 2])
    with pytest.raises(WarehouseError, match="warehouse"):
        ask(lake_folder, "select count(prompt) from generations")


def test_a_question_that_is_wrong_is_an_error_in_words(demo_lake: Path) -> None:
    with pytest.raises(WarehouseError, match="no_such_column"):
        ask(demo_lake, "select no_such_column from generations")


def test_a_question_that_needs_too_much_memory_is_refused(demo_lake: Path) -> None:
    reader = WarehouseReader(demo_lake, memory_mb=20)
    query = sql("select list(a.prompt || b.prompt) as x from generations a, generations b")
    with pytest.raises(WarehouseError, match="memory"):
        reader.rows(query, EVERYTHING)
    assert _count(demo_lake, "generations") == DEMO_GENERATIONS


def test_a_question_that_others_leave_too_little_memory_is_asked_again_alone(
    demo_lake: Path,
) -> None:
    reader = WarehouseReader(demo_lake, memory_mb=300)
    engine, taken = reader._engine(EVERYTHING), threading.Event()

    def take_most_of_it() -> bool:
        with engine.room.together(), engine.connection.cursor() as cursor:
            cursor.execute("create table most as select random() as x from range(32_000_000)")
            taken.set()
            asked = wait_until(lambda: engine.room.is_asked_for, 60)
            cursor.execute("drop table most")
            return asked

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(take_most_of_it)
        assert taken.wait(60)
        [row] = reader.rows(
            sql("select count(distinct i) as n from range(3_000_000) t (i)"), EVERYTHING
        )
        assert (row["n"], other.result()) == (3_000_000, True)


def test_times_are_aware_and_money_is_exact(demo_lake: Path) -> None:
    [row] = ask(demo_lake, "select created_at, estimate_usd from generations limit 1")
    assert row["created_at"].tzinfo is UTC
    assert isinstance(row["estimate_usd"], Decimal)


def test_only_the_parameters_that_a_query_names_are_handed_over(demo_lake: Path) -> None:
    query = sql("select count(*) as n from generations where day >= $since")
    [row] = WarehouseReader(demo_lake).rows(query, EVERYTHING, since=date(2030, 1, 1), other=1)
    assert row["n"] == 0


def _busiest(folder: Path, column: str) -> UUID:
    [row] = ask(folder, f"select mode({column}) as id from generations")
    found: UUID = row["id"]
    return found


def _count(folder: Path, what: str) -> int:
    return int(ask(folder, f"select count(*) as n from {what}")[0]["n"])
