"""Whose generation is claimed next: counted claims, a model over random people, and the plan."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from storage.models import Person, Role
from storage.postgres import Database
from storage.records import generations, people
from storage.sqlfiles import queries
from tests.integration.record.record_rows import S, add_attempt, move, new_generation, sql

MANY = 1_000_000
BATCH = 500

_COPIES = sql("""
    insert into studio.generations (
        id, person_id, team_id, lane, title, model, endpoint, prompt, sent_prompt, parameters,
        start_image, fingerprint, price_usd_per_unit, price_tokens_per_unit, price_source,
        price_as_of, estimate_usd, created_at)
    select
        gen_random_uuid(), person_id, team_id, lane, title, model, endpoint, prompt, sent_prompt,
        parameters, start_image, fingerprint, price_usd_per_unit, price_tokens_per_unit,
        price_source, price_as_of, estimate_usd, created_at + make_interval(secs => n * 0.001)
    from studio.generations cross join generate_series(1, %(copies)s) as n
    where id = %(id)s
""")


@dataclass(frozen=True)
class Queue:
    """The queue of a company, worked by hand: who adds, what is claimed, what ends at fal."""

    url: SecretStr
    database: Database
    people: list[Person]

    def clear(self) -> None:
        with psycopg.connect(self.url.get_secret_value()) as owner:
            # Else each of ten thousand rows is looked for in every table that may name it.
            owner.execute("set session_replication_role = replica")
            for table in ("attempts", "generation_history", "generations", "turns"):
                owner.execute(SQL("delete from studio.{}").format(Identifier(table)))

    def add(self, who: int, lane: str = "interactive", n: int = 1) -> None:
        """Queue `n` generations of a person."""
        new = new_generation(self.people[who], lane=lane)
        with self.database.as_service() as tx:
            generations.insert(tx, new)
            if n > 1:
                tx.run(_COPIES, id=new.id, copies=n - 1)

    def claim(self, limit: int = MANY, own_limit: int | None = None) -> tuple[int, UUID] | None:
        """The claimed generation and whose it is, as it goes on its way to fal."""
        with self.database.as_service() as tx:
            lease = generations.claim_submit(
                tx, in_flight_limit=limit, person_limit=own_limit, lease_s=60
            )
            if lease is None:
                return None
            move(tx, lease.generation_id, S.SUBMITTING, S.WAITING)
            owner = generations.by_id(tx, lease.generation_id).person_id
        return [person.id for person in self.people].index(owner), lease.generation_id

    def claimed_by(self, times: int, **limits: Any) -> list[int | None]:
        """Whose generations so many claims get; None where there was none to be had."""
        found = [self.claim(**limits) for _ in range(times)]
        return [one[0] if one else None for one in found]

    def end_one_of(self, who: int) -> None:
        """fal has finished one request of a person."""
        with self.database.as_service() as tx:
            row = tx.one(
                sql("select id from studio.in_flight where person_id = %(id)s limit 1"),
                id=self.people[who].id,
            )
            move(tx, row["id"], S.COLLECTING)


@pytest.fixture(scope="module")
def company(shared_url: SecretStr, shared_database: Database) -> Queue:
    with shared_database.as_service() as tx:
        staff = [
            people.add(tx, email=f"{name}@acme.test", name=name, role=Role.MEMBER, team="Marketing")
            for name in ("Ann", "Ben", "Cid", "Dee")
        ]
    return Queue(shared_url, shared_database, staff)


@pytest.fixture
def queue(company: Queue) -> Queue:
    company.clear()
    return company


ANN, BEN, CID, DEE = range(4)


@pytest.mark.parametrize("batch_lane", ["interactive", "batch"])
def test_a_single_request_goes_before_all_that_a_batch_has_left(
    queue: Queue, batch_lane: str
) -> None:
    queue.add(ANN, batch_lane, BATCH)
    assert queue.claimed_by(5) == [ANN] * 5
    queue.add(BEN)
    assert queue.claimed_by(3) == [BEN, ANN, ANN]


def test_a_single_request_in_the_lane_of_batches_does_too(queue: Queue) -> None:
    queue.add(ANN, "batch", BATCH)
    queue.claimed_by(5)
    queue.add(BEN, "batch")
    assert queue.claimed_by(3) == [BEN, ANN, ANN]


@pytest.mark.parametrize("lane", ["interactive", "batch"])
def test_it_does_so_behind_the_batches_of_several(queue: Queue, lane: str) -> None:
    for who in (ANN, BEN, CID):
        queue.add(who, lane, BATCH)
    queue.claimed_by(7)
    queue.add(DEE, lane)
    assert queue.claimed_by(1) == [DEE]


def test_the_next_free_place_of_a_full_account_is_the_single_requests(queue: Queue) -> None:
    queue.add(ANN, "batch", BATCH)
    assert queue.claimed_by(3, limit=2) == [ANN, ANN, None]
    queue.add(BEN, "batch")
    assert queue.claim(limit=2) is None
    queue.end_one_of(ANN)
    assert queue.claimed_by(2, limit=2) == [BEN, None]


def test_somebody_who_comes_back_waits_for_one_free_place_each_time(queue: Queue) -> None:
    for who in (ANN, CID):
        queue.add(who, "batch", BATCH)
    queue.claimed_by(6, limit=6)
    for _ in range(4):
        queue.add(BEN, "batch")
        queue.end_one_of(ANN)
        assert queue.claimed_by(2, limit=6) == [BEN, None]
        queue.end_one_of(BEN)
        queue.claimed_by(1, limit=6)


def test_two_batches_come_to_share_the_account_evenly(queue: Queue) -> None:
    queue.add(ANN, "batch", BATCH)
    queue.claimed_by(10, limit=10)
    queue.add(BEN, "batch", BATCH)
    for _ in range(5):
        queue.end_one_of(ANN)
    assert queue.claimed_by(6, limit=10) == [BEN] * 5 + [None]


def test_somebody_alone_may_have_every_place(queue: Queue) -> None:
    queue.add(ANN, n=30)
    assert queue.claimed_by(21, limit=20) == [ANN] * 20 + [None]


def test_a_limit_of_ones_own_leaves_places_free(queue: Queue) -> None:
    queue.add(ANN, n=BATCH)
    queue.add(BEN, "batch", 2)
    assert queue.claimed_by(6, limit=20, own_limit=3) == [ANN, ANN, ANN, BEN, BEN, None]
    queue.end_one_of(ANN)
    assert queue.claimed_by(2, limit=20, own_limit=3) == [ANN, None]


def test_what_may_not_be_claimed_is_not_rung_for(queue: Queue) -> None:
    queue.add(ANN, n=5)
    queue.add(BEN, "batch")
    queue.claimed_by(2, own_limit=3)
    with queue.database.as_service() as tx:
        assert generations.work_to_ring(tx)["submit"] == 4
        assert generations.work_to_ring(tx, person_limit=3)["submit"] == 2
        assert generations.work_to_ring(tx, person_limit=1)["submit"] == 1


def test_one_that_waits_for_another_try_holds_up_nobody(queue: Queue) -> None:
    queue.add(ANN, n=2)
    with queue.database.as_service() as tx:
        tx.run(
            sql("""
            update studio.generations set not_before = now() + interval '1 hour'
            where id = (select id from studio.generations order by created_at limit 1)
        """)
        )
    assert queue.claimed_by(2) == [ANN, None]


def test_a_lost_answer_gives_its_place_back_when_it_can_not_run_any_more(queue: Queue) -> None:
    queue.add(ANN, n=2)
    claimed = queue.claim(limit=1)
    assert claimed is not None
    with queue.database.as_service() as tx:
        add_attempt(tx, claimed[1])
        tx.run(sql("update studio.attempts set state = 'unknown'"))
        move(tx, claimed[1], S.CANCELING)
    assert queue.claim(limit=1) is None
    with queue.database.as_service() as tx:
        tx.run(sql("update studio.attempts set start_deadline = now() - interval '61 minutes'"))
    assert queue.claimed_by(1, limit=1) == [ANN]


# --- a model of it ---

LANES = ("interactive", "batch")


@dataclass
class Model:
    """What the claim should do, in Python: it looks at every row."""

    waiting: dict[str, Counter[int]] = field(
        default_factory=lambda: {lane: Counter() for lane in LANES}
    )
    busy: Counter[int] = field(default_factory=Counter)
    turn: dict[int, int] = field(default_factory=dict)
    came: dict[tuple[str, int], int] = field(default_factory=dict)
    clock: int = 0

    def add(self, who: int, lane: str, n: int) -> None:
        self.clock += 1
        if not self.waiting[lane][who]:
            self.came[lane, who] = self.clock
        self.waiting[lane][who] += n

    def claim(self, limit: int, own_limit: int | None) -> int | None:
        if self.busy.total() >= limit:
            return None
        for lane in LANES:
            may = [
                who
                for who, n in self.waiting[lane].items()
                if n and (own_limit is None or self.busy[who] < own_limit)
            ]
            if may:
                return self._take(lane, min(may, key=lambda who: self._rank(lane, who)))
        return None

    def _rank(self, lane: str, who: int) -> tuple[int, int, int]:
        return self.busy[who], self.turn.get(who, 0), self.came[lane, who]

    def _take(self, lane: str, who: int) -> int:
        self.clock += 1
        self.turn[who] = self.clock
        self.waiting[lane][who] -= 1
        self.busy[who] += 1
        return who


added = st.tuples(st.just("add"), st.integers(0, 3), st.sampled_from(LANES), st.integers(1, 4))
claims = st.tuples(st.just("claim"), st.integers(1, 4))
ended = st.tuples(st.just("end"), st.integers(0, 3))
steps = st.lists(st.one_of(added, claims, ended), max_size=12)
random_days = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def play(queue: Queue, model: Model, step: tuple[Any, ...], limit: int, own: int | None) -> None:
    """One step in the record and in the model; both say the same."""
    match step:
        case ("add", who, lane, n):
            queue.add(who, lane, n)
            model.add(who, lane, n)
        case ("claim", times):
            wanted = [model.claim(limit, own) for _ in range(times)]
            assert queue.claimed_by(times, limit=limit, own_limit=own) == wanted
        case ("end", who) if model.busy[who]:
            queue.end_one_of(who)
            model.busy[who] -= 1


@random_days
@given(steps=steps, limit=st.integers(1, 8), own=st.none() | st.integers(1, 3))
def test_claims_are_those_of_the_model(
    queue: Queue, steps: list[tuple[Any, ...]], limit: int, own: int | None
) -> None:
    queue.clear()
    model = Model()
    for step in steps:
        play(queue, model, step, limit, own)


@random_days
@given(steps=steps, lane=st.sampled_from(LANES))
def test_whoever_has_nothing_at_fal_waits_only_for_others_who_have_nothing(
    queue: Queue, steps: list[tuple[Any, ...]], lane: str
) -> None:
    queue.clear()
    model = Model()
    for step in steps:
        match step:
            case ("add", who, _, n) if who != DEE:
                play(queue, model, ("add", who, lane, n), MANY, None)
            case ("claim", _) | ("end", _):
                play(queue, model, step, MANY, None)
    idle = {who for who in (ANN, BEN, CID) if model.waiting[lane][who] and not model.busy[who]}
    queue.add(DEE, lane)
    before = list(iter(lambda: queue.claimed_by(1)[0], DEE))
    assert set(before) <= idle
    assert len(before) == len(set(before)), "somebody went first twice"


@random_days
@given(steps=steps)
def test_places_are_the_order_of_the_claims(queue: Queue, steps: list[tuple[Any, ...]]) -> None:
    queue.clear()
    model = Model()
    for step in steps:
        play(queue, model, step, MANY, None)
    with queue.database.as_service() as tx:
        rows = tx.all(sql("select id, place, own_place from studio.queue_places order by place"))
    assert [row["place"] for row in rows] == list(range(1, len(rows) + 1))
    own: Counter[int] = Counter()
    for row in rows:
        claimed = queue.claim()
        assert claimed is not None
        assert claimed[1] == row["id"]
        own[claimed[0]] += 1
        assert row["own_place"] == own[claimed[0]]


# --- what a claim costs ---


def test_a_claim_reads_a_few_rows_of_a_queue_of_ten_thousand(queue: Queue) -> None:
    for who, lane in ((ANN, "batch"), (BEN, "batch"), (CID, "interactive"), (DEE, "batch")):
        queue.add(who, lane, 2500)
    queue.claimed_by(40)
    plan = _plan(queue, "claim_submit", in_flight_limit=100, person_limit=None, lease_s=30)
    read = [(n["Relation Name"], _rows(n)) for n in _nodes(plan) if "Relation Name" in n]
    assert sum(rows for name, rows in read if name == "generations") < 200
    assert "generations_queued" in json.dumps(plan)
    assert "Seq Scan on generations" not in json.dumps(plan)


def test_the_limit_of_submits_reads_the_last_minute_only(queue: Queue) -> None:
    queue.add(ANN, n=2500)
    with queue.database.as_service() as tx:
        tx.run(sql("update studio.generations set created_at = created_at - interval '1 hour'"))
    queue.add(ANN, n=5)
    plan = _plan(queue, "wait_for_submit", person_id=queue.people[ANN].id, most=5)
    assert sum(_rows(node) for node in _nodes(plan) if "Relation Name" in node) == 5


def _plan(queue: Queue, name: str, **parameters: object) -> dict[str, Any]:
    """What Postgres did for a query, as it says itself; nothing of it stays."""
    with psycopg.connect(queue.url.get_secret_value()) as owner:
        owner.execute("analyze studio.generations")
        text = f"explain (analyze, format json) {queries('generations')[name].text}"
        (row,) = owner.execute(text, parameters).fetchall()
        owner.rollback()
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]


def _rows(node: dict[str, Any]) -> int:
    """Rows that a scan looked at, those it dropped too."""
    dropped = node.get("Rows Removed by Filter", 0)
    return int((node["Actual Rows"] + dropped) * node["Actual Loops"])
