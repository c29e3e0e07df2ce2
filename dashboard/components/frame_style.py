"""What Streamlit's theme has no setting for: colours, and room on a phone."""

from __future__ import annotations

import streamlit as st

CHOSEN_LIGHT = "#4338ca"
CHOSEN_DARK = "#a5b4fc"
"""Words of what is chosen among pills, segments and tabs. Streamlit writes them in the primary
colour: that is dark enough for white words on it, so too dark for words on the dark theme."""

PHONE_PADDING = "0.5rem"
"""Of segments: five of the gallery are side by side on 360 px, and do not wrap."""

_STYLE = f"""<style>
[data-variant="segmented_control"][data-selected="true"],
[data-variant="pills"][data-selected="true"],
[data-testid="stTab"][data-selected="true"] {{
  color: light-dark({CHOSEN_LIGHT}, {CHOSEN_DARK}) !important; }}
@media (max-width: 640px) {{
  [data-variant="segmented_control"] {{ padding-inline: {PHONE_PADDING} !important; }} }}
</style>"""


def frame_style() -> None:
    """For every page."""
    st.html(_STYLE)
