"""Elements that are worked out once and sent again by Streamlit as they were.

Drawing an element anew costs a few times what sending it does. What is drawn here is only looked
at: no field, no button, nothing that is chosen from.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

import streamlit as st

MOST_KEPT = 1_000
"""Groups of elements of all sessions together; the largest, a table of 200 rows, has 20 kB."""
_is_part = ContextVar("is_part", default=False)


def show(key: str, draw: Callable[[], None]) -> None:
    """Have `draw` draw elements, once for each `key`.

    The key tells all that they are made of, whose rows and which role included: everybody who asks
    with it sees the same. What is a part of a larger drawing is kept with that.
    """
    if _is_part.get():
        # Streamlit would forget in which container the part stood.
        draw()
    else:
        # By name: Streamlit looks at the signature of what is handed over by place.
        _drawn(key=key, _draw=draw)


@st.cache_resource(max_entries=MOST_KEPT, show_spinner=False)
def _drawn(key: str, _draw: Callable[[], None]) -> None:  # noqa: ARG001 (told apart by it)
    token = _is_part.set(True)
    try:
        _draw()
    finally:
        _is_part.reset(token)
