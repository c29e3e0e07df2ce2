"""A field beside a chart that leads to the same as a click on it: by keyboard, or by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

_WIDTH_PX = 320
"""On a phone it is as wide as its card."""


def choose_part(
    options: Sequence[str], words: Callable[[str], str], key: str, clicked: list[Any] | None
) -> str | None:
    """One of the parts of a chart, each named by `words`; None until one is chosen.

    What is `clicked` in the chart after that empties the field, so that the later one counts.
    """
    seen = f"{key}_clicked"
    if clicked != st.session_state.get(seen):
        st.session_state[key] = None
        st.session_state[seen] = clicked
    return st.selectbox(
        "See what is behind",
        options,
        index=None,
        format_func=words,
        key=key,
        placeholder="See what is behind …",
        label_visibility="collapsed",
        width=_WIDTH_PX,
    )
