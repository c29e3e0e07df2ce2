"""What was just done to videos, with a way back that stays until it is used or dismissed."""

from __future__ import annotations

import streamlit as st

from dashboard.bulk_acts import forget_said, last_said, undo
from dashboard.error_frame import plain
from storage.models import Person


def undo_toast(person: Person) -> None:
    """Say what came of the last act; nothing when there was none."""
    said = last_said()
    if said is None:
        return
    icon, colour = (":material/error:", "red") if said.failed else (":material/check:", "green")
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo_toast"):
        st.markdown(f":{colour}[{icon}] {plain(said.words)}", width="stretch")
        if said.undo_id is not None:
            st.button("Undo", icon=":material/undo:", on_click=undo, args=(person, said.undo_id))
        st.button("Dismiss", type="tertiary", key="undo_toast_dismiss", on_click=forget_said)
