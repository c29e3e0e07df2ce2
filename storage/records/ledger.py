"""Holds, charges and budgets: the only module that writes money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from storage.errors import RecordNotFound
from storage.models import Charge
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("ledger")

_MOST_DIGITS = 50
"""Before and after the point. No bill needs as many; Postgres's numeric ends far beyond."""


@dataclass(frozen=True)
class Hold:
    """Money set aside for a generation."""

    amount_usd: Decimal
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Room:
    """What the tightest hard budget leaves somebody."""

    scope: str
    period: str
    limit_usd: Decimal
    free_usd: Decimal
    resets_at: datetime | None
    """When the budget's window ends; None for a total, which never does."""


def place_hold(
    tx: Transaction, generation_id: UUID, amount_usd: Decimal, *, expires_s: float
) -> None:
    """Set money aside, within every matching hard budget.

    Raises:
        RecordConflict: `budget_has_room`; the detail is the refusing budget as JSON.
    """
    tx.run(
        _Q["place_hold"], generation_id=generation_id, amount_usd=amount_usd, expires_s=expires_s
    )


def charge(
    tx: Transaction,
    generation_id: UUID,
    amount_usd: Decimal,
    *,
    billable_units: Decimal | None,
    verified: bool,
    note: str | None,
) -> None:
    """Spend money on a generation, once.

    Units that are no amount, or have more digits than the record holds, are left out: they come
    from outside, and a paid video must not be lost to them.

    Raises:
        RecordConflict: it was charged already (`charges_one`).
    """
    tx.run(
        _Q["charge"],
        generation_id=generation_id,
        amount_usd=amount_usd,
        billable_units=_kept_units(billable_units),
        verified=verified,
        note=note,
    )


def _kept_units(units: Decimal | None) -> Decimal | None:
    if units is None or not units.is_finite():
        return None
    digits_after = -int(units.as_tuple().exponent)
    return units if digits_after <= _MOST_DIGITS and units.adjusted() < _MOST_DIGITS else None


def adjust(tx: Transaction, generation_id: UUID, amount_usd: Decimal, note: str) -> UUID:
    """Correct what a finished generation cost, up or down, as a row of today; the row's id.

    It counts in today's windows, and is by whoever the transaction acts as.

    Raises:
        RecordConflict: all charges together would be below zero (`adjustment_not_below_zero`), or
            the generation is not finished (`adjustment_after_end`).
        RecordForbidden: a person who does not set the budgets of its team.
        RecordNotFound: there is no such generation.
    """
    row = tx.one(_Q["adjust"], generation_id=generation_id, amount_usd=amount_usd, note=note)
    if row["id"] is None:
        raise RecordNotFound("There is no generation under this address.")
    adjustment_id: UUID = row["id"]
    return adjustment_id


def adjust_scope(
    tx: Transaction, scope: str, target_id: UUID | None, amount_usd: Decimal, note: str
) -> UUID:
    """Correct what a team, campaign, person or the organisation was charged; the row's id.

    It counts in today's windows of the scope and of those around it, and is by whoever the
    transaction acts as.

    Raises:
        RecordConflict: the scope's charges together would be below zero
            (`adjustment_not_below_zero`).
        RecordForbidden: a person who does not set the budgets of this scope.
        RecordNotFound: there is no such team, campaign or person.
    """
    row = tx.one(
        _Q["adjust_scope"], scope=scope, target=target_id, amount_usd=amount_usd, note=note
    )
    if row["id"] is None:
        raise RecordNotFound(f"This {scope} is no longer there.", todo="Load the page again.")
    adjustment_id: UUID = row["id"]
    return adjustment_id


def charge_of(tx: Transaction, generation_id: UUID) -> Charge | None:
    """What a generation cost; None when nothing was charged."""
    row = tx.one_or_none(_Q["charge_of"], generation_id=generation_id)
    return Charge(**row) if row else None


def open_hold_of(tx: Transaction, generation_id: UUID) -> Hold | None:
    """The money set aside for a generation; None when none is."""
    row = tx.one_or_none(_Q["open_hold_of"], generation_id=generation_id)
    return Hold(**row) if row else None


def release_expired(tx: Transaction) -> int:
    """Free the holds past their end whose generation has ended; how many."""
    return tx.run(_Q["release_finished"])


def my_room(tx: Transaction, campaign_id: UUID | None) -> Room | None:
    """What the tightest hard budget leaves the person who asks; None when no budget applies."""
    row = tx.one_or_none(_Q["my_room"], campaign_id=campaign_id)
    return Room(**row) if row else None


def set_default_person_budget(tx: Transaction, limit_usd: Decimal) -> None:
    """The daily limit of everybody who has none of their own.

    It changes nothing once a person has set or removed that budget: then it is theirs to decide.
    """
    tx.run(_Q["set_default_person_budget"], limit_usd=limit_usd)


def set_budget(
    tx: Transaction,
    *,
    scope: str,
    period: str,
    kind: str,
    limit_usd: Decimal,
    target: UUID | None = None,
    created_by: UUID | None = None,
) -> None:
    """A budget's limit, in place of the one before; `target` is the team, campaign or person."""
    ids = {f"{name}_id": target if name == scope else None for name in _TARGETS}
    tx.run(
        _Q["set_budget"],
        scope=scope,
        period=period,
        kind=kind,
        limit_usd=limit_usd,
        created_by=created_by,
        **ids,
    )


_TARGETS = ("team", "campaign", "person")
