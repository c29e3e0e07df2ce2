"""The doctor's look at the warehouse: green after a sync, red when exactly its thing is broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobs.bootstrap import Services
from jobs.checks import Check
from jobs.warehouse_checks import ITSELF, NONE_YET, RECORD, warehouse_checks
from jobs.warehousing import live_folder, mend_warehouse, rebuild_warehouse, sync_warehouse
from storage.models import Person
from storage.postgres import Database
from storage.records import curation, events, ledger
from storage.records.gallery import Verdict
from storage.warehouse.lake import Lake
from storage.warehouse.relations import asserts
from tests.integration.record.record_rows import add_complete, add_held

Owner = Callable[..., list[Any]]


@pytest.fixture
def filled(
    services: Services, person: Person, made_once: Callable[[Callable[[], None]], None]
) -> Services:
    """A studio with a completed and an open generation in its warehouse."""

    def write() -> None:
        with services.database.as_service() as tx:
            done = add_complete(tx, person, fingerprint="a")
            add_held(tx, person, fingerprint="b")
            who = {"person_id": person.id, "team_id": person.team_id}
            events.add(tx, "viewed", generation_id=done, **who)
        sync_warehouse(services)

    made_once(write)
    return services


def red(services: Services) -> dict[str, list[str]]:
    return {check.name: check.problems for check in warehouse_checks(services) if check.problems}


def test_no_warehouse_is_no_fault_and_is_said(services: Services) -> None:
    assert warehouse_checks(services) == [Check(NONE_YET, [])]


def test_what_was_synced_is_in_order(filled: Services) -> None:
    assert [check.name for check in warehouse_checks(filled)] == [ITSELF, RECORD]
    assert red(filled) == {}


def test_what_the_warehouse_has_still_to_read_is_no_difference(
    filled: Services, person: Person, as_owner: Owner
) -> None:
    with filled.database.as_service() as tx:
        ledger.adjust(tx, add_complete(tx, person), Decimal(1), "Invoice")
        ledger.adjust_scope(tx, "organisation", None, Decimal(2), "Invoice")
    as_owner("update studio.generations set estimate_usd = 7")
    as_owner("delete from studio.charges")
    assert red(filled) == {}


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("update studio.charges set amount_usd = amount_usd + 0.000001", "charges (charge)"),
        ("delete from studio.charges", "charges (charge)"),
        ("update studio.generations set estimate_usd = 9", "generations (completed)"),
        ("update studio.generations set batch_id = null, lane = 'batch'", ""),
    ],
)
def test_a_write_that_the_warehouse_can_not_have_seen_is_told(
    filled: Services, as_owner: Owner, lost: str, told: str
) -> None:
    as_owner(lost, triggers=False)
    problems = red(filled).get(RECORD, [""])
    assert told in problems[0]
    rebuild_warehouse(filled)
    assert red(filled) == {}


def test_a_file_that_is_missing_is_told(filled: Services) -> None:
    shutil.rmtree(live_folder(filled) / "charges")
    assert set(red(filled)) == {"the warehouse can be read"}


# --- the assertions: each one broken by hand ---

BROKEN: dict[str, tuple[str, str]] = {
    "assert_generations_once": ("generations", "select * from was union all select * from was"),
    "assert_charges_once": ("charges", "select * from was union all select * from was"),
    "assert_events_once": ("events", "select * from was union all select * from was"),
    "assert_charges_have_generations": (
        "charges",
        "select * replace (uuid() as generation_id) from was",
    ),
    "assert_costs_equal_charges": (
        "generations",
        "select * replace ((charge_usd + 0.000001)::decimal(14, 6) as charge_usd) from was",
    ),
    "assert_ends_are_final": ("generations", "select * replace (null as finished_at) from was"),
    **{
        f"assert_cells_{name}_equal_facts": (
            f"cells_{name}",
            "select * replace ((spend_usd + 0.000001)::decimal(18, 6) as spend_usd) from was",
        )
        for name in ("model", "campaign", "person")
    },
    "assert_latency_model_counts_all": ("latency_model", "select * replace (n + 1 as n) from was"),
    "assert_latency_team_counts_all": ("latency_team", "select * replace (n + 1 as n) from was"),
    "assert_latency_day_counts_all": ("latency_day", "select * from was where false"),
    "assert_waste_reason_equals_facts": (
        "waste_reason",
        "select date '2026-01-01' as day, uuid() as team_id, 'lite' as model, '480p' as resolution,"
        " 'stopped' as reason, 1 as generations, 1 as charged, 1.0 as wasted_usd",
    ),
    "assert_latency_hour_counts_all": ("latency_hour", "select * from was where false"),
}


def falsify(folder: Path, relation: str, select: str) -> None:
    """Replace the rows of a relation's files."""
    manifest = Lake(folder).manifest()
    assert manifest is not None
    for file in manifest.relations[relation]:
        path = folder / file.name
        with duckdb.connect() as connection:
            connection.execute(f"create table was as select * from read_parquet('{path}')")
            connection.execute(f"copy ({select}) to '{path}' (format parquet)")


def test_every_assertion_is_broken_here() -> None:
    assert set(BROKEN) == set(asserts())


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_assertion_is_told(filled: Services, name: str) -> None:
    falsify(live_folder(filled), *BROKEN[name])
    told = " ".join(red(filled)[ITSELF])
    assert asserts()[name].description.rstrip(".") in told


def test_a_rebuild_makes_good_what_was_falsified(filled: Services) -> None:
    falsify(live_folder(filled), *BROKEN["assert_costs_equal_charges"])
    assert ITSELF in red(filled)
    rebuild_warehouse(filled)
    assert red(filled) == {}


# --- what the warehouse's process does by itself ---


@pytest.mark.parametrize("name", ["assert_costs_equal_charges", "assert_cells_model_equal_facts"])
def test_a_warehouse_that_is_wrong_is_made_anew(filled: Services, name: str) -> None:
    falsify(live_folder(filled), *BROKEN[name])
    assert mended(filled)
    assert red(filled) == {}


def test_a_write_that_no_pass_has_seen_is_made_good(filled: Services, as_owner: Owner) -> None:
    as_owner("update studio.charges set amount_usd = amount_usd + 1", triggers=False)
    assert mended(filled)
    assert red(filled) == {}


def test_a_warehouse_that_is_right_is_left_alone(filled: Services) -> None:
    before = Lake(live_folder(filled)).manifest()
    assert not mended(filled)
    assert Lake(live_folder(filled)).manifest() == before


def test_what_can_not_be_checked_now_is_for_the_next_time(filled: Services) -> None:
    shutil.rmtree(live_folder(filled) / "charges")
    assert not mended(filled)


def mended(services: Services) -> bool:
    url = services.settings.database_url
    assert url is not None
    return mend_warehouse(url, live_folder(services))


# --- while corrections wait ---


def test_a_correction_that_waits_is_no_difference(
    database: Database, filled: Services, person: Person, as_owner: Owner
) -> None:
    with database.as_service() as tx:
        old = add_complete(tx, person, fingerprint="old")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    for table, key in (("generations", "id"), ("charges", "generation_id")):
        as_owner(f"update studio.{table} set created_at = %s where {key} = %s", long_ago, old)
    sync_warehouse(filled, corrections=True)
    with database.as_service() as tx:
        ledger.adjust(tx, old, Decimal(5), "Invoice")
    with database.as_person(person.id) as tx:
        curation.judge(tx, person.id, [old], Verdict.REJECTED, "")
    assert sync_warehouse(filled).waiting == 2
    assert red(filled) == {}
    assert sync_warehouse(filled, corrections=True).waiting == 0
    assert red(filled) == {}
