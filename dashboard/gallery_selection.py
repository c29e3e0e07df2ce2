"""Which videos of the gallery are selected: ids in the order in which they were chosen.

The browser chooses and tells; the page chooses too (all of a search, none). A number that grows
with every choice of the browser tells it whether an answer is older than its own last choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

from jobs.curation import MOST_AT_ONCE

SELECTION = "gallery_selection"
_TOLD = "gallery_selection_told"


def selected() -> list[str]:
    """Ids of the selected videos."""
    ids: list[str] = st.session_state.get(SELECTION, [])
    return ids


def select(ids: Iterable[UUID]) -> None:
    """Select these videos and no others."""
    st.session_state[SELECTION] = [str(video_id) for video_id in ids][:MOST_AT_ONCE]


def clear() -> None:
    """Select nothing."""
    st.session_state[SELECTION] = []


def take(told: object) -> None:
    """Take what a browser says it has selected; what makes no sense is left out."""
    if not isinstance(told, dict) or not isinstance(told.get("n"), int):
        return
    given = told.get("ids")
    ids = given if isinstance(given, Sequence) else []
    select(dict.fromkeys(_ids(ids)))
    st.session_state[_TOLD] = told["n"]


def as_data() -> dict[str, Any]:
    """The selection as the grid takes it."""
    return {"ids": selected(), "n": st.session_state.get(_TOLD, 0)}


def _ids(given: Iterable[object]) -> Iterable[UUID]:
    for text in given:
        try:
            yield UUID(str(text))
        except ValueError:
            continue
