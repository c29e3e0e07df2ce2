"""Every budget as a card, by scope, with what can be done about it."""

from __future__ import annotations

import streamlit as st

from dashboard.budget_reads import BudgetView
from dashboard.components.budget_bar import budget_bar
from dashboard.components.budget_dialogs import Dialog, open_dialog
from dashboard.components.money_words import dollars
from dashboard.services import services
from storage.records.budgets import Budget

_SECTIONS = {
    "organisation": "Organisation",
    "team": "Teams",
    "campaign": "Campaigns",
    "person": "People",
}


def budget_cards(view: BudgetView) -> None:
    """All budgets, widest scope first, or an invitation when there is none."""
    if not view.budgets:
        _show_empty()
        return
    zone = services().settings.zone
    st.caption(
        "Spent is what was charged, held is set aside for what is being made, free is the rest. "
        f"Days and months begin in the time zone {zone.key}."
    )
    for scope, name in _SECTIONS.items():
        found = [budget for budget in view.budgets if budget.scope == scope]
        if found:
            st.subheader(name)
            _show_cards(view, found)


def _show_cards(view: BudgetView, found: list[Budget]) -> None:
    for left in range(0, len(found), 2):
        columns = st.columns(2)
        for column, budget in zip(columns, found[left : left + 2], strict=False):
            with column.container(border=True, height="stretch"):
                _show_card(view, budget)


def _show_card(view: BudgetView, budget: Budget) -> None:
    """One budget with what can be done about it."""
    budget_bar(budget, view.grants_of(budget), view.warning_usd(budget), services().settings.zone)
    key = f"{budget.id}_{budget.target_id}"
    with st.container(horizontal=True):
        if budget.held_usd > 0:
            words = rf"\{dollars(budget.held_usd)} held: by what?"
            _button(words, ":material/lock:", "held", budget, key)
        if budget.is_default and budget.target_id is not None:
            _button("Give an own limit", ":material/person_add:", "new", budget, key)
        elif budget.may_set:
            _button("Change", ":material/tune:", "change", budget, key)


def _button(label: str, icon: str, dialog: Dialog, budget: Budget, key: str) -> None:
    st.button(label, icon=icon, key=f"{dialog}_{key}", on_click=open_dialog, args=(dialog, budget))


def _show_empty() -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### No limit is set", text_alignment="center")
        st.markdown(
            "Nothing stops spending yet. Set a limit for a team, a campaign or a person.",
            text_alignment="center",
        )
        st.space("small")
