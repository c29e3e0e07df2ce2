"""No budget is overshot: whoever admits at the same moment, in every window, for every scope."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from storage.errors import RecordConflict
from storage.models import Campaign, Person, Role
from storage.postgres import Database, Transaction
from storage.records import campaigns, ledger
from tests.integration.record.record_rows import S, add_held, finish, move, sql

Owner = Callable[..., list[Any]]
Add = Callable[..., Person]
Limit = Callable[..., None]
SCOPES = ("organisation", "team", "campaign", "person", "default")
TRIES, ROOM = 60, 10


@pytest.fixture
def spring(database: Database, person: Person) -> Campaign:
    with database.as_service() as tx:
        return campaigns.ensure(tx, person.team_id, "Spring", person.id)


@pytest.fixture
def limit(database: Database, person: Person, spring: Campaign) -> Limit:
    """Sets a budget: `limit("team", 10, period="month", kind="soft")`."""
    targets = {"team": person.team_id, "campaign": spring.id, "person": person.id}

    def run(scope: str, usd: object, period: str = "day", kind: str = "hard") -> None:
        with database.as_service() as tx:
            ledger.set_budget(
                tx,
                scope="person" if scope == "default" else scope,
                period=period,
                kind=kind,
                limit_usd=Decimal(str(usd)),
                target=targets.get(scope),
            )

    return run


def admit_some(url: SecretStr, person: Person, campaign_id: UUID | None, times: int) -> int:
    """Admit so often and complete every other one; how many had room."""
    admitted = 0
    with Database(url, max_connections=1) as database:
        for _ in range(times):
            try:
                with database.as_person(person.id) as tx:
                    generation_id = add_held(tx, person, campaign_id=campaign_id)
            except RecordConflict as exc:
                if exc.constraint != "budget_has_room":
                    raise
            else:
                admitted += 1
                if admitted % 2:
                    with database.as_service() as tx:
                        finish(tx, generation_id)
    return admitted


def admitted_at_once(
    url: SecretStr, people: list[Person], campaign_id: UUID | None, executor: Executor
) -> int:
    """TRIES admissions shared by several workers; how many had room."""
    each = TRIES // len(people)
    jobs = [executor.submit(admit_some, url, who, campaign_id, each) for who in people]
    return sum(job.result(timeout=60) for job in jobs)


@contextmanager
def never_more_held(url: SecretStr, limit_usd: int) -> Iterator[None]:
    """Looks all the while, from a connection of its own, that the limit holds."""
    stop = threading.Event()
    seen: list[Decimal] = []
    used = sql("""
        select sum(amount_usd) as usd from (
            select amount_usd from studio.holds where released_at is null
            union all select amount_usd from studio.charges
            union all select 0) as money""")

    def look() -> None:
        with Database(url, max_connections=1) as database:
            while not stop.is_set():
                with database.as_service() as tx:
                    seen.append(tx.one(used)["usd"])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert len(seen) > 1
    assert max(seen) <= limit_usd


@pytest.mark.parametrize("scope", SCOPES)
def test_as_many_are_admitted_at_once_as_there_is_room(
    database_url: SecretStr,
    person: Person,
    spring: Campaign,
    limit: Limit,
    scope: str,
) -> None:
    limit(scope, ROOM)
    with never_more_held(database_url, ROOM), ThreadPoolExecutor(6) as threads:
        admitted = admitted_at_once(database_url, [person] * 6, spring.id, threads)
    assert admitted == ROOM


def test_all_scopes_together_neither_overshoot_nor_deadlock(
    database_url: SecretStr, person: Person, spring: Campaign, limit: Limit
) -> None:
    for scope in SCOPES:
        for period in ("total", "month", "day"):
            limit(scope, ROOM if scope == "team" else ROOM + 1, period)
    with never_more_held(database_url, ROOM), ThreadPoolExecutor(6) as threads:
        admitted = admitted_at_once(database_url, [person] * 6, spring.id, threads)
    assert admitted == ROOM


def test_people_with_different_budgets_share_the_teams(
    database_url: SecretStr,
    add_person: Add,
    spring: Campaign,
    limit: Limit,
) -> None:
    limit("team", ROOM)
    limit("default", ROOM - 1)
    company = [add_person(name) for name in ("Ben", "Cid", "Dan", "Eva", "Fay", "Gil")]
    with never_more_held(database_url, ROOM), ThreadPoolExecutor(6) as threads:
        assert admitted_at_once(database_url, company, spring.id, threads) == ROOM


def test_processes_find_the_same_limit_as_threads(
    database_url: SecretStr, person: Person, limit: Limit
) -> None:
    limit("organisation", ROOM)
    spawned = multiprocessing.get_context("spawn")
    with (
        never_more_held(database_url, ROOM),
        ProcessPoolExecutor(2, mp_context=spawned) as processes,
    ):
        assert admitted_at_once(database_url, [person] * 2, None, processes) == ROOM


# --- windows, in a company whose day begins in Berlin ---


def has_room(database: Database, person: Person, campaign_id: UUID | None = None) -> bool:
    try:
        with database.as_person(person.id) as tx:
            add_held(tx, person, campaign_id=campaign_id)
    except RecordConflict as exc:
        if exc.constraint != "budget_has_room":
            raise
        return False
    return True


def charged(database: Database, owner: Owner, person: Person, at: str) -> None:
    """One dollar charged at a time given as SQL."""
    with database.as_service() as tx:
        generation_id = add_held(tx, person)
        finish(tx, generation_id)
    owner(f"update studio.charges set created_at = {at} where generation_id = %s", generation_id)


TODAY = "date_trunc('day', now() at time zone 'Europe/Berlin') at time zone 'Europe/Berlin'"
THIS_MONTH = TODAY.replace("'day'", "'month'")


@pytest.mark.parametrize(
    ("period", "at", "counts"),
    [
        ("day", TODAY, True),
        ("day", f"{TODAY} - interval '1 microsecond'", False),
        ("month", THIS_MONTH, True),
        ("month", f"{THIS_MONTH} - interval '1 microsecond'", False),
        ("total", "'2001-01-01'", True),
    ],
)
def test_charges_count_in_their_window(
    database: Database,
    as_owner: Owner,
    person: Person,
    limit: Limit,
    period: str,
    at: str,
    counts: bool,
) -> None:
    charged(database, as_owner, person, at)
    limit("organisation", 1, period)
    assert has_room(database, person) is not counts


@pytest.mark.parametrize(
    ("period", "at", "start", "end"),
    [
        ("day", "2026-03-29 10:00Z", "2026-03-28 23:00Z", "2026-03-29 22:00Z"),
        ("day", "2026-10-25 10:00Z", "2026-10-24 22:00Z", "2026-10-25 23:00Z"),
        ("day", "2026-01-01 23:30Z", "2026-01-01 23:00Z", "2026-01-02 23:00Z"),
        ("month", "2026-03-31 22:30Z", "2026-03-31 22:00Z", "2026-04-30 22:00Z"),
        ("total", "2026-01-01 00:00Z", "-infinity", "infinity"),
    ],
)
def test_windows_follow_the_companys_clock(
    as_owner: Owner, period: str, at: str, start: str, end: str
) -> None:
    rows = as_owner(
        "select studio.period_start(%s, %s) = %s, studio.period_end(%s, %s) = %s",
        *(period, at, start, period, at, end),
    )
    assert rows == [(True, True)]


def test_a_hold_counts_however_old_it_is(
    database: Database, as_owner: Owner, person: Person, limit: Limit
) -> None:
    limit("organisation", 1)
    assert has_room(database, person)
    as_owner("update studio.holds set created_at = now() - interval '40 days'")
    assert not has_room(database, person)


# --- which budgets count ---


def test_soft_budgets_never_refuse(database: Database, person: Person, limit: Limit) -> None:
    for scope in SCOPES:
        limit(scope, 0, kind="soft")
    assert has_room(database, person)


def test_budgets_that_ended_count_no_more(
    database: Database, as_owner: Owner, person: Person, limit: Limit
) -> None:
    limit("organisation", 0)
    as_owner("update studio.budgets set active = false")
    assert has_room(database, person)


def test_an_own_budget_replaces_the_default_both_ways(
    database: Database,
    add_person: Add,
    person: Person,
    limit: Limit,
) -> None:
    limit("default", 0)
    limit("person", 1)
    assert has_room(database, person)
    assert not has_room(database, person)
    assert not has_room(database, add_person("Ben"))


def test_an_own_budget_of_another_window_leaves_the_default(
    database: Database, person: Person, limit: Limit
) -> None:
    limit("default", 0)
    limit("person", 5, period="month")
    assert not has_room(database, person)


def test_anothers_budgets_do_not_count(
    database: Database,
    add_person: Add,
    person: Person,
    limit: Limit,
) -> None:
    for scope in ("team", "campaign", "person"):
        limit(scope, 0)
    assert has_room(database, add_person("Cid", team="Sales"))


def test_a_refusal_says_which_budget_and_what_is_free(
    database: Database, person: Person, spring: Campaign, limit: Limit
) -> None:
    limit("campaign", "1.5", period="total")
    assert has_room(database, person, spring.id)
    with pytest.raises(RecordConflict) as refused, database.as_person(person.id) as tx:
        add_held(tx, person, campaign_id=spring.id)
    assert '"scope": "campaign"' in refused.value.detail
    assert '"free_usd": "0.500000"' in refused.value.detail
    assert '"resets_at": null' in refused.value.detail


def test_a_refused_admission_leaves_nothing_behind(
    database: Database, as_owner: Owner, person: Person, limit: Limit
) -> None:
    limit("organisation", "0.5")
    assert not has_room(database, person)
    assert as_owner("select 1 from studio.generations union all select 1 from studio.holds") == []


def test_ending_gives_the_room_back(database: Database, person: Person, limit: Limit) -> None:
    limit("organisation", 1)
    for status in (S.FAILED, S.CANCELED):
        with database.as_service() as tx:
            move(tx, add_held(tx, person), status)
    assert has_room(database, person)


def test_a_hold_and_its_end_wait_for_each_other(database: Database, person: Person) -> None:
    """A hold placed while its generation ends is either released with it or refused."""
    with database.as_service() as tx:
        generation_id = add_held(tx, person)
        tx.run(sql("update studio.holds set released_at = now(), release_reason = 'test'"))
    with ThreadPoolExecutor(1) as other, database.as_service() as tx:
        move(tx, generation_id, S.CANCELED)
        placing = other.submit(_place, database, generation_id)
        _wait_until_blocked(tx)
    with pytest.raises(RecordConflict, match="finished"):
        placing.result(timeout=30)


def _place(database: Database, generation_id: UUID) -> None:
    with database.as_service() as tx:
        ledger.place_hold(tx, generation_id, Decimal(1), expires_s=60)


def _wait_until_blocked(tx: Transaction) -> None:
    deadline = time.monotonic() + 30
    while not tx.all(sql("select 1 from pg_locks where not granted")):
        assert time.monotonic() < deadline, "the other never waited"
        time.sleep(0.01)


# --- what a person may spend ---


def test_the_room_is_that_of_the_tightest_hard_budget(
    database: Database, person: Person, spring: Campaign, limit: Limit
) -> None:
    limit("organisation", 3)
    limit("campaign", "1.5", period="total")
    limit("team", 1, kind="soft")
    with database.as_person(person.id) as tx:
        add_held(tx, person)
        outside, inside = ledger.my_room(tx, None), ledger.my_room(tx, spring.id)
    assert outside is not None
    assert inside is not None
    assert (outside.scope, outside.free_usd) == ("organisation", Decimal(2))
    assert (inside.scope, inside.period, inside.resets_at) == ("campaign", "total", None)


def test_without_a_budget_there_is_no_room_to_tell(database: Database, person: Person) -> None:
    with database.as_person(person.id) as tx:
        assert ledger.my_room(tx, None) is None


def test_a_limit_below_what_is_used_leaves_nothing(
    database: Database, person: Person, limit: Limit
) -> None:
    assert has_room(database, person)
    limit("person", "0.25")
    with database.as_person(person.id) as tx:
        room = ledger.my_room(tx, None)
    assert room is not None
    assert room.free_usd == 0


def test_a_team_may_be_given_several_windows(database: Database, add_person: Add) -> None:
    ben = add_person("Ben", role=Role.MANAGER)
    with database.as_service() as tx:
        for period, usd in (("day", 2), ("month", 1)):
            ledger.set_budget(
                tx, scope="team", period=period, kind="hard", limit_usd=Decimal(usd),
                target=ben.team_id, created_by=ben.id,
            )  # fmt: skip
    assert [has_room(database, ben) for _ in range(2)] == [True, False]
