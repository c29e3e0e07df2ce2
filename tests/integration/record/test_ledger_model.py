"""The ledger against a model of it in Python, over random lives of generations."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from storage.errors import RecordConflict
from storage.models import Campaign, Person, Role
from storage.postgres import Database
from storage.records import campaigns, ledger, people
from tests.integration.record.record_rows import S, add_held, finish, move, sql

CENT = Decimal("0.01")


@dataclass
class Entry:
    """A generation in the model."""

    id: UUID
    person: int
    campaign: bool
    amount_usd: Decimal
    open: bool = True


@dataclass
class Model:
    """What the ledger should say: one company, one team, two people, one campaign."""

    limits: dict[str, Decimal]
    entries: list[Entry] = field(default_factory=list)

    def budgets_of(self, person: int, campaign: bool) -> list[str]:
        own = f"person {person}"
        names = ["organisation", "team", own if own in self.limits else "default"]
        return [n for n in [*names, *(["campaign"] if campaign else [])] if n in self.limits]

    def used_usd(self, budget: str, person: int) -> Decimal:
        def counts(entry: Entry) -> bool:
            if budget == "campaign":
                return entry.campaign
            return budget in ("organisation", "team") or entry.person == person

        return sum((e.amount_usd for e in self.entries if counts(e)), Decimal(0))

    def free_usd(self, person: int, campaign: bool) -> Decimal | None:
        free = [
            self.limits[name] - self.used_usd(name, person)
            for name in self.budgets_of(person, campaign)
        ]
        return min(free, default=None)


@dataclass(frozen=True)
class Company:
    """The same company in the record."""

    url: SecretStr
    database: Database
    people: list[Person]
    campaign: Campaign

    def begin(self, limits: dict[str, Decimal]) -> None:
        """Forget all money and set the limits."""
        with psycopg.connect(self.url.get_secret_value()) as owner:
            for table in ("charges", "holds", "generation_history", "generations", "budgets"):
                owner.execute(SQL("delete from studio.{}").format(Identifier(table)))
        targets = {"team": self.people[0].team_id, "campaign": self.campaign.id}
        targets |= {f"person {i}": person.id for i, person in enumerate(self.people)}
        with self.database.as_service() as tx:
            for name, usd in limits.items():
                scope = "person" if name == "default" else name.split()[0]
                target = targets.get(name)
                ledger.set_budget(
                    tx, scope=scope, period="day", kind="hard", limit_usd=usd, target=target
                )

    def place(self, person: int, campaign: bool, usd: Decimal) -> UUID | None:
        """Admit a generation; None when a budget refused."""
        who, where = self.people[person], self.campaign.id if campaign else None
        try:
            with self.database.as_person(who.id) as tx:
                return add_held(tx, who, campaign_id=where, estimate_usd=usd)
        except RecordConflict as exc:
            if exc.constraint != "budget_has_room":
                raise
            return None

    def end(self, entry: Entry, how: str) -> None:
        """End a generation; completed ones are charged half of what was held."""
        with self.database.as_service() as tx:
            if how == "complete":
                finish(tx, entry.id, entry.amount_usd / 2)
            else:
                move(tx, entry.id, S.FAILED if how == "fail" else S.CANCELED)

    def free_usd(self, person: int, campaign: bool) -> Decimal | None:
        with self.database.as_person(self.people[person].id) as tx:
            room = ledger.my_room(tx, self.campaign.id if campaign else None)
        return room.free_usd if room else None


@pytest.fixture(scope="module")
def company(shared_url: SecretStr, shared_database: Database) -> Company:
    with shared_database.as_service() as tx:
        both = [
            people.add(tx, email=f"{name}@acme.test", name=name, role=Role.MEMBER, team="Marketing")
            for name in ("Ann", "Ben")
        ]
        spring = campaigns.ensure(tx, both[0].team_id, "Spring", both[0].id)
    return Company(shared_url, shared_database, both, spring)


dollars = st.integers(0, 300).map(lambda cents: cents * CENT)
limits = st.dictionaries(
    st.sampled_from(["organisation", "team", "campaign", "default", "person 0"]),
    st.integers(0, 1000).map(lambda cents: cents * CENT),
)
placed = st.tuples(st.just("place"), st.integers(0, 1), st.booleans(), dollars)
ended = st.tuples(st.sampled_from(["complete", "fail", "cancel"]), st.integers(0, 20))
steps = st.lists(st.one_of(placed, placed, ended), max_size=14)


def apply(company: Company, model: Model, step: tuple[object, ...]) -> None:
    match step:
        case ("place", int(person), bool(campaign), Decimal() as usd):
            free = model.free_usd(person, campaign)
            made = company.place(person, campaign, usd)
            assert (made is not None) == (free is None or usd <= free)
            if made:
                model.entries.append(Entry(made, person, campaign, usd))
        case (str(how), int(index)):
            running = [entry for entry in model.entries if entry.open]
            if running:
                entry = running[index % len(running)]
                company.end(entry, how)
                entry.open = False
                entry.amount_usd = entry.amount_usd / 2 if how == "complete" else Decimal(0)


@settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(limits=limits, steps=steps)
def test_the_ledger_agrees_with_its_model(
    company: Company, limits: dict[str, Decimal], steps: list[tuple[object, ...]]
) -> None:
    model = Model(limits)
    company.begin(limits)
    for step in steps:
        apply(company, model, step)
    for person in (0, 1):
        for campaign in (False, True):
            free = model.free_usd(person, campaign)
            assert company.free_usd(person, campaign) == free
            assert free is None or free >= 0


def test_the_books_agree_that_nothing_is_overshot(company: Company) -> None:
    company.begin({"organisation": Decimal(2), "default": Decimal(1)})
    made = [company.place(i % 2, False, Decimal("0.6")) for i in range(6)]
    with company.database.as_service() as tx:
        rows = tx.all(sql("select sum(amount_usd) as usd from studio.holds"))
    assert len([generation for generation in made if generation]) == 2
    assert rows[0]["usd"] == Decimal("1.2")
