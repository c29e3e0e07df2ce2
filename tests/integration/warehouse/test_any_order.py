"""Whatever changes in whatever order: a lake that followed is the lake that is made anew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from storage.models import Person
from storage.postgres import Database, Transaction
from storage.records import curation, events, ledger
from storage.records.gallery import Verdict
from storage.warehouse.pulling import Line
from storage.warehouse.syncing import sync
from storage.warehouse.writing import MOST_CHANGES
from tests.integration.record.record_rows import S, add_complete, add_held, finish, move, sql
from tests.integration.warehouse.lake_rows import rebuilt, rows_of

WRITTEN = (
    "video_ratings", "video_verdicts", "video_changes", "renditions", "videos", "events", "charges",
    "holds", "attempts", "generation_history", "generations", "sync_marks",
)  # fmt: skip
NOW = datetime.now(UTC)
DAYS_AGO = (0, 1, 40, 100, 130, 800)
"""Days of their own, and old months."""
Change = Callable[[Transaction, Person, UUID, int], object]
Plan = list[tuple[str, int, int]]


def complete(tx: Transaction, person: Person, _: UUID, n: int) -> None:
    add_complete(tx, person, fingerprint=f"f{n % 3}")


def queue(tx: Transaction, person: Person, _: UUID, n: int) -> None:
    add_held(tx, person, fingerprint=f"f{n % 3}")


def end(tx: Transaction, person: Person, _: UUID, n: int) -> None:
    one = tx.one_or_none(sql("select id from studio.generations where status = 'queued' limit 1"))
    if one and n % 2:
        move(tx, one["id"], S.FAILED)
    elif one:
        finish(tx, one["id"])


def adjust(tx: Transaction, person: Person, chosen: UUID, n: int) -> None:
    query = sql("select id from studio.generations where id = %(id)s and finished_at is not null")
    if n == 0:
        ledger.adjust_scope(tx, "team", person.team_id, Decimal("0.01"), "Invoice")
    elif tx.one_or_none(query, id=chosen):
        ledger.adjust(tx, chosen, Decimal(n) / 10, "Invoice")


def judge(tx: Transaction, person: Person, chosen: UUID, n: int) -> None:
    if tx.one_or_none(sql("select id from studio.videos where id = %(id)s"), id=chosen):
        curation.judge(tx, person.id, [chosen], list(Verdict)[n % 3], "")
        curation.rate(tx, person.id, [chosen], n % 5 + 1)


def happen(tx: Transaction, person: Person, chosen: UUID, n: int) -> None:
    events.add(tx, "viewed", person_id=person.id, team_id=person.team_id, generation_id=chosen)


def age(tx: Transaction, person: Person, chosen: UUID, n: int) -> None:
    at = NOW - timedelta(days=DAYS_AGO[n % len(DAYS_AGO)])
    for statement in (
        "update studio.generations set created_at = %(at)s where id = %(id)s",
        "update studio.charges set created_at = %(at)s where generation_id = %(id)s",
        "update studio.events set at = %(at)s where generation_id = %(id)s",
    ):
        tx.run(sql(statement), at=at, id=chosen)


def forget(tx: Transaction, person: Person, chosen: UUID, n: int) -> None:
    for table, key in [
        ("events", "generation_id"), ("renditions", "video_id"), ("video_ratings", "video_id"),
        ("videos", "id"), ("attempts", "generation_id"), ("charges", "generation_id"),
        ("holds", "generation_id"), ("generation_history", "generation_id"), ("generations", "id"),
    ][: n + 1]:  # fmt: skip
        if table != "generations" or n == 8:
            tx.run(sql(f"delete from studio.{table} where {key} = %(id)s"), id=chosen)


CHANGES: dict[str, Change] = {
    change.__name__: change for change in (complete, queue, end, adjust, judge, happen, age, forget)
}
plans = st.lists(
    st.tuples(st.sampled_from([*CHANGES, "sync", "later"]), st.integers(0, 8), st.integers(0, 8)),
    min_size=5,
    max_size=25,
)


def follow(
    url: SecretStr, line: Line, database: Database, person: Person, folder: Path, plan: Plan
) -> None:
    """Make the changes; syncs come where the plan says, `later` ones after corrections waited."""
    sync(url, folder, line=line)
    for what, place, n in plan:
        if what in ("sync", "later"):
            now = NOW + timedelta(hours=1) if what == "later" else NOW
            sync(url, folder, line=line, now=now)
            continue
        with database.as_service() as tx:
            found = tx.all(sql("select id from studio.generations order by created_at, id"))
            chosen = found[place % len(found)]["id"] if found else person.id
            if found or what in ("complete", "queue"):
                CHANGES[what](tx, person, chosen, n)


def check(url: SecretStr, line: Line, folder: Path) -> None:
    done = sync(url, folder / "lake", line=line, corrections=True, now=NOW)
    assert not done.whole
    assert done.waiting == 0
    assert rows_of(folder / "lake") == rebuilt(url, folder / "other")


QUICK = settings(
    max_examples=6, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
THOROUGH = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.timeout(3600)
def test_a_lake_that_followed_is_the_lake_that_is_made_anew(
    database: Database,
    database_url: SecretStr,
    person: Person,
    as_owner: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_owner("grant delete on studio.video_verdicts to service_role")
    line = Line(database_url)

    @(THOROUGH if settings.get_current_profile_name() == "thorough" else QUICK)
    @given(plans, st.sampled_from((0, 8, MOST_CHANGES)))
    def any_plan(plan: Plan, most: int) -> None:
        monkeypatch.setattr("storage.warehouse.writing.MOST_CHANGES", most)
        for table in WRITTEN:
            as_owner(f"delete from studio.{table}", triggers=False)
        as_owner("select studio.recount_money()")
        with tempfile.TemporaryDirectory() as folder:
            follow(database_url, line, database, person, Path(folder) / "lake", plan)
            check(database_url, line, Path(folder))

    any_plan()
    line.close()
