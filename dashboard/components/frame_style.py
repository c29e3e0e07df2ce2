"""Colours that Streamlit's theme has no setting for."""

from __future__ import annotations

import streamlit as st

CHOSEN_LIGHT = "#4338ca"
CHOSEN_DARK = "#a5b4fc"
"""Words of what is chosen among pills, segments and tabs. Streamlit writes them in the primary
colour: that is dark enough for white words on it, so too dark for words on the dark theme."""

_STYLE = f"""<style>
[data-variant="segmented_control"][data-selected="true"],
[data-variant="pills"][data-selected="true"],
[data-testid="stTab"][data-selected="true"] {{
  color: light-dark({CHOSEN_LIGHT}, {CHOSEN_DARK}) !important; }}
</style>"""


def frame_style() -> None:
    """For every page."""
    st.html(_STYLE)
