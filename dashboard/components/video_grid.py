"""A grid of posters that opens a video. A moving preview is fetched only under the pointer.

There is at most one `<video>` on the page: one per card is known to eat gigabytes. Of however many
cards were scrolled past, only those near the screen are elements of the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import streamlit as st

from dashboard import gallery_address, gallery_selection, gallery_wire
from dashboard.gallery_feed import Feed
from dashboard.gallery_route import ADDRESS
from dashboard.services import services
from jobs.curation import MOST_AT_ONCE
from storage.models import RenditionKind, RenditionState, Video

KEY = "video_grid"

_HERE = Path(__file__)
_PARTS = ("", "_pages", "_layout", "_cards", "_choice")


def _asset(suffix: str, part: str = "") -> str:
    return _HERE.with_name(f"{_HERE.stem}{part}{suffix}").read_text(encoding="utf-8")


_component = st.components.v2.component(
    "video_grid",
    html=_asset(".html"),
    css=_asset(".css"),
    js="\n".join(_asset(".js", part) for part in _PARTS),
)


def media_address(video: Video, kind: RenditionKind) -> str | None:
    """Where the browser gets a file of the video; None while it can't."""
    rendition = video.renditions.get(kind)
    if rendition is None or rendition.state is not RenditionState.READY:
        return None
    return f"/app/static/media/{video.id}/{kind.value}"


@dataclass(frozen=True)
class GridWish:
    """What the person asked of the grid since the last run; None for nothing."""

    open: UUID | None
    """The video whose card was chosen."""
    generation: UUID | None
    """The generation, which has no video, whose card was chosen."""
    group: str | None
    """The group of which all is wanted; empty for the videos that are in none."""
    favour: tuple[UUID, bool] | None
    """A video, and whether it is a favourite from now on."""


def video_grid(feed: Feed, *, opened: str | None) -> GridWish:
    """Show the view. `opened` is in the lightbox; its card gets the focus back later."""
    told = _component(
        data={
            "view": gallery_address.query_string(feed.view),
            "epoch": feed.epoch,
            "first": feed.first,
            "by_day": gallery_wire.is_by_day(feed.view),
            "grouped": gallery_wire.is_grouped(feed.view),
            "today": datetime.now(services().settings.zone).date().isoformat(),
            "selection": gallery_selection.as_data(),
            "most": MOST_AT_ONCE,
            "opened": opened,
            "address": ADDRESS,
        },
        key=KEY,
        on_open_change=_nothing,
        on_generation_change=_nothing,
        on_group_change=_nothing,
        on_favour_change=_nothing,
        on_selection_change=_select,
    )
    liked = told.favour if isinstance(told.favour, dict) else {}
    video_id = _uuid(liked.get("id"))
    return GridWish(
        open=_uuid(told.open),
        generation=_uuid(told.generation),
        group=told.group if isinstance(told.group, str) else None,
        favour=(video_id, bool(liked.get("favourite"))) if video_id else None,
    )


def _select() -> None:
    gallery_selection.take(st.session_state[KEY].get("selection"))


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _nothing() -> None:
    """Streamlit names in the answer only what has a callback."""
