"""What the dialogs of the Budgets page share: which one is open, how one ends, common fields."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

import streamlit as st

from dashboard import budget_reads
from dashboard.components.problem import problems_shown
from dashboard.whoami import current_person
from jobs import budgets
from storage.models import Person
from storage.records.budgets import Budget, Target

NEWS = "budget_news"
"""What the page tells once, after a dialog has closed."""

OPEN = "budget_open"
"""Which dialog is open, as `Opened`; kept so that a run of the whole page does not close it."""


Dialog = Literal["held", "change", "new", "correct"]


class Opened(NamedTuple):
    """A dialog and the budget it is about."""

    dialog: Dialog
    budget_id: UUID | None = None
    target_id: UUID | None = None
    """For the default: whose line it is."""


def open_dialog(dialog: Dialog, budget: Budget | None = None) -> None:
    """Let the next run of the page show a dialog."""
    about = (budget.id, budget.target_id) if budget else (None, None)
    st.session_state[OPEN] = Opened(dialog, *about)


def close() -> None:
    """Show no dialog any more."""
    st.session_state.pop(OPEN, None)


def done(act: Callable[[Person], UUID | None], news: str) -> None:
    """Do it as whoever is signed in now, and close the dialog; or say in it why not."""
    with problems_shown():
        act(current_person())
        budget_reads.overview.clear()
        st.session_state[NEWS] = news
        close()
        st.rerun()


def usd_input(label: str, key: str, usd: Decimal | None) -> Decimal:
    """An amount in whole cents."""
    value = st.number_input(
        label,
        min_value=0.0,
        max_value=float(budgets.MOST_USD),
        value=float(usd) if usd is not None else 10.0,
        step=10.0,
        format="%.2f",
        key=key,
    )
    return Decimal(str(value)).quantize(Decimal("0.01"))


def choose_target(scope: str, targets: list[Target], about: Budget | None) -> Target | None:
    """The team, campaign or person; None where there is none to choose."""
    fitting = [target for target in targets if target.scope == scope]
    first = next((i for i, t in enumerate(fitting) if about and t.id == about.target_id), 0)
    several = len({target.team_name for target in fitting}) > 1 and scope != "team"
    return st.selectbox(
        scope.capitalize(),
        fitting,
        index=first if fitting else None,
        format_func=lambda t: f"{t.name} ({t.team_name})" if several else t.name,
        placeholder="There is none yet",
        key=f"budget_target_{scope}",
    )
