"""Two to four videos that play in step, side by side or under a wipe, and what they differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.compare_facts import VERDICT_WORDS
from dashboard.compare_reads import Absent, Compared, Place, Unfinished
from dashboard.components.status_badge import LOOKS
from dashboard.differences import Part, Row
from jobs.curation import MAX_COMMENT, Opinion, Verdict
from jobs.gallery_filters import FINISHED
from storage.models import Generation, RenditionKind, RenditionState, Video

KEY = "compare_player"
LETTERS = "ABCD"

_HERE = Path(__file__)
_QUALITIES = {
    RenditionKind.WEB: "Full size",
    RenditionKind.P480: "480p",
    RenditionKind.P360: "360p",
}


def _asset(suffix: str) -> str:
    return _HERE.with_suffix(suffix).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "compare_player", html=_asset(".html"), css=_asset(".css"), js=_asset(".js")
)


@dataclass(frozen=True)
class Sheet:
    """Everything that the page shows of the compared videos."""

    places: Sequence[Place]
    rows: Sequence[Row]
    """Properties of those that are there, in their order."""
    prompts: Sequence[Sequence[Part]]
    """Their prompts, with what differs marked."""
    is_unmarked: bool
    """Whether one of them has too little in common with the first to be marked."""
    may_judge: bool


@dataclass(frozen=True)
class Judged:
    """A verdict that somebody gave."""

    id: str
    verdict: Verdict | None
    """None withdraws it."""
    comment: str


@dataclass(frozen=True)
class Wish:
    """What the person asked of the page since the last run; None where nothing."""

    order: list[str] | None
    """The videos in another order, or without one."""
    judged: Judged | None
    favourite: tuple[str, bool] | None
    """A video, and whether it is to be a favourite."""


def compare_player(sheet: Sheet) -> Wish:
    """Show the videos; what to do then."""
    told = _component(
        data=_data(sheet),
        key=KEY,
        on_order_change=_nothing,
        on_judge_change=_nothing,
        on_favour_change=_nothing,
    )
    theirs = {str(one.id): one.opinion for one in sheet.places if isinstance(one, Compared)}
    return Wish(
        order=_order(told.order, [str(one.id) for one in sheet.places]),
        judged=_judged(told.judge, theirs) if sheet.may_judge else None,
        favourite=_favourite(told.favour, theirs),
    )


def _nothing() -> None:
    """Streamlit names in the answer only what has a callback."""


def _order(told: object, now: list[str]) -> list[str] | None:
    """The browser may only reorder and leave out; None when that changes nothing."""
    if not isinstance(told, list):
        return None
    order = [one for one in dict.fromkeys(map(str, told)) if one in now]
    return None if order == now else order


def _judged(told: object, theirs: Mapping[str, Opinion]) -> Judged | None:
    """None also when the verdict is so already."""
    if not isinstance(told, dict) or told.get("id") not in theirs:
        return None
    word, comment = told.get("verdict"), str(told.get("comment") or "")
    if word is not None and word not in list(Verdict):
        return None
    verdict, before = Verdict(word) if word else None, theirs[told["id"]]
    same = (verdict, comment) == (before.verdict, before.verdict_comment or "")
    return None if same else Judged(told["id"], verdict, comment)


def _favourite(told: object, theirs: Mapping[str, Opinion]) -> tuple[str, bool] | None:
    """None also when it is so already."""
    if not isinstance(told, dict) or told.get("id") not in theirs:
        return None
    wanted = told.get("favourite") is True
    return None if wanted == theirs[told["id"]].favourite else (told["id"], wanted)


def _data(sheet: Sheet) -> dict[str, Any]:
    there = [LETTERS[at] for at, place in enumerate(sheet.places) if isinstance(place, Compared)]
    return {
        "panes": [
            {"letter": letter, **_pane(place)}
            for letter, place in zip(LETTERS, sheet.places, strict=False)
        ],
        "columns": there,
        "rows": [
            {"label": row.label, "values": list(row.values), "differs": row.differs}
            for row in sheet.rows
        ],
        "prompts": [[list(part) for part in prompt] for prompt in sheet.prompts],
        "unmarked": sheet.is_unmarked,
        "same_prompt": len({"".join(text for text, _ in one) for one in sheet.prompts}) == 1,
        "verdicts": [[verdict.value, words] for verdict, words in VERDICT_WORDS.items()],
        "may_judge": sheet.may_judge,
        "longest_comment": MAX_COMMENT,
    }


def _pane(place: Place) -> dict[str, Any]:
    match place:
        case Compared():
            return _video_pane(place)
        case Unfinished(generation):
            return _unfinished_pane(generation)
        case Absent(asked):
            return {
                "id": asked,
                "state": "absent",
                "title": "This video isn't here",
                "words": "It may be deleted for good, or it belongs to another team.",
            }


def _video_pane(one: Compared) -> dict[str, Any]:
    video = one.video
    return {
        "id": str(video.id),
        "state": "there",
        "title": video.title,
        "ratio": video.width / video.height,
        "duration_s": float(video.duration_s),
        "fps": float(video.fps),
        "poster": _address(video, RenditionKind.POSTER),
        "sources": _sources(video),
        "favourite": one.opinion.favourite,
        "verdict": one.opinion.verdict,
        "comment": one.opinion.verdict_comment or "",
        "note": "In the trash" if video.deleted_at else "",
    }


def _unfinished_pane(generation: Generation) -> dict[str, Any]:
    look = LOOKS[generation.status]
    ended = generation.status in FINISHED
    return {
        "id": str(generation.id),
        "state": "ended" if ended else "making",
        "title": generation.prompt,
        "words": f"{look.words}, so there is no video."
        if ended
        else f"{look.words}. It joins here by itself.",
        "link": f"/queue?generation={generation.id}",
    }


def _sources(video: Video) -> list[dict[str, Any]]:
    """The files that can be played, the largest first."""
    return [
        {"kind": kind.value, "label": label, "address": address, "width": _width(video, kind)}
        for kind, label in _QUALITIES.items()
        if (address := _address(video, kind))
    ]


def _width(video: Video, kind: RenditionKind) -> int:
    return video.renditions[kind].width or video.width


def _address(video: Video, kind: RenditionKind) -> str | None:
    rendition = video.renditions.get(kind)
    if rendition is None or rendition.state is not RenditionState.READY:
        return None
    return f"/app/static/media/{video.id}/{kind.value}"
