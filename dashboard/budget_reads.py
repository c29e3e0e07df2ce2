"""What the Budgets page reads from the record, as the person who looks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from dashboard.keeping import kept_for
from dashboard.services import services
from storage.records import budgets
from storage.records.budgets import Adjustable, Budget, BudgetChange, Grant, OpenHold, Target

LIVE_S = 1.0
MOST_HOLDS = 100
MOST_CHANGES = 100
MOST_FOUND = 50


@dataclass(frozen=True)
class BudgetView:
    """Everything that the page shows at first."""

    budgets: list[Budget]
    grants: list[Grant]
    changes: list[BudgetChange]

    def grants_of(self, budget: Budget) -> list[Grant]:
        """Its grants that have not ended."""
        return [grant for grant in self.grants if grant.budget_id == budget.id]

    def warning_usd(self, budget: Budget) -> Decimal | None:
        """The soft limit of the same target and window; None when there is none."""
        for other in self.budgets:
            same = (other.scope, other.target_id, other.period) == (
                budget.scope,
                budget.target_id,
                budget.period,
            )
            if same and other.kind == "soft" and budget.kind == "hard":
                return other.limit_usd
        return None


@kept_for(LIVE_S, most=200)
def overview(person_id: UUID) -> BudgetView:
    """The budgets that the person may see, with their grants and history.

    Raises:
        RecordUnavailable: try again later.
    """
    with services().database.as_person(person_id) as tx:
        return BudgetView(
            budgets.standing(tx), budgets.grants(tx), budgets.changes(tx, limit=MOST_CHANGES)
        )


def open_holds(person_id: UUID, budget: Budget) -> list[OpenHold]:
    """The generations behind what is held of a budget, oldest first, at most `MOST_HOLDS`."""
    with services().database.as_person(person_id) as tx:
        return budgets.open_holds(tx, budget.scope, budget.target_id, limit=MOST_HOLDS)


def targets(person_id: UUID) -> list[Target]:
    """What the person may set a budget for, beside the organisation."""
    with services().database.as_person(person_id) as tx:
        return budgets.targets(tx)


def adjustable(person_id: UUID, search: str) -> list[Adjustable]:
    """Ended generations whose cost the person may correct, the latest first; at most
    `MOST_FOUND`."""
    with services().database.as_person(person_id) as tx:
        return budgets.adjustable(tx, search, limit=MOST_FOUND)
