"""Counts a prompt's characters while it is typed.

Streamlit hands a text area's value over when the field is left or on Ctrl+Enter. So that Generate
wakes up while one is still typing, the counter also hands it over after a short pause.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__)

_COUNTER = st.components.v2.component(
    "prompt_counter",
    html='<div class="count" role="status"\n aria-live="off"></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def prompt_counter(field_key: str, length: int, least: int, most: int) -> None:
    """`123 / 500` below the text area with this key; red outside of `least` to `most`.

    `length` is what is shown until the text area is found in the page.
    """
    _COUNTER(
        key=f"{field_key}_counter",
        data={"field": field_key, "length": length, "least": least, "most": most},
    )
