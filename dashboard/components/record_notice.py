"""A line above every page while the record is away. It goes by itself."""

from __future__ import annotations

import streamlit as st

from dashboard.services import services
from dashboard.whoami import current_person

_LOOK_S = 3.0
_AWAY = (
    "**The database can't be reached right now.** Figures go on as they were; everything else has "
    "to wait. This page looks again every few seconds: there is nothing to do, nothing was spent, "
    "and what was begun goes on by itself."
)


def record_notice() -> None:
    """The line, while it is away; nothing else."""
    if services().database.rests:
        _notice()


@st.fragment(run_every=_LOOK_S)
def _notice() -> None:
    current_person()
    if not services().database.rests:
        st.rerun()
    st.warning(_AWAY, icon=":material/cloud_off:")
