"""What the ledger should say, as plain Python: three people of two teams, one campaign."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
PEOPLE = ("Marketing", "Marketing", "Sales")
"""The team of each person."""
WHOSE = ("organisation", "team", "campaign", "default", "person 0")
"""Whose budget there may be; the team's is Marketing's."""
PLACES = ("organisation", "team", "campaign", "person")
"""In which order budgets are asked."""

Key = tuple[str, str]
"""Whose budget it is, and its window."""


def today() -> date:
    """The company's day."""
    return datetime.now(ZONE).date()


def since(period: str) -> date:
    """The first day of the present window."""
    return {"day": today(), "month": today().replace(day=1), "total": date.min}[period]


def scope_of(whose: str) -> str:
    """The record's word for it."""
    return "person" if whose == "default" else whose.split()[0]


@dataclass
class Entry:
    """A generation with its money."""

    id: UUID
    person: int
    campaign: bool
    estimate_usd: Decimal
    held_usd: Decimal
    open: bool = True
    bills: list[tuple[date, Decimal]] = field(default_factory=list)

    def end(self, charged_usd: Decimal | None) -> None:
        """The hold is freed; None: nothing is charged."""
        self.open, self.held_usd = False, Decimal(0)
        if charged_usd is not None:
            self.bill(charged_usd)

    def bill(self, usd: Decimal) -> None:
        self.bills.append((today(), usd))

    def billed_usd(self) -> Decimal:
        return sum((usd for _, usd in self.bills), Decimal(0))

    def spent_usd(self, period: str) -> Decimal:
        """What was billed in the present window."""
        return sum((usd for day, usd in self.bills if day >= since(period)), Decimal(0))


@dataclass
class Given:
    """A grant; it ends in the middle of a day."""

    id: UUID
    usd: Decimal
    days_left: int


@dataclass
class Correction:
    """An adjustment of a whole scope."""

    whose: str
    day: date
    usd: Decimal


@dataclass
class Limit:
    """A hard budget."""

    id: UUID
    usd: Decimal
    grants: list[Given] = field(default_factory=list)

    def allowed_usd(self) -> Decimal:
        return self.usd + sum((g.usd for g in self.grants if g.days_left > 0), Decimal(0))


@dataclass
class Model:
    """The books of the company."""

    limits: dict[Key, Limit] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)

    def money_of(self, key: Key, person: int) -> tuple[Decimal, Decimal]:
        """USD spent and held of a budget; `person` matters for everybody's own."""
        whose, period = key
        owner = int(whose[-1]) if whose.startswith("person") else person

        def counts(entry: Entry) -> bool:
            return {
                "organisation": True,
                "team": PEOPLE[entry.person] == "Marketing",
                "campaign": entry.campaign,
                "person": entry.person == owner,
            }[scope_of(whose)]

        counted = [entry for entry in self.entries if counts(entry)]
        spent_usd = sum((entry.spent_usd(period) for entry in counted), Decimal(0))
        spent_usd += self.corrected_usd(scope_of(whose), owner, period)
        return spent_usd, sum((entry.held_usd for entry in counted), Decimal(0))

    def corrected_usd(self, scope: str, person: int, period: str) -> Decimal:
        """What scopes were corrected by: each counts in its own and in those around it."""

        def counts(whose: str) -> bool:
            if scope == "person":
                return whose == f"person {person}"
            inner = {
                "organisation": ("team", "campaign", "person 0"),
                "team": ("campaign", "person 0"),
            }
            return whose == scope or whose in inner.get(scope, ())

        inside = (c for c in self.corrections if c.day >= since(period))
        return sum((c.usd for c in inside if counts(c.whose)), Decimal(0))

    def free_usd(self, key: Key, person: int) -> Decimal:
        """What a budget leaves; below zero where a limit was set below what is used."""
        spent_usd, held_usd = self.money_of(key, person)
        return self.limits[key].allowed_usd() - spent_usd - held_usd

    def applies(self, key: Key, person: int, campaign: bool) -> bool:
        """Whether a generation has to pass this budget."""
        whose, period = key
        if whose == "default":
            return (f"person {person}", period) not in self.limits
        if whose == "team":
            return PEOPLE[person] == "Marketing"
        if whose == "campaign":
            return campaign
        return whose in ("organisation", f"person {person}")

    def refusing(self, person: int, campaign: bool, usd: Decimal) -> dict[Key, Decimal]:
        """The budgets of the first scope that has no room, with what each leaves."""
        full = {
            key: self.free_usd(key, person)
            for key in self.limits
            if self.applies(key, person, campaign) and usd > self.free_usd(key, person)
        }
        first = min((PLACES.index(scope_of(whose)) for whose, _ in full), default=-1)
        return {key: usd for key, usd in full.items() if PLACES.index(scope_of(key[0])) == first}

    def day_passes(self) -> None:
        """Everything is a day older."""
        for entry in self.entries:
            entry.bills = [(day - timedelta(days=1), usd) for day, usd in entry.bills]
        for correction in self.corrections:
            correction.day -= timedelta(days=1)
        for limit in self.limits.values():
            for grant in limit.grants:
                grant.days_left -= 1
