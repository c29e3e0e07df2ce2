"""The open video: player, neighbours, what it is, its files, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import streamlit as st

from dashboard.components.video_grid import media_address
from dashboard.gallery_reads import is_pending
from dashboard.video_facts import Fact, megabytes
from storage.models import RenditionKind, Video

KEY = "lightbox"

_HERE = Path(__file__)


def _asset(suffix: str) -> str:
    return _HERE.with_suffix(suffix).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "lightbox", html=_asset(".html"), css=_asset(".css"), js=_asset(".js")
)


@dataclass(frozen=True)
class Sheet:
    """Everything that the lightbox shows of one video."""

    video: Video
    newer: UUID | None
    older: UUID | None
    strip: Sequence[Video]
    """The videos around it and itself, in the order of the gallery."""
    made_at: str
    facts: Sequence[Fact]
    sent_prompt: str | None
    """As fal got it, when that is not the prompt itself; None also when the reader may not know."""
    may_move: bool
    """Whether there is a button for the trash."""
    leaves_trash: str | None
    """The day on which it is deleted for good; None when it is not in the trash."""


def lightbox(sheet: Sheet, on_go: Callable[[UUID], None]) -> bool:
    """Show the video; whether it is to change sides: into the trash, or out of it.

    `on_go` is called with the neighbour that was chosen, before the run that follows.
    """

    def went() -> None:
        value = st.session_state[KEY].get("go")
        for one in sheet.strip:
            if str(one.id) == value:
                on_go(one.id)

    told = _component(data=_data(sheet), key=KEY, on_go_change=went, on_move_change=_nothing)
    # The button's video, not the one that happens to be open when the click arrives.
    return sheet.may_move and bool(told.move == str(sheet.video.id))


def _nothing() -> None:
    """Streamlit names in the answer only what has a callback."""


def _data(sheet: Sheet) -> dict[str, Any]:
    video = sheet.video
    return {
        "id": str(video.id),
        "title": video.title,
        "person": video.person_name,
        "made_at": sheet.made_at,
        "description": video.description,
        "ratio": video.width / video.height,
        "source": media_address(video, RenditionKind.WEB),
        "poster": media_address(video, RenditionKind.POSTER),
        "newer": str(sheet.newer) if sheet.newer else None,
        "older": str(sheet.older) if sheet.older else None,
        "strip": [_thumbnail(one) for one in sheet.strip] if len(sheet.strip) > 1 else [],
        "prompt": video.prompt,
        "sent_prompt": sheet.sent_prompt if sheet.sent_prompt != video.prompt else None,
        "tags": video.tags,
        "facts": [list(fact) for fact in sheet.facts],
        "files": _files(video),
        "processing": is_pending(video),
        "may_move": sheet.may_move,
        "leaves_trash": sheet.leaves_trash,
    }


def _thumbnail(video: Video) -> dict[str, Any]:
    return {
        "id": str(video.id),
        "title": video.title,
        "poster": media_address(video, RenditionKind.POSTER),
    }


_OFFERED = {
    RenditionKind.WEB: "Download",
    RenditionKind.ORIGINAL: "Original",
    RenditionKind.P480: "480p",
    RenditionKind.P360: "360p",
}


def _files(video: Video) -> list[dict[str, str]]:
    """The files that can be saved now, the best one first."""
    return [
        {
            "label": label,
            "size": megabytes(video.renditions[kind].size_bytes or 0),
            "address": f"{address}?download=1",
        }
        for kind, label in _OFFERED.items()
        if (address := media_address(video, kind))
    ]
