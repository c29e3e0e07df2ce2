"""A field beside a chart that leads to the same as a click on it: by keyboard, or by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

Part = TypeVar("Part")
_WIDTH_PX = 320
"""On a phone it is as wide as its card."""


def choose_part(options: Sequence[str], words: Callable[[str], str], key: str) -> str | None:
    """One of the parts of a chart, each named by `words`; None until one is chosen."""
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


def chosen_last(clicked: Part | None, named: Part | None, key: str) -> Part | None:
    """Which of the two ways was used last; None when that took its choice back."""
    seen = st.session_state.get(key, (None, None, None))
    chosen = named if named != seen[1] else clicked if clicked != seen[0] else seen[2]
    st.session_state[key] = (clicked, named, chosen)
    return chosen
