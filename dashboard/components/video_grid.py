"""A grid of posters that opens a video. A moving preview is fetched only under the pointer.

There is at most one `<video>` on the page: one per card is known to eat gigabytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import streamlit as st

from dashboard.gallery_reads import is_pending
from storage.models import RenditionKind, RenditionState, Video

KEY = "video_grid"

_HERE = Path(__file__)


def _asset(suffix: str) -> str:
    return _HERE.with_suffix(suffix).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "video_grid", html=_asset(".html"), css=_asset(".css"), js=_asset(".js")
)


def media_address(video: Video, kind: RenditionKind) -> str | None:
    """Where the browser gets a file of the video; None while it can't."""
    rendition = video.renditions.get(kind)
    if rendition is None or rendition.state is not RenditionState.READY:
        return None
    return f"/app/static/media/{video.id}/{kind.value}"


def card_of(video: Video) -> dict[str, Any]:
    """What the browser needs to know of a video to show its card."""
    return {
        "id": str(video.id),
        "title": video.title,
        "person": video.person_name,
        "at": video.created_at.isoformat(),
        "duration_s": float(video.duration_s),
        "ratio": video.width / video.height,
        "poster": media_address(video, RenditionKind.POSTER),
        "preview": media_address(video, RenditionKind.PREVIEW),
        "processing": is_pending(video),
    }


@dataclass(frozen=True)
class GridWish:
    """What the person asked of the grid since the last run."""

    open: UUID | None
    """The video whose card was chosen; None for none."""
    more: bool
    """Whether the end of the list came into sight."""


def video_grid(
    videos: Sequence[Video], *, has_more: bool, opened: UUID | None, key: str = KEY
) -> GridWish:
    """Show the videos. `opened` is the one in the lightbox; its card gets the focus back later."""
    told = _component(
        data={
            "items": [card_of(video) for video in videos],
            "has_more": has_more,
            "opened": str(opened) if opened else None,
        },
        key=key,
        on_open_change=_nothing,
        on_more_change=_nothing,
    )
    chosen = next((video.id for video in videos if str(video.id) == told.open), None)
    if chosen == opened:
        chosen = None
    # The browser says how many it had: a late call must not load one more page.
    return GridWish(open=chosen, more=has_more and told.more == len(videos))


def _nothing() -> None:
    """Streamlit names in the answer only what has a callback."""
