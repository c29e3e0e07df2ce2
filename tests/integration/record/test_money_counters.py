"""The running sums: equal to the rows behind them, and as cheap to read after years as at first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from jobs.holds import release_expired
from storage.errors import RecordForbidden
from storage.migrate import migrate
from storage.models import Person
from storage.postgres import Database, Transaction
from storage.records import books, generations, ledger
from tests.integration.record.record_rows import (
    ESTIMATE_USD,
    S,
    add_held,
    finish,
    move,
    new_generation,
    sql,
)

Owner = Callable[..., list[Any]]
ENDS = ("complete", "fail", "cancel")


def wrong_sums(tx: Transaction) -> list[dict[str, Any]]:
    """What the doctor says about the running sums."""
    return next(found.rows for found in books.broken_invariants(tx) if found.name == "sums_differ")


class _UndoneError(Exception):
    pass


def place_and_undo(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        add_held(tx, person)
        raise _UndoneError


def test_what_was_undone_is_not_counted(database: Database, person: Person) -> None:
    with pytest.raises(_UndoneError):
        place_and_undo(database, person)
    with database.as_service() as tx:
        assert tx.all(sql("select 1 from studio.held_usd where amount_usd <> 0")) == []


def end_some(database: Database, person: Person, charge_first: bool) -> None:
    """Ends generations, charged before or after their hold is freed."""
    for _ in range(25):
        with database.as_service() as tx:
            generation_id = add_held(tx, person)
        with database.as_service() as tx:
            if charge_first:
                finish(tx, generation_id)
            else:
                move(tx, generation_id, S.FAILED)
                ledger.charge(
                    tx, generation_id, ESTIMATE_USD, billable_units=None, verified=True, note=None
                )


def test_whoever_charges_first_or_last_waits_for_the_others_and_never_in_a_circle(
    database: Database, person: Person
) -> None:
    with ThreadPoolExecutor(4) as threads:
        ends = [threads.submit(end_some, database, person, i % 2 == 0) for i in range(4)]
        for done in ends:
            done.result(timeout=60)
    with database.as_service() as tx:
        assert wrong_sums(tx) == []
        rows = tx.all(sql("select amount_usd from studio.spent_usd where period = 'total'"))
    assert {row["amount_usd"] for row in rows} == {100}


def test_wrong_sums_are_told_and_recounted(
    database: Database, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        finish(tx, add_held(tx, person))
        add_held(tx, person)
    as_owner("update studio.held_usd set amount_usd = 7")
    as_owner("delete from studio.spent_usd")
    with database.as_service() as tx:
        assert len(wrong_sums(tx)) == 3 + 9
        tx.run(sql("select studio.recount_money()"))
        assert wrong_sums(tx) == []


def test_days_begin_elsewhere_when_the_company_moves(
    database: Database, database_url: SecretStr, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        finish(tx, add_held(tx, person))
    as_owner("update studio.charges set created_at = '2026-03-10 23:30Z'")
    (zone, company), *_ = as_owner("select time_zone, name from studio.organisation")
    days = "select distinct window_start::text from studio.spent_usd where period = 'day' "
    try:
        migrate(database_url, company=company, time_zone="America/New_York")
        rows = as_owner(days + "and amount_usd <> 0 and window_start = '2026-03-10 04:00Z'")
        with database.as_service() as tx:
            assert wrong_sums(tx) == []
    finally:
        migrate(database_url, company=company, time_zone=zone)
    assert len(rows) == 1


def add_history(as_owner: Owner, database: Database, person: Person, count: int) -> None:
    """Finished and charged generations of this person, one every hour back from now."""
    with database.as_service() as tx:
        template = add_held(tx, person)
        finish(tx, template)
    as_owner(
        """
        with made as (
            insert into studio.generations
            select (jsonb_populate_record(g, jsonb_build_object('id', gen_random_uuid()))).*
            from studio.generations as g, generate_series(1, %s) where g.id = %s
            returning id, person_id, team_id),
        held as (
            insert into studio.holds (
                generation_id, person_id, team_id, amount_usd, expires_at, released_at,
                release_reason)
            select id, person_id, team_id, 1, now(), now(), 'completed' from made)
        insert into studio.charges (
            generation_id, person_id, team_id, amount_usd, verified, created_at)
        select id, person_id, team_id, 0.001, true,
            now() - make_interval(hours => (row_number() over ())::int)
        from made""",
        count,
        template,
        triggers=False,
    )
    as_owner("select studio.recount_money()")
    for table in ("generations", "holds", "charges", "held_usd", "spent_usd", "budgets"):
        as_owner(f"vacuum analyze studio.{table}")


def blocks_of_admission(database: Database, person: Person) -> int:
    """Blocks of tables and indexes that setting money aside looks at."""
    explain = sql("""
        explain (analyze, buffers, format json)
        select studio.place_hold(%(id)s, 1, now() + interval '1 hour')""")
    with database.as_service() as tx:
        made = [new_generation(person) for _ in range(3)]
        for new in made:
            generations.insert(tx, new)
        # The first ones also read the catalogue of tables into the connection.
        plans = [tx.one(explain, id=new.id)["QUERY PLAN"] for new in made]
    plan = plans[-1][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_admission_reads_no_more_after_a_long_history(
    database: Database, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        for scope, target in (("organisation", None), ("team", person.team_id)):
            for period in ("day", "month", "total"):
                ledger.set_budget(
                    tx, scope=scope, period=period, kind="hard", limit_usd=Decimal(9999),
                    target=target,
                )  # fmt: skip
        ledger.set_default_person_budget(tx, Decimal(9999))
    add_history(as_owner, database, person, 10)
    short = blocks_of_admission(database, person)
    add_history(as_owner, database, person, 6000)
    assert blocks_of_admission(database, person) <= short + 40


def test_an_expired_hold_stays_while_its_generation_may_be_charged(
    database: Database, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        generation_id = add_held(tx, person)
    as_owner("update studio.holds set expires_at = now() - interval '1 day'")
    with database.as_service() as tx:
        assert release_expired(tx) == 0
    as_owner(
        "update studio.generations set status = 'canceled', finished_at = now() where id = %s",
        generation_id,
        triggers=False,
    )
    with database.as_service() as tx:
        assert release_expired(tx) == 1
        assert ledger.open_hold_of(tx, generation_id) is None
        assert wrong_sums(tx) == []


@pytest.mark.parametrize("table", ["held_usd", "spent_usd", "budget_changes"])
def test_not_even_the_studio_writes_what_triggers_write(database: Database, table: str) -> None:
    with pytest.raises(RecordForbidden), database.as_service() as tx:
        tx.run(sql(f"delete from studio.{table}"))
