"""No budget is overshot: whoever admits at the same moment, in every window, for every scope."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from storage.errors import RecordConflict
from storage.models import Campaign, Person, Role
from storage.postgres import Database, Transaction
from storage.records import campaigns, generations, ledger
from tests.integration.record.record_rows import S, add_held, finish, move, new_generation, sql

Owner = Callable[..., list[Any]]
Add = Callable[..., Person]
Limit = Callable[..., None]
Tally = Counter[str]
SCOPES = ("organisation", "team", "campaign", "person")
TRIES, ROOM, LEAST_LOOKS = 200, 10, 30


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


def try_once(database: Database, person: Person, campaign_id: UUID | None) -> tuple[str, UUID]:
    """Admit a generation; `admitted`, or the scope of the budget that refused, and its id."""
    new = new_generation(person, campaign_id=campaign_id)
    try:
        with database.as_person(person.id) as tx:
            generations.insert(tx, new)
            ledger.place_hold(tx, new.id, new.estimate_usd, expires_s=3600)
    except RecordConflict as exc:
        if exc.constraint != "budget_has_room":
            raise
        return json.loads(exc.detail)["scope"], new.id
    return "admitted", new.id


def admit_some(url: SecretStr, person: Person, campaign_id: UUID | None, times: int) -> Tally:
    """Admit so often and complete every other one; how often each answer came."""
    told: Tally = Counter()
    with Database(url, max_connections=1) as database:
        for _ in range(times):
            answer, generation_id = try_once(database, person, campaign_id)
            told[answer] += 1
            if answer == "admitted" and told[answer] % 2:
                with database.as_service() as tx:
                    finish(tx, generation_id)
    return told


def admit_at_once(url: SecretStr, people: list[Person], campaign_id: UUID | None) -> Tally:
    """Threads of this process, each with a part of TRIES admissions; all their answers."""
    each = TRIES // len(people)
    with ThreadPoolExecutor(len(people)) as threads:
        jobs = [threads.submit(admit_some, url, who, campaign_id, each) for who in people]
        return sum((job.result(timeout=60) for job in jobs), Counter())


USED = b"""
    with money as (
        select person_id, team_id, campaign_id, amount_usd from studio.holds
        where released_at is null
        union all select person_id, team_id, campaign_id, amount_usd from studio.charges)
    select b.scope, b.limit_usd, max(u.usd) from studio.budgets as b
    cross join lateral (
        select sum(m.amount_usd) as usd from money as m
        where case b.scope
            when 'team' then m.team_id = b.team_id
            when 'campaign' then m.campaign_id = b.campaign_id
            when 'person' then m.person_id = coalesce(b.person_id, m.person_id)
            else true end
        group by case when b.scope = 'person' then m.person_id end) as u
    group by b.id"""
"""What each budget has charged and held, from the rows themselves: one statement, one snapshot."""


@contextmanager
def never_overshot(url: SecretStr) -> Iterator[None]:
    """Looks all the while, from a connection of its own, that every limit holds."""
    stop = threading.Event()
    looks: list[list[tuple[str, Decimal, Decimal]]] = []

    def look() -> None:
        with psycopg.connect(url.get_secret_value(), autocommit=True) as connection:
            while not stop.is_set():
                looks.append(connection.execute(USED).fetchall())

    with ThreadPoolExecutor(1) as other:
        looking = other.submit(look)
        try:
            yield
        finally:
            stop.set()
        looking.result(timeout=30)
    assert [row for rows in looks for row in rows if row[2] > row[1]] == []
    assert len({tuple(rows) for rows in looks}) > 2, "it looked only before and after"
    assert len(looks) >= LEAST_LOOKS


def test_of_200_at_once_10_are_admitted_when_every_scope_has_room_for_10(
    database_url: SecretStr, person: Person, spring: Campaign, limit: Limit
) -> None:
    """Threads of two processes, against four budgets of three windows."""
    windows = {"organisation": "total", "team": "month", "campaign": "day", "person": "month"}
    for scope, period in windows.items():
        limit(scope, ROOM, period)
    limit("default", ROOM, "day")
    half = partial(admit_some, database_url, person, spring.id, TRIES // 8)
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawned) as processes:
        processes.submit(int).result(timeout=60)
        with never_overshot(database_url):
            jobs = [processes.submit(in_threads, half, 4) for _ in range(2)]
            told = sum((job.result(timeout=60) for job in jobs), Counter())
    assert told == {"admitted": ROOM, "organisation": TRIES - ROOM}


def in_threads(act: Callable[[], Tally], count: int) -> Tally:
    """So many threads of this process do the same at once; all their answers."""
    with ThreadPoolExecutor(count) as threads:
        jobs = [threads.submit(act) for _ in range(count)]
        return sum((job.result(timeout=60) for job in jobs), Counter())


@pytest.mark.parametrize("tight", SCOPES)
def test_the_budget_that_is_used_up_is_named(
    database_url: SecretStr, person: Person, spring: Campaign, limit: Limit, tight: str
) -> None:
    for scope in SCOPES:
        for period in ("total", "month", "day"):
            limit(scope, ROOM if scope == tight else ROOM + 1, period)
    with never_overshot(database_url):
        told = admit_at_once(database_url, [person] * 4, spring.id)
    assert told == {"admitted": ROOM, tight: TRIES - ROOM}


def test_people_with_different_budgets_share_the_teams(
    database_url: SecretStr,
    add_person: Add,
    spring: Campaign,
    limit: Limit,
) -> None:
    limit("team", ROOM)
    limit("default", 3)
    company = [add_person(name) for name in ("Ben", "Cid", "Dan", "Eva", "Fay")]
    with never_overshot(database_url):
        told = admit_at_once(database_url, company, spring.id)
    assert told["admitted"] == ROOM
    assert told["team"] + told["person"] == TRIES - ROOM


# --- windows, in a company whose day begins in Berlin ---


def has_room(database: Database, person: Person, campaign_id: UUID | None = None) -> bool:
    return try_once(database, person, campaign_id)[0] == "admitted"


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
