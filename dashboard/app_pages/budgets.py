"""Budgets: what is spent, held and free, the limits, and who changed them."""

from __future__ import annotations

import streamlit as st

from dashboard import budget_reads
from dashboard.components.budget_cards import budget_cards
from dashboard.components.budget_dialogs import NEWS, open_dialog
from dashboard.components.budget_forms import show_dialog
from dashboard.components.budget_tables import history_table
from dashboard.components.problem import problems_shown
from dashboard.services import services
from dashboard.whoami import current_person


def show() -> None:
    """The page."""
    person = current_person()
    news = st.session_state.pop(NEWS, None)
    if news:
        st.toast(news, icon=":material/check:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title("Budgets", width="stretch")
        st.button(
            "Set a limit",
            icon=":material/add:",
            type="primary",
            on_click=open_dialog,
            args=("new",),
        )
        st.button(
            "Correct a charge",
            icon=":material/receipt_long:",
            on_click=open_dialog,
            args=("correct",),
        )
    with problems_shown():
        view = budget_reads.overview(person.id)
        budget_cards(view)
        show_dialog(view)
        if view.changes:
            st.subheader("History")
            history_table(view.changes, services().settings.zone)


show()
