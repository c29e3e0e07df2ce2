"""Alerts: what needs somebody now, what is over, and who was told."""

from __future__ import annotations

import streamlit as st

from dashboard import alert_reads
from dashboard.components.alert_cards import alert_cards
from dashboard.components.alert_history import alert_history
from dashboard.components.alert_receivers import receivers_line
from dashboard.components.problem import problems_shown
from dashboard.services import services
from dashboard.whoami import current_person
from storage.models import Role

_PACE_S = 5


def show() -> None:
    """The page."""
    st.title("Alerts")
    with problems_shown():
        person = current_person()
        if person.role is Role.ADMIN:
            receivers_line(person)
    _tick()


@st.fragment(run_every=_PACE_S)
def _tick() -> None:
    """One look. The frame is not run for it, so the session is checked here."""
    with problems_shown():
        view = alert_reads.overview(current_person().id)
        alert_cards(view)
        alert_history(view, services().settings.zone)


show()
