"""A button with fields behind it, which are drawn only while it is open.

A page with twenty filters behind a button would otherwise send all of them in each run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import streamlit as st


@contextmanager
def drawer(
    label: str, *, key: str, icon: str, kind: Literal["primary", "secondary"] = "secondary"
) -> Iterator[bool]:
    """Below it stands what is behind the button; False: it is closed, so draw nothing.

    While it is open the button keeps the words that it was opened with: Streamlit takes one with
    other words for another, and would close it after the first choice.
    """
    said = f"{key}_said"
    if not st.session_state.get(key):
        st.session_state[said] = (label, kind)
    words, look = st.session_state.setdefault(said, (label, kind))
    panel = st.popover(words, icon=icon, type=look, key=key, on_change="rerun")
    with panel:
        yield bool(panel.open)
