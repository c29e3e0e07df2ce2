"""The made-up history: the same for the same seed, whole in itself, apart from all that is real."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from dashboard.cli.main import studio
from jobs.demo import remove_demo, write_demo
from jobs.fal.catalog import load_catalog
from jobs.pricing import estimate_usd
from storage.models import FailureCause, GenerationStatus, Role
from storage.warehouse.lake import Lake
from storage.warehouse.relations import rollups, staged
from tests.integration.warehouse.conftest import DEMO_GENERATIONS, DEMO_NOW
from tests.integration.warehouse.lake_rows import ask, rows_of


def test_the_same_seed_gives_the_same_history(tmp_path: Path, demo_lake: Path) -> None:
    write_demo(tmp_path, generations=DEMO_GENERATIONS, months=3, seed=1, now=DEMO_NOW)
    assert rows_of(tmp_path) == rows_of(demo_lake)


def test_another_seed_gives_another_history(tmp_path: Path, demo_lake: Path) -> None:
    write_demo(tmp_path, generations=DEMO_GENERATIONS, months=3, seed=2, now=DEMO_NOW)
    ids = "select id from generations"
    assert not {r["id"] for r in ask(tmp_path, ids)} & {r["id"] for r in ask(demo_lake, ids)}


@pytest.mark.parametrize(("generations", "months"), [(100, 1), (101, 60), (3333, 2)])
def test_it_has_as_many_generations_as_wanted(
    tmp_path: Path, generations: int, months: int
) -> None:
    written = write_demo(tmp_path, generations=generations, months=months, seed=3, now=DEMO_NOW)
    assert written.rows("generations") == generations
    [row] = ask(
        tmp_path, "select count(distinct id) as n, max(created_at) as last from generations"
    )
    assert row["n"] == generations
    assert timedelta(0) <= DEMO_NOW - row["last"] < timedelta(minutes=2)


def test_relations_have_the_columns_of_those_of_the_record(demo_lake: Path) -> None:
    for name, relation in (staged() | rollups()).items():
        [*columns] = (row["column_name"] for row in ask(demo_lake, f"describe {name}"))
        assert columns == list(relation.columns), name


def test_every_column_says_something(demo_lake: Path) -> None:
    for name in ("generations", "charges", "events", "people", "campaigns", "holds"):
        columns = [row["column_name"] for row in ask(demo_lake, f"describe {name}")]
        counts = ", ".join(f'count("{column}") as "{column}"' for column in columns)
        [row] = ask(demo_lake, f"select {counts} from {name}")
        assert [column for column, n in row.items() if not n] == [], name


def test_the_words_are_those_of_the_record(demo_lake: Path) -> None:
    for column, known in (("status", GenerationStatus), ("cause", FailureCause)):
        seen = {row[column] for row in ask(demo_lake, f"select distinct {column} from generations")}
        assert seen - {None} <= set(known)
    assert {row["role"] for row in ask(demo_lake, "select role from people")} == set(Role)


def test_estimates_are_those_of_the_price_list(demo_lake: Path) -> None:
    catalog = load_catalog()
    for row in ask(demo_lake, "select * from generations order by id limit 100"):
        model = catalog.by_key(row["model"])
        settings = (row["resolution"], row["aspect_ratio"], int(row["duration_s"]))
        assert row["estimate_usd"] == estimate_usd(model, *settings, row["with_audio"]).usd


def test_what_generations_cost_is_what_the_ledger_says(demo_lake: Path) -> None:
    [row] = ask(
        demo_lake,
        "select (select sum(charge_usd) from generations) as billed, (select sum(amount_usd)"
        " from charges where generation_id is not null) as booked, (select count(*) from charges"
        " where generation_id is null) as unattributed",
    )
    assert row["billed"] == row["booked"] > Decimal(0)
    assert row["unattributed"] > 0


def test_no_charge_is_more_than_was_set_aside(demo_lake: Path) -> None:
    over = "select * from generations where charge_usd > estimate_usd * 1.05"
    assert ask(demo_lake, over) == []


@pytest.mark.parametrize("name", ["cells_model", "cells_campaign", "cells_person"])
def test_roll_ups_equal_the_facts(demo_lake: Path, name: str) -> None:
    sums = (
        "select sum(generations)::bigint as made, sum(completed)::bigint as completed,"
        " sum(failed)::bigint as failed, sum(approved)::bigint as approved,"
        " sum(billed_usd) as billed, sum(wasted_usd) as wasted, sum(spend_usd) as spend"
    )
    assert ask(demo_lake, f"{sums} from {name}") == ask(demo_lake, f"{sums} from cells")


def test_phases_add_up_to_the_whole(demo_lake: Path) -> None:
    wrong = ask(
        demo_lake,
        "select id from generations where status = 'completed' and abs(total_s - our_queue_s"
        " - fal_queue_s - inference_s - store_s) > 0.001",
    )
    assert wrong == []


def test_variants_follow_their_parents_and_belong_to_the_same_person(demo_lake: Path) -> None:
    wrong = ask(
        demo_lake,
        "select g.id from generations as g left join generations as p on p.id = g.parent_id where"
        " g.parent_id is not null and (p.id is null or p.created_at >= g.created_at or"
        " p.person_id <> g.person_id)",
    )
    assert wrong == []


def test_what_is_reused_was_completed_before(demo_lake: Path) -> None:
    [row] = ask(
        demo_lake,
        "select count(*) filter (g.reused) as n, count(*) filter (g.reused and not exists (from"
        " generations as b where b.fingerprint = g.fingerprint and b.status = 'completed' and"
        " b.created_at < g.created_at)) as wrong from generations as g",
    )
    assert row["n"] > 0 == row["wrong"]


def test_holds_are_those_of_what_is_not_finished(demo_lake: Path) -> None:
    held = {row["generation_id"] for row in ask(demo_lake, "select generation_id from holds")}
    open_ones = ask(demo_lake, "select id from generations where finished_at is null")
    assert held == {row["id"] for row in open_ones} != set()


def test_nothing_happens_after_now(demo_lake: Path) -> None:
    for column in ("created_at", "submitted_at", "finished_at", "verdict_at"):
        [row] = ask(demo_lake, f"select max({column}) as last from generations")
        assert row["last"] <= DEMO_NOW, column
    for dataset, column in (("charges", "created_at"), ("events", "happened_at")):
        [row] = ask(demo_lake, f"select max({column}) as last from {dataset}")
        assert row["last"] <= DEMO_NOW, dataset


def test_it_is_marked_and_goes_without_a_trace(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert write_demo(folder, generations=100, months=1, now=DEMO_NOW).demo
    assert remove_demo(folder)
    assert not folder.exists()
    assert not remove_demo(folder)


def test_the_command_writes_beside_the_real_lake_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_WAREHOUSE_DIR", str(tmp_path))
    run = CliRunner().invoke(studio, ["demo", "--generations", "100", "--months", "1", "--json"])
    assert json.loads(run.stdout)["generations"] == 100
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    manifest = Lake(tmp_path / "demo").manifest()
    assert manifest is not None
    assert manifest.demo
    assert "Removed" in CliRunner().invoke(studio, ["demo", "--remove"]).stdout
    assert not list(tmp_path.iterdir())
