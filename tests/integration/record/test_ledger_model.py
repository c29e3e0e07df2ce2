"""The ledger against a model of it in Python, over random lives of generations and budgets.

Few and always the same lives in a usual run; many new ones with
`pytest --hypothesis-profile thorough tests/integration/record/test_ledger_model.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from jobs.pricing import charge_for, hold_usd
from storage.errors import RecordConflict
from storage.models import Campaign, Person, Price, Role
from storage.postgres import Database, Transaction
from storage.records import books, budgets, campaigns, generations, ledger, people
from tests.integration.record.ledger_model import (
    PEOPLE,
    WHOSE,
    Correction,
    Entry,
    Given,
    Key,
    Limit,
    Model,
    scope_of,
    today,
)
from tests.integration.record.record_rows import PATHS, S, move, new_generation

EMPTIED = ("charges", "holds", "generation_history", "generations", "budgets")
MONEY = {
    "sums_differ",
    "holds_on_finished",
    "unfinished_without_hold",
    "completed_without_one_charge",
    "budgets_overshot",
}
A_DOLLAR = Price(Decimal(1), 1, "fal.ai", "2025-01-01")
"""A unit costs a dollar, so a bill's units are its dollars."""

BILLS: dict[str, tuple[Decimal | None, str]] = {
    "half": (Decimal("0.5"), "bill"),
    "as estimated": (Decimal(1), "bill"),
    "all that is held": (Decimal("1.05"), "bill"),
    "above the hold": (Decimal("1.06"), "estimate"),
    "missing": (None, "estimate"),
    "zero": (Decimal(0), "estimate"),
    "negative": (Decimal(-1), "estimate"),
    "far too little": (Decimal("0.001"), "estimate"),
    "absurd": (Decimal(10) ** 30, "estimate"),
    "no number": (Decimal("NaN"), "estimate"),
    "infinite": (Decimal("Infinity"), "estimate"),
}
"""What fal says it billed, as a part of the estimate, and what is charged for it."""

A_DAY_LATER = (
    """update studio.charges set created_at = (
        created_at at time zone 'Europe/Berlin' - interval '1 day') at time zone 'Europe/Berlin'""",
    """update studio.holds set created_at = created_at - interval '1 day',
        expires_at = expires_at - interval '1 day'""",
    """update studio.budget_grants set starts_at = starts_at - interval '1 day',
        ends_at = ends_at - interval '1 day', ended_at = ended_at - interval '1 day'""",
    "update studio.budget_changes set changed_at = changed_at - interval '1 day'",
)


@dataclass(frozen=True)
class Company:
    """The company of the model in the record."""

    url: SecretStr
    database: Database
    people: list[Person]
    admin: Person
    campaign: Campaign

    def as_owner(self, *statements: str) -> None:
        with psycopg.connect(self.url.get_secret_value()) as owner:
            for statement in statements:
                owner.execute(statement.encode())

    def forget_all(self) -> None:
        with psycopg.connect(self.url.get_secret_value()) as owner:
            for table in EMPTIED:
                owner.execute(SQL("delete from studio.{}").format(Identifier(table)))

    def target(self, whose: str) -> UUID | None:
        if whose.startswith("person"):
            return self.people[int(whose[-1])].id
        return {"team": self.people[0].team_id, "campaign": self.campaign.id}.get(whose)


@pytest.fixture(scope="module")
def company(shared_url: SecretStr, shared_database: Database) -> Company:
    with shared_database.as_service() as tx:
        members = [
            people.add(tx, email=f"p{i}@acme.test", name=f"P{i}", role=Role.MEMBER, team=team)
            for i, team in enumerate(PEOPLE)
        ]
        ada = people.add(tx, email="ada@acme.test", name="Ada", role=Role.ADMIN, team="Office")
        spring = campaigns.ensure(tx, members[0].team_id, "Spring", members[0].id)
    return Company(shared_url, shared_database, members, ada, spring)


def cents(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most).map(lambda count: Decimal(count) / 100)


keys = st.tuples(st.sampled_from(WHOSE), st.sampled_from(["day", "month", "total"]))
picks = st.integers(0, 50)


class Books(RuleBasedStateMachine):
    """Whatever people and fal do, in any order; the record and the model agree after each."""

    def __init__(self, company: Company) -> None:
        super().__init__()
        self.company, self.model = company, Model()
        company.forget_all()

    def acting(self) -> Any:
        """A transaction of the administrator."""
        return self.company.database.as_person(self.company.admin.id)

    def pick(self, index: int, *, is_open: bool) -> Entry | None:
        fitting = [entry for entry in self.model.entries if entry.open is is_open]
        return fitting[index % len(fitting)] if fitting else None

    @initialize(first=st.dictionaries(keys, cents(1500), min_size=1, max_size=5))
    def begin(self, first: dict[Key, Decimal]) -> None:
        for key, usd in first.items():
            self.set_limit(key, usd)

    @rule(person=st.integers(0, 2), campaign=st.booleans(), usd=cents(500))
    def admit(self, person: int, campaign: bool, usd: Decimal) -> None:
        campaign = campaign and PEOPLE[person] == "Marketing"
        refusing = self.model.refusing(person, campaign, hold_usd(usd))
        made = new_generation(
            self.company.people[person],
            campaign_id=self.company.campaign.id if campaign else None,
            estimate_usd=usd,
            price=A_DOLLAR,
        )
        try:
            with self.company.database.as_person(made.person_id) as tx:
                generations.insert(tx, made)
                ledger.place_hold(tx, made.id, hold_usd(usd), expires_s=3600)
        except RecordConflict as exc:
            said = json.loads(exc.detail)
            told = {
                (scope_of(whose), period): max(free, Decimal(0))
                for (whose, period), free in refusing.items()
            }
            assert told[said["scope"], said["period"]] == Decimal(said["free_usd"])
        else:
            assert refusing == {}
            self.model.entries.append(Entry(made.id, person, campaign, usd, hold_usd(usd)))

    @rule(index=picks, bill=st.sampled_from(list(BILLS)))
    def settle(self, index: int, bill: str) -> None:
        entry = self.pick(index, is_open=True)
        if entry is None:
            return
        part, charged = BILLS[bill]
        units = part and part * entry.estimate_usd
        decision = charge_for(units, A_DOLLAR, entry.estimate_usd)
        with self.company.database.as_service() as tx:
            ledger.charge(
                tx, entry.id, decision.amount_usd, billable_units=units,
                verified=decision.verified, note=decision.reason or None,
            )  # fmt: skip
            move(tx, entry.id, *PATHS[S.COMPLETED])
        assert decision.verified is (charged == "bill" and entry.estimate_usd > 0)
        entry.end(units if charged == "bill" else entry.estimate_usd)

    @rule(index=picks, status=st.sampled_from([S.FAILED, S.CANCELED]), billed=st.booleans())
    def end_without_a_video(self, index: int, status: S, billed: bool) -> None:
        entry = self.pick(index, is_open=True)
        if entry is None:
            return
        with self.company.database.as_service() as tx:
            move(tx, entry.id, status)
            if billed:
                ledger.charge(
                    tx, entry.id, entry.estimate_usd, billable_units=None, verified=False, note="?"
                )
        entry.end(entry.estimate_usd if billed else None)

    @rule()
    def release_what_has_expired(self) -> None:
        """An unfinished generation keeps its hold however old it is."""
        self.company.as_owner("update studio.holds set expires_at = now() - interval '1 second'")
        with self.company.database.as_service() as tx:
            assert ledger.release_expired(tx) == 0

    @rule(index=picks, usd=cents(300), sign=st.sampled_from([1, -1]), is_open=st.booleans())
    def adjust(self, index: int, usd: Decimal, sign: int, is_open: bool) -> None:
        entry = self.pick(index, is_open=is_open)
        if entry is None:
            return
        wrong = is_open or entry.billed_usd() + sign * usd < 0
        try:
            with self.acting() as tx:
                ledger.adjust(tx, entry.id, sign * usd, "As agreed")
        except RecordConflict:
            assert wrong
        else:
            assert not wrong
            entry.bill(sign * usd)

    @rule(
        whose=st.sampled_from(["organisation", "team", "campaign", "person 0"]),
        usd=cents(300),
        sign=st.sampled_from([1, -1]),
    )
    def adjust_a_scope(self, whose: str, usd: Decimal, sign: int) -> None:
        spent_usd, _ = self.model.money_of((whose, "total"), 0)
        try:
            with self.acting() as tx:
                ledger.adjust_scope(
                    tx, scope_of(whose), self.company.target(whose), sign * usd, "Invoice"
                )
        except RecordConflict:
            assert spent_usd + sign * usd < 0
        else:
            assert spent_usd + sign * usd >= 0
            self.model.corrections.append(Correction(whose, today(), sign * usd))

    @rule(key=keys, usd=cents(1500))
    def set_limit(self, key: Key, usd: Decimal) -> None:
        whose, period = key
        with self.acting() as tx:
            budget_id = budgets.set_limit(
                tx, scope=scope_of(whose), target_id=self.company.target(whose), period=period,
                kind="hard", limit_usd=usd,
            )  # fmt: skip
        self.model.limits.setdefault(key, Limit(budget_id, usd)).usd = usd

    @precondition(lambda self: len(self.model.limits) > 1)
    @rule(index=picks)
    def remove_limit(self, index: int) -> None:
        key = list(self.model.limits)[index % len(self.model.limits)]
        with self.acting() as tx:
            assert budgets.remove(tx, self.model.limits.pop(key).id)

    @rule(index=picks, usd=cents(800), days=st.integers(1, 3))
    def grant(self, index: int, usd: Decimal, days: int) -> None:
        limit = list(self.model.limits.values())[index % len(self.model.limits)]
        ends_at = datetime.now(UTC) + timedelta(days=days - 0.5)
        usd += Decimal("0.01")
        with self.acting() as tx:
            made = budgets.grant(tx, limit.id, usd, ends_at=ends_at, reason="The launch")
        limit.grants.append(Given(made, usd, days))

    @rule(index=picks)
    def end_grant(self, index: int) -> None:
        given = [grant for limit in self.model.limits.values() for grant in limit.grants]
        if given:
            grant = given[index % len(given)]
            with self.acting() as tx:
                assert budgets.end_grant(tx, grant.id) is (grant.days_left > 0)
            grant.days_left = 0

    @rule()
    def a_day_passes(self) -> None:
        self.company.as_owner(*A_DAY_LATER)
        self.model.day_passes()

    def teardown(self) -> None:
        """The doctor finds nothing at the end: no sum is wrong, and no alarm is false."""
        with self.company.database.as_service() as tx:
            broken = {found.name: found.rows for found in books.broken_invariants(tx)}
        assert {name: broken[name] for name in MONEY if broken[name]} == {}

    @invariant()
    def every_budget_stands_as_in_the_model(self) -> None:
        with self.acting() as tx:
            assert self.standing(tx) == self.expected()

    def standing(self, tx: Transaction) -> dict[Any, Any]:
        return {
            (b.id, b.target_id): (b.limit_usd, b.spent_usd, b.held_usd)
            for b in budgets.standing(tx)
        }

    def expected(self) -> dict[Any, Any]:
        rows: dict[Any, Any] = {}
        for key, limit in self.model.limits.items():
            target, allowed = self.company.target(key[0]), limit.allowed_usd()
            rows[limit.id, target] = (allowed, *self.model.money_of(key, 0))
            if key[0] == "default":
                rows[limit.id, None] = (allowed, 0, 0)
                rows |= self.own_lines(key, limit)
        return rows

    def own_lines(self, key: Key, limit: Limit) -> dict[Any, Any]:
        """Everybody's own: a line for each to whom it applies and who used some of it."""
        used = {
            i: self.model.money_of(key, i)
            for i in range(len(PEOPLE))
            if self.model.applies(key, i, campaign=False)
        }
        return {
            (limit.id, self.company.people[i].id): (limit.allowed_usd(), *money)
            for i, money in used.items()
            if sum(money) > 0
        }


QUICK = settings(
    max_examples=6,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.timeout(400)
def test_the_books_agree_with_their_model_after_any_life(company: Company) -> None:
    class BooksOfTheCompany(Books):
        def __init__(self) -> None:
            super().__init__(company)

    thorough = settings.get_current_profile_name() == "thorough"
    run_state_machine_as_test(BooksOfTheCompany, settings=None if thorough else QUICK)
