"""The way from the record to the lake: whole, by changes, and what waits of old months."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import pytest
from pydantic import SecretStr

from storage.models import Person
from storage.postgres import Database
from storage.records import curation, events, ledger
from storage.records.gallery import Verdict
from storage.warehouse import pulling
from storage.warehouse.manifest import Manifest
from storage.warehouse.pulling import Line
from storage.warehouse.relations import DATASETS
from tests.integration.record.record_rows import S, add_complete, add_held, move
from tests.integration.warehouse.conftest import Sync
from tests.integration.warehouse.lake_rows import ask, rebuilt, rows_of

Owner = Callable[..., list[Any]]


def test_a_generation_arrives_with_its_money_and_its_times(
    database: Database, as_owner: Owner, person: Person, synced: Sync, lake_folder: Path
) -> None:
    with database.as_service() as tx:
        done = add_complete(tx, person)
        ledger.adjust(tx, done, Decimal("0.25"), "On the invoice")
    as_owner(
        "update studio.attempts set accepted_at = g.created_at + interval '2 seconds',"
        " started_at = g.created_at + interval '5 seconds',"
        " completed_at = g.created_at + interval '35 seconds'"
        " from studio.generations as g where g.id = generation_id"
    )
    assert synced().whole
    [row] = ask(lake_folder, "select * from generations")
    assert (row["id"], row["status"], row["charge_usd"]) == (done, "completed", Decimal("1.25"))
    assert (row["our_queue_s"], row["fal_queue_s"], row["inference_s"]) == (2, 3, 30)
    assert (row["resolution"], row["duration_s"], row["verified"]) == ("480p", 5, True)
    assert ask(lake_folder, "select sum(spend_usd) as usd from cells_model")[0]["usd"] == Decimal(
        "1.25"
    )


def test_days_are_cut_in_the_companys_zone(
    database: Database, as_owner: Owner, person: Person, synced: Sync, lake_folder: Path
) -> None:
    with database.as_service() as tx:
        add_complete(tx, person)
    as_owner("update studio.generations set created_at = '2026-07-05 22:30:00+00'")
    synced()
    [row] = ask(lake_folder, "select day::varchar as day, hour, weekday from generations")
    assert row == {"day": "2026-07-06", "hour": 0, "weekday": 1}


def test_a_second_pass_reads_only_what_changed(
    database: Database, person: Person, synced: Sync
) -> None:
    with database.as_service() as tx:
        add_complete(tx, person)
    synced()
    with database.as_service() as tx:
        add_held(tx, person)
    second, third = synced(), synced()
    assert (second.whole, second.rows) == (False, 1)
    assert (third.whole, third.rows) == (False, 0)
    assert third.manifest.published_at > second.manifest.published_at
    assert third.manifest.files() == second.manifest.files()


def test_whatever_changes_of_a_generation_arrives(
    database: Database,
    database_url: SecretStr,
    person: Person,
    synced: Sync,
    lake_folder: Path,
    tmp_path: Path,
) -> None:
    with database.as_service() as tx:
        done, failing = add_complete(tx, person), add_held(tx, person)
        events.add(tx, "viewed", person_id=person.id, team_id=person.team_id, generation_id=done)
    synced()
    with database.as_person(person.id) as tx:
        curation.rate(tx, person.id, [done], 4)
        curation.judge(tx, person.id, [done], Verdict.REJECTED, "Too dark")
    with database.as_service() as tx:
        move(tx, failing, S.FAILED)
        ledger.adjust(tx, done, Decimal("-0.5"), "Refunded")
        events.add(tx, "shared", person_id=person.id, team_id=person.team_id, generation_id=done)
    assert not synced().whole
    assert rows_of(lake_folder) == rebuilt(database_url, tmp_path / "other")
    [row] = ask(lake_folder, "select * from generations where status = 'completed'")
    assert (row["rating"], row["verdict"], row["charge_usd"]) == (4, "rejected", Decimal("0.5"))


def test_a_line_that_was_cut_is_opened_anew(
    database: Database, database_url: SecretStr, as_owner: Owner, person: Person, synced: Sync
) -> None:
    line = Line(database_url)
    assert synced(line=line).whole
    assert as_owner(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and state = 'idle' and query ilike 'rollback'"
    )
    with database.as_service() as tx:
        add_complete(tx, person)
    assert synced(line=line).rows > 0
    line.close()


def test_what_is_read_over_many_connections_is_of_one_moment(
    database: Database, database_url: SecretStr, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "MANY", 0)
    with database.as_service() as tx:
        add_complete(tx, person)
    with closing(Line(database_url)) as line, duckdb.connect() as into:
        with line.looking() as pull:
            pull.horizon()
            with database.as_service() as tx:
                add_complete(tx, person)
            pull.changes(into, pulling.Wanted("0", {}))
        for name in ("generations", "attempts", "videos", "charges"):
            assert into.execute(f"select count(*) from pulled_{name}").fetchone() == (1,), name


def test_a_record_that_takes_no_more_connections_is_read_over_those_that_there_are(
    database: Database,
    database_url: SecretStr,
    as_owner: Owner,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulling, "MANY", 0)
    with database.as_service() as tx:
        add_complete(tx, person)
    role = f"few_{uuid4().hex}"
    as_owner(f"create role {role} login password 'few' connection limit 2 in role service_role")
    address = urlsplit(database_url.get_secret_value())
    url = address._replace(netloc=f"{role}:few@{address.hostname}:{address.port}").geturl()
    with closing(Line(SecretStr(url))) as line, duckdb.connect() as into:
        with line.looking() as pull:
            pull.changes(into, pulling.Wanted("0", {}))
        assert into.execute("select count(*) from pulled_generations").fetchone() == (1,)
    as_owner(f"drop role {role}")


def test_small_relations_keep_their_files_until_they_are_others(
    database: Database, person: Person, synced: Sync, as_owner: Owner
) -> None:
    def pass_over() -> Manifest:
        with database.as_service() as tx:
            add_complete(tx, person)
        return synced().manifest

    first, second, third = (pass_over() for _ in range(3))
    assert third.relations["people"] == second.relations["people"]
    assert len({one.publication for one in (first, second, third)}) == 3
    as_owner("update studio.people set name = 'Another'")
    fourth = pass_over()
    assert fourth.relations["people"] != third.relations["people"]
    assert fourth.relations["teams"] == third.relations["teams"]


def test_names_and_holds_arrive_without_a_stamp(
    database: Database, as_owner: Owner, person: Person, synced: Sync, lake_folder: Path
) -> None:
    synced()
    as_owner("update studio.teams set name = 'Growth'")
    synced()
    assert ask(lake_folder, "select name from teams") == [{"name": "Growth"}]
    assert ask(lake_folder, "select id, active from people") == [{"id": person.id, "active": True}]


def test_leases_and_tries_are_nothing_to_the_warehouse(
    database: Database, as_owner: Owner, person: Person, synced: Sync
) -> None:
    with database.as_service() as tx:
        add_held(tx, person)
    synced()
    as_owner("update studio.generations set tries = 3, not_before = now(), deaths = 1")
    stamps = as_owner(
        "select count(*) from studio.generations where sync_xid::text::bigint >= %s",
        int(synced().manifest.watermark) - 1,
    )
    assert stamps == [(0,)]


def test_the_same_asked_for_again_is_told_from_the_first(
    database: Database, person: Person, synced: Sync, lake_folder: Path
) -> None:
    with database.as_service() as tx:
        first = add_complete(tx, person, fingerprint="same")
        add_held(tx, person, fingerprint="other")
    with database.as_service() as tx:
        again = add_held(tx, person, fingerprint="same")
    synced()
    found = {row["id"]: row["reused"] for row in ask(lake_folder, "select * from generations")}
    assert [id for id, reused in found.items() if reused] == [again]
    assert first in found


# --- what is gone ---

GONE = (
    "delete from studio.events",
    "delete from studio.renditions",
    "delete from studio.videos",
    "delete from studio.attempts where generation_id = %(id)s",
    "delete from studio.charges",
    "delete from studio.holds where generation_id = %(id)s",
    "delete from studio.generation_history where generation_id = %(id)s",
    "delete from studio.generations where id = %(id)s",
)


@pytest.mark.parametrize("many", range(1, len(GONE) + 1))
def test_what_is_deleted_is_gone_from_the_lake(
    database: Database,
    database_url: SecretStr,
    as_owner: Owner,
    person: Person,
    synced: Sync,
    lake_folder: Path,
    tmp_path: Path,
    many: int,
) -> None:
    with database.as_service() as tx:
        done = add_complete(tx, person, fingerprint="same")
        events.add(tx, "viewed", person_id=person.id)
    with database.as_service() as tx:
        add_held(tx, person, fingerprint="same")
    synced()
    for statement in GONE[:many]:
        as_owner(statement.replace("%(id)s", f"'{done}'"))
    assert not synced().whole
    assert rows_of(lake_folder) == rebuilt(database_url, tmp_path / "other")


# --- old months ---

LONG_AGO = datetime.now(UTC) - timedelta(days=200)


@pytest.fixture
def old_and_new(database: Database, as_owner: Owner, person: Person, synced: Sync) -> list[Any]:
    """Ids of a completed generation of long ago and of one of today, both in the lake."""
    with database.as_service() as tx:
        ids = [add_complete(tx, person, fingerprint=name) for name in ("old", "new")]
    for table, key in (("generations", "id"), ("charges", "generation_id")):
        as_owner(f"update studio.{table} set created_at = %s where {key} = %s", LONG_AGO, ids[0])
    synced()
    return ids


def verdicts(lake_folder: Path) -> dict[Any, str | None]:
    rows = ask(lake_folder, "select id, verdict from generations")
    return {row["id"]: row["verdict"] for row in rows}


def judge(database: Database, person: Person, ids: list[Any]) -> None:
    with database.as_person(person.id) as tx:
        curation.judge(tx, person.id, ids, Verdict.APPROVED, "")


def test_a_correction_of_an_old_month_waits_and_what_is_new_does_not(
    database: Database, person: Person, synced: Sync, lake_folder: Path, old_and_new: list[Any]
) -> None:
    old, new = old_and_new
    judge(database, person, old_and_new)
    done = synced()
    assert done.rows == 3  # The generation, and the event of each verdict.
    assert done.waiting == 1  # The generation; its charge is as it was.
    assert verdicts(lake_folder) == {old: None, new: "approved"}
    assert synced().waiting == 1
    due = synced(now=datetime.now(UTC) + timedelta(minutes=10))
    assert (due.waiting, due.whole) == (0, False)
    assert verdicts(lake_folder) == {old: "approved", new: "approved"}
    assert synced().rows == 0


def test_a_charge_that_waits_arrives_though_its_video_is_judged_meanwhile(
    database: Database,
    database_url: SecretStr,
    as_owner: Owner,
    person: Person,
    synced: Sync,
    lake_folder: Path,
    tmp_path: Path,
    old_and_new: list[Any],
) -> None:
    old, _ = old_and_new
    as_owner("update studio.charges set verified = false where generation_id = %s", old)
    assert synced().waiting == 2  # The generation with its charge.
    judge(database, person, [old])
    synced(now=datetime.now(UTC) + timedelta(minutes=10))
    assert rows_of(lake_folder) == rebuilt(database_url, tmp_path / "other")


def test_days_that_have_become_old_are_folded_into_their_month(
    database: Database,
    database_url: SecretStr,
    person: Person,
    synced: Sync,
    lake_folder: Path,
    tmp_path: Path,
    old_and_new: list[Any],
) -> None:
    with database.as_service() as tx:
        add_held(tx, person)
    later = datetime.now(UTC) + timedelta(days=70)
    manifest = synced(now=later, corrections=True).manifest
    partitions = {file.partition for name in DATASETS for file in manifest.relations[name]}
    assert {len(partition) for partition in partitions} <= {len("2026-11"), 0}
    assert rows_of(lake_folder) == rebuilt(database_url, tmp_path / "other")
