"""What a correction will do: to what was spent, and to what each budget leaves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from uuid import UUID

from dashboard.components.budget_bar import budget_title, window_words
from dashboard.components.budget_tables import LINES_STYLE
from dashboard.components.money_words import dollars
from storage.records.budgets import Budget


@dataclass(frozen=True)
class Subject:
    """What is corrected, and the scopes in which that counts; None: in no such scope."""

    title: str
    person_id: UUID | None = None
    team_id: UUID | None = None
    campaign_id: UUID | None = None
    cost_usd: Decimal | None = None
    """What a generation cost until now; None for a whole scope."""
    unverified: bool = False
    """Whether it was charged by our estimate, and nobody has corrected or confirmed that."""

    def counts_in(self, budget: Budget) -> bool:
        """Whether its money is spent of this budget."""
        if budget.scope == "organisation":
            return True
        target = {"team": self.team_id, "campaign": self.campaign_id, "person": self.person_id}
        return budget.target_id is not None and budget.target_id == target[budget.scope]


def free_after_usd(budget: Budget, correction_usd: Decimal) -> Decimal:
    """What a budget leaves once its spent money has changed by so much; below zero: overdrawn."""
    return budget.limit_usd - budget.spent_usd - budget.held_usd - correction_usd


def effect_table(subject: Subject, correction_usd: Decimal, budgets: list[Budget]) -> str:
    """Before and after, as HTML: the cost, and what every budget it counts in leaves free."""
    rows = ""
    if subject.cost_usd is not None:
        after_usd = subject.cost_usd + correction_usd
        rows = _row("Cost of the generation", subject.cost_usd, after_usd)
    for budget in budgets:
        if subject.counts_in(budget):
            name = f"Free: {budget_title(budget)}, {window_words(budget.period)}"
            after_usd = free_after_usd(budget, correction_usd)
            rows += _row(name, free_after_usd(budget, Decimal(0)), after_usd)
    heads = "<th><th class=usd>Now<th class=usd>Then"
    return f"{LINES_STYLE}<table class=lines><thead><tr>{heads}</thead>{rows}</table>"


def overdrawn(subject: Subject, correction_usd: Decimal, budgets: list[Budget]) -> list[Budget]:
    """The hard budgets that refuse everything once the correction is made."""
    return [
        budget
        for budget in budgets
        if budget.kind == "hard"
        and subject.counts_in(budget)
        and free_after_usd(budget, correction_usd) <= 0
    ]


def _row(name: str, now_usd: Decimal, then_usd: Decimal) -> str:
    return (
        f'<tr><td class=title>{escape(name)}<td class=usd data-is="now">{dollars(now_usd)}'
        f'<td class=usd data-is="then"><b>{dollars(then_usd)}</b>'
    )
