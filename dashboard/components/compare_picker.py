"""Posters to choose two to four videos from, for comparing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.gallery_reads import Card
from storage.models import RenditionKind, RenditionState, Video

FEWEST = 2
MOST = 4

_HERE = Path(__file__)


def _asset(suffix: str) -> str:
    return _HERE.with_suffix(suffix).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "compare_picker", html=_asset(".html"), css=_asset(".css"), js=_asset(".js")
)


def compare_picker(
    offered: Sequence[Card], chosen: Sequence[Video], *, key: str
) -> list[str] | None:
    """Show what can be chosen, with `chosen` taken already; the ids once they are to be compared.

    What is chosen stays chosen while a search offers others.
    """
    told = _component(
        data={
            "offered": [_card(card, has_poster=card.has_poster) for card in offered],
            "chosen": [_card(video, has_poster=_has_poster(video)) for video in chosen],
            "fewest": FEWEST,
            "most": MOST,
        },
        key=key,
        on_compare_change=_nothing,
    )
    if not isinstance(told.compare, list):
        return None
    ids = list(dict.fromkeys(str(one) for one in told.compare))
    return ids if FEWEST <= len(ids) <= MOST else None


def _nothing() -> None:
    """Streamlit names in the answer only what has a callback."""


def _card(video: Card | Video, *, has_poster: bool) -> dict[str, Any]:
    poster = f"/app/static/media/{video.id}/{RenditionKind.POSTER.value}"
    return {
        "id": str(video.id),
        "title": video.title,
        "person": video.person_name,
        "duration_s": float(video.duration_s),
        "ratio": video.width / video.height,
        "poster": poster if has_poster else None,
    }


def _has_poster(video: Video) -> bool:
    poster = video.renditions.get(RenditionKind.POSTER)
    return poster is not None and poster.state is RenditionState.READY
