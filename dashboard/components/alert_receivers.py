"""Whom the studio tells beside this page, and a test alert that shows whether it reaches them."""

from __future__ import annotations

import streamlit as st

from dashboard.alert_reads import receiver_names
from dashboard.error_frame import plain
from dashboard.services import services
from jobs.alert_delivery import Tried, send_test
from storage.models import Person

_TRIED = "test_alert_tried"


def receivers_line(person: Person) -> None:
    """Whom the studio tells, and the button of the test alert, for administrators."""
    names = receiver_names()
    if not names:
        st.info(
            "Alerts are shown on this page only. To be told by e-mail, Slack, Teams or a webhook, "
            "set `STUDIO_ALERT_URLS`; `docs/operating.md` says how.",
            icon=":material/notifications_off:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        told = ", ".join(f"**{plain(name)}**" for name in names)
        st.markdown(f":material/notifications_active: Alerts are sent to {told}.", width="stretch")
        if st.button("Send a test alert", icon=":material/send:"):
            with st.spinner("Sending…"):
                st.session_state[_TRIED] = send_test(services(), person)
    _show_tried(st.session_state.get(_TRIED, []))


def _show_tried(tried: list[Tried]) -> None:
    """What came of the last test alert, a line for each receiver."""
    for one in tried:
        if one.problem is None:
            st.success(f"{plain(one.receiver)} took the test alert.", icon=":material/check:")
        else:
            words = f"**{plain(one.problem.happened)}** {plain(one.problem.todo)}"
            st.error(words, icon=":material/error:")
