"""Budgets as people see and set them (`sql/postgres/queries/budgets.sql`).

The record decides what a person sees and may set: a manager sets the budgets of their team, its
campaigns and its people, an administrator all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from storage.errors import RecordNotFound
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("budgets")


@dataclass(frozen=True)
class Budget:
    """One budget as it stands now. A default budget stands once for each person who used it."""

    id: UUID
    scope: str
    period: str
    kind: str
    """`hard` stops, `soft` warns."""
    target_id: UUID | None
    """Team, campaign or person; None for the organisation and for the default itself."""
    target_name: str | None
    base_usd: Decimal
    """The limit as it was set."""
    limit_usd: Decimal
    """The limit with the grants in force."""
    spent_usd: Decimal
    """Charged in the present window."""
    held_usd: Decimal
    resets_at: datetime | None
    """When the window ends; None for a total, which never does."""
    is_default: bool
    """Whether it is that of each person who has none of their own."""
    may_set: bool

    @property
    def free_usd(self) -> Decimal:
        """Limit minus what is spent and held, never below zero."""
        return max(self.limit_usd - self.spent_usd - self.held_usd, Decimal(0))

    @property
    def used_share(self) -> Decimal:
        """Spent and held as a part of the limit; 1 when nothing is allowed."""
        if self.limit_usd == 0:
            return Decimal(1)
        return (self.spent_usd + self.held_usd) / self.limit_usd


@dataclass(frozen=True)
class OpenHold:
    """Money set aside, and the generation it is for."""

    generation_id: UUID
    title: str
    person_name: str
    status: str
    amount_usd: Decimal
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Grant:
    """Room beyond a budget's limit that ends by itself."""

    id: UUID
    budget_id: UUID
    amount_usd: Decimal
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by_name: str | None
    """None: the studio itself."""
    created_at: datetime


@dataclass(frozen=True)
class BudgetChange:
    """One entry of the history: what was changed, by whom."""

    changed_at: datetime
    changed_by_name: str | None
    """None: the studio itself, from its settings."""
    what: str
    """`set`, `removed`, `granted`, `grant_ended`, or `adjusted` for a correction of charges."""
    scope: str
    """A budget's; a correction may also be of a `generation`, whose title is the target's name."""
    target_name: str | None
    period: str | None
    """None for a correction, as is `kind`."""
    kind: str | None
    old_limit_usd: Decimal | None
    new_limit_usd: Decimal | None
    amount_usd: Decimal | None
    """Of a grant or a correction, as is `reason`; below zero where it was taken back."""
    ends_at: datetime | None
    reason: str | None
    generation_id: UUID | None
    """Whose cost was corrected; None for everything else."""


@dataclass(frozen=True)
class Target:
    """Somebody or something a budget can be set for."""

    scope: str
    id: UUID
    name: str
    team_name: str
    team_id: UUID


@dataclass(frozen=True)
class Adjustable:
    """A generation that ended, and what it cost."""

    id: UUID
    title: str
    person_name: str
    person_id: UUID
    team_id: UUID
    campaign_id: UUID | None
    created_at: datetime
    cost_usd: Decimal
    """With every correction; 0 when nothing was charged."""
    verified: bool
    """False: charged at the estimate, and nobody has corrected it."""


def standing(tx: Transaction) -> list[Budget]:
    """Every budget the reader may see, widest scope first."""
    return [Budget(**row) for row in tx.all(_Q["my_budgets"])]


def open_holds(
    tx: Transaction, scope: str, target_id: UUID | None, *, limit: int
) -> list[OpenHold]:
    """The oldest open holds behind a budget, as far as the reader may see their generations."""
    rows = tx.all(_Q["open_holds"], scope=scope, target=target_id, limit=limit)
    return [OpenHold(**row) for row in rows]


def grants(tx: Transaction) -> list[Grant]:
    """Grants that have not ended, the next to end first."""
    return [Grant(**row) for row in tx.all(_Q["grants"])]


def changes(tx: Transaction, *, limit: int) -> list[BudgetChange]:
    """The last changes and corrections, the latest first; none for members and analysts."""
    rows = [{**row} for row in tx.all(_Q["changes"], limit=limit)]
    for row in rows:
        row.pop("id")
    return [BudgetChange(**row) for row in rows]


def adjustable(tx: Transaction, search: str, *, limit: int) -> list[Adjustable]:
    """Ended generations whose cost the reader may correct, the latest first.

    `search` is a part of the title or the person's name, or how the id begins; empty: all.
    """
    rows = tx.all(_Q["adjustable"], search=search, limit=limit)
    return [Adjustable(**row) for row in rows]


def targets(tx: Transaction) -> list[Target]:
    """Teams, campaigns and people of the reader's team; for an administrator, all of them."""
    return [Target(**row) for row in tx.all(_Q["targets"])]


def set_limit(
    tx: Transaction,
    *,
    scope: str,
    target_id: UUID | None,
    period: str,
    kind: str,
    limit_usd: Decimal,
) -> UUID:
    """Set a budget's limit, in place of the one before; the budget's id.

    Scope `person` without a target is the default of everybody.

    Raises:
        RecordForbidden: it is not this person's to set.
        RecordConflict: there is no such target.
    """
    budget_id: UUID = tx.one(
        _Q["set"], scope=scope, target=target_id, period=period, kind=kind, limit_usd=limit_usd
    )["id"]
    return budget_id


def remove(tx: Transaction, budget_id: UUID) -> bool:
    """Remove a budget; False when it was removed already.

    Raises:
        RecordForbidden: it is not this person's to set.
    """
    return bool(tx.one(_Q["remove"], id=budget_id)["removed"])


def grant(
    tx: Transaction, budget_id: UUID, amount_usd: Decimal, *, ends_at: datetime, reason: str
) -> UUID:
    """Give a budget more room from now until `ends_at`; the grant's id.

    Raises:
        RecordForbidden: it is not this person's to set.
        RecordNotFound: the budget was removed.
    """
    row = tx.one(
        _Q["grant"], budget_id=budget_id, amount_usd=amount_usd, ends_at=ends_at, reason=reason
    )
    if row["id"] is None:
        raise RecordNotFound("This budget was removed.", todo="Set its limit anew first.")
    grant_id: UUID = row["id"]
    return grant_id


def end_grant(tx: Transaction, grant_id: UUID) -> bool:
    """Take a grant back now; False when it had ended already.

    Raises:
        RecordForbidden: it is not this person's to set.
    """
    return bool(tx.one(_Q["end_grant"], id=grant_id)["ended"])
