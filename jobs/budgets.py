"""What managers and administrators do with budgets and charges.

Each use case is one transaction that acts as that person; the record decides whose budget it is
and writes down what was changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from jobs.bootstrap import Services
from jobs.errors import InvalidRequest, NotAllowed, Problem
from storage.errors import RecordConflict, RecordForbidden
from storage.models import Person
from storage.postgres import Transaction
from storage.records import budgets, ledger

SCOPES = ("organisation", "team", "campaign", "person")
PERIODS = ("day", "month", "total")
KINDS = ("hard", "soft")
MOST_USD = Decimal(10_000_000)
"""More than any budget; a slip of the finger is not a limit."""
LEAST_CORRECTION_USD = Decimal("0.000001")
LONGEST_REASON = 200


def set_limit(
    services: Services,
    person: Person,
    *,
    scope: str,
    target_id: UUID | None,
    period: str,
    kind: str,
    limit_usd: Decimal,
) -> UUID:
    """Set the limit of a budget, which is made when there is none; the budget's id.

    Scope `person` without a target is everybody's own, for those who have no other.

    Raises:
        NotAllowed: it is not this person's to set.
        InvalidRequest: with everything that is wrong with it.
    """
    problems = _problems_of_choice(scope, target_id, period, kind)
    _check([*problems, *_problems_of_amount("limit", limit_usd, least_usd=Decimal(0))])
    with _acting(services, person) as tx:
        return budgets.set_limit(
            tx, scope=scope, target_id=target_id, period=period, kind=kind, limit_usd=limit_usd
        )


def remove(services: Services, person: Person, budget_id: UUID) -> None:
    """Remove a budget: from now on it stops nothing. Safe to repeat.

    Raises:
        NotAllowed: it is not this person's to set.
    """
    with _acting(services, person) as tx:
        budgets.remove(tx, budget_id)


def grant(
    services: Services,
    person: Person,
    budget_id: UUID,
    amount_usd: Decimal,
    *,
    ends_at: datetime,
    reason: str,
) -> UUID:
    """Give a budget more room from now until `ends_at`; the grant's id.

    Raises:
        NotAllowed: it is not this person's to set.
        InvalidRequest: with everything that is wrong with it.
        RecordNotFound: the budget was removed meanwhile.
    """
    problems = _problems_of_amount("amount", amount_usd, least_usd=Decimal("0.01"))
    if ends_at <= datetime.now(UTC):
        problems.append(Problem("ends", "The grant would end in the past: choose a later day."))
    _check([*problems, *_problems_of_reason(reason)])
    with _acting(services, person) as tx:
        return budgets.grant(tx, budget_id, amount_usd, ends_at=ends_at, reason=reason.strip())


def end_grant(services: Services, person: Person, grant_id: UUID) -> None:
    """Take a grant back. What was admitted under it stays admitted. Safe to repeat.

    Raises:
        NotAllowed: it is not this person's to set.
    """
    with _acting(services, person) as tx:
        budgets.end_grant(tx, grant_id)


def adjust(
    services: Services, person: Person, generation_id: UUID, amount_usd: Decimal, *, note: str
) -> UUID:
    """Correct what a finished generation cost, up or down, as of now; the adjustment's id.

    Raises:
        NotAllowed: this person does not set the budgets of its team.
        InvalidRequest: with everything that is wrong with it.
        RecordNotFound: there is no such generation.
    """
    _check_correction(amount_usd, note)
    with _acting(services, person) as tx:
        return ledger.adjust(tx, generation_id, amount_usd, note.strip())


def confirm_charge(services: Services, person: Person, generation_id: UUID, *, note: str) -> UUID:
    """Say that what a generation was charged by our estimate is right; the adjustment's id.

    It is an adjustment of nothing, so that who looked, when and why is kept like any correction.

    Raises:
        NotAllowed, InvalidRequest, RecordNotFound: as for `adjust`.
    """
    _check(_problems_of_reason(note))
    with _acting(services, person) as tx:
        return ledger.adjust(tx, generation_id, Decimal(0), note.strip())


def adjust_scope(
    services: Services,
    person: Person,
    scope: str,
    target_id: UUID | None,
    amount_usd: Decimal,
    *,
    note: str,
) -> UUID:
    """Correct what a scope was charged beside its generations, as of now; the adjustment's id.

    For what an invoice says of no one generation. `target_id` is None for the organisation.

    Raises:
        NotAllowed: this person does not set the budgets of that scope.
        InvalidRequest: with everything that is wrong with it.
        RecordNotFound: the team, campaign or person is no longer there.
    """
    _check_correction(amount_usd, note)
    with _acting(services, person) as tx:
        return ledger.adjust_scope(tx, scope, target_id, amount_usd, note.strip())


def _check_correction(amount_usd: Decimal, note: str) -> None:
    size_usd = amount_usd.copy_abs()
    problems = _problems_of_amount("amount", size_usd, least_usd=LEAST_CORRECTION_USD)
    _check([*problems, *_problems_of_reason(note)])


def _problems_of_choice(
    scope: str, target_id: UUID | None, period: str, kind: str
) -> list[Problem]:
    problems = []
    if scope not in SCOPES or period not in PERIODS or kind not in KINDS:
        problems.append(Problem("scope", "There is no such kind of budget."))
    if scope in ("team", "campaign") and target_id is None:
        problems.append(Problem("target", f"Choose the {scope} that the budget is for."))
    return problems


def _problems_of_amount(field: str, usd: Decimal, *, least_usd: Decimal) -> list[Problem]:
    if usd.is_finite() and least_usd <= usd <= MOST_USD:
        return []
    words = f"Enter an amount from ${least_usd} to ${MOST_USD:,}."
    return [Problem(field, words)]


def _problems_of_reason(reason: str) -> list[Problem]:
    if not reason.strip():
        return [Problem("reason", "Say why, so that others understand it later.")]
    if len(reason) > LONGEST_REASON:
        return [Problem("reason", f"Say it in at most {LONGEST_REASON} characters.")]
    return []


def _check(problems: list[Problem]) -> None:
    if problems:
        raise _refusal(problems)


def _refusal(problems: list[Problem]) -> InvalidRequest:
    refusal = InvalidRequest(problems)
    refusal.todo = "Correct what is named and save again."
    return refusal


_CONFLICTS = {
    "adjustment_not_below_zero": "More would be taken back than was charged.",
    "adjustment_after_end": "The generation is not finished, so there is nothing to correct yet.",
    "budgets_team_id_fkey": "This team is no longer there.",
    "budgets_campaign_id_fkey": "This campaign is no longer there.",
    "budgets_person_id_fkey": "This person is no longer there.",
}


@contextmanager
def _acting(services: Services, person: Person) -> Iterator[Transaction]:
    """A transaction as this person, with the record's refusals in words."""
    try:
        with services.database.as_person(person.id) as tx:
            yield tx
    except RecordForbidden as exc:
        raise NotAllowed(
            "You may not change this.",
            todo="Managers answer for the money of their own team, administrators for all of it.",
        ) from exc
    except RecordConflict as exc:
        if exc.constraint not in _CONFLICTS:
            raise
        raise _refusal([Problem("budget", _CONFLICTS[exc.constraint])]) from exc
