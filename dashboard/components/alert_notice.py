"""A line above every other page while an alert is open that the person may see."""

from __future__ import annotations

import streamlit as st

from dashboard.alert_reads import MOST_NOTICED, open_now
from dashboard.components.alert_cards import LOOKS
from dashboard.components.record_notice import record_notice
from dashboard.error_frame import plain
from dashboard.roles import ALERTS
from storage.errors import StudioError
from storage.models import Person, Role
from storage.records.alerts import Alert


def alert_notice(person: Person, page: str) -> None:
    """The worst open alert and how many more there are; nothing on the Alerts page itself. On every
    page it says when the record is away, as long as it is.
    """
    record_notice()
    if page == ALERTS.name or person.role is Role.ANALYST:
        return
    try:
        found = open_now(person.id)
    except StudioError:
        return
    if found:
        _show(found, person)


def _show(found: list[Alert], person: Person) -> None:
    worst = found[0]
    icon, _, color = LOOKS[worst.severity]
    has_page = person.role in ALERTS.roles
    words = worst.title if has_page else worst.happened
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key="alert_notice"
    ):
        st.markdown(f":{color}[{icon}] **{plain(words)}**{_more(found)}", width="stretch")
        if has_page:
            st.page_link(ALERTS.file, label="Look", icon=ALERTS.icon)


def _more(found: list[Alert]) -> str:
    more = len(found) - 1
    if not more:
        return ""
    return f" and {more}{'+' if len(found) == MOST_NOTICED else ''} more"
