"""The open video: player, neighbours, what it is, what people think of it, what to do with it.

The page gives data and gets wishes: nothing that a person wrote becomes markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import streamlit as st

from dashboard.components.timeline import PHASES, Phase, long_words
from dashboard.gallery_reads import Card, is_pending
from dashboard.video_facts import Fact, VerdictWords, megabytes
from dashboard.video_reads import Choices, Neighbourhood, VideoStory
from jobs.curation import MAX_COMMENT, MAX_TAG, MAX_TITLE
from storage.models import RenditionKind, RenditionState, Video

KEY = "lightbox"

_HERE = Path(__file__)


def _asset(name: str) -> str:
    return _HERE.with_name(name).read_text(encoding="utf-8")


_SCRIPTS = ("lightbox.js", "lightbox_player.js", "lightbox_panel.js", "lightbox_story.js")

_component = st.components.v2.component(
    "lightbox",
    html=_asset("lightbox.html"),
    css=_asset("lightbox.css"),
    # An inline component is one module; it is only written in several files.
    js="\n".join(_asset(name) for name in _SCRIPTS),
)


@dataclass(frozen=True)
class Answer:
    """What became of the last wish."""

    number: int
    """The browser's own number of the wish."""
    video_id: UUID
    act: str
    problem: str | None
    """Why it was not done; None when it was."""


@dataclass(frozen=True)
class May:
    """What this person may do with the video; what they may not is not offered."""

    edit: bool
    """Title, tags, campaign, trash."""
    judge: bool
    """Stars and verdict."""
    make: bool
    """New videos from it."""


@dataclass(frozen=True)
class Sheet:
    """Everything that the lightbox shows of one video."""

    story: VideoStory
    near: Neighbourhood
    choices: Choices
    may: May
    final: str | None
    """The resolution in which this draft can be made final; None when it is no draft."""
    made_at: str
    facts: list[Fact]
    money: list[Fact]
    """Empty for those who may not see it."""
    phases: list[Phase]
    verdict: VerdictWords | None
    """The verdict that holds."""
    verdicts: list[VerdictWords]
    """Every one, last to first."""
    leaves_trash: str | None
    """The day on which it is deleted for good; None when it is not in the trash."""
    answer: Answer | None


@dataclass(frozen=True)
class Wishes:
    """What the browser asks for in this run; each may be anything that a browser can send."""

    act: object
    go: object
    seen: object


def wishes() -> Wishes:
    """What was asked since the last run. Streamlit knows it before the lightbox is drawn."""
    told = st.session_state.get(KEY) or {}
    return Wishes(told.get("act"), told.get("go"), told.get("seen"))


def lightbox(sheet: Sheet) -> None:
    """Show the video."""
    _component(
        data=_data(sheet),
        key=KEY,
        on_act_change=_nothing,
        on_go_change=_nothing,
        on_seen_change=_nothing,
    )


def _nothing() -> None:
    """Streamlit keeps only those wishes that have a callback."""


def media_address(video: Video, kind: RenditionKind) -> str | None:
    """Where the browser gets a file of the video; None while it can't."""
    rendition = video.renditions.get(kind)
    if rendition is None or rendition.state is not RenditionState.READY:
        return None
    return f"/app/static/media/{video.id}/{kind.value}"


def _data(sheet: Sheet) -> dict[str, Any]:
    video = sheet.story.video
    return {
        **_words_of(sheet),
        **_opinion_of(sheet),
        "id": str(video.id),
        "ratio": video.width / video.height,
        "poster": media_address(video, RenditionKind.POSTER),
        "previous": _text(sheet.near.previous),
        "next": _text(sheet.near.next),
        "strip": [_thumbnail(one) for one in sheet.near.strip] if len(sheet.near.strip) > 1 else [],
        "sources": _files(video, _PLAYED),
        "files": [_saved(file) for file in _files(video, _SAVED)],
        "files_words": _files_words(video),
        "images": _images(sheet),
        "campaign": _campaign(video.campaign_id, video.campaign_name),
        "campaigns": [_campaign(one.id, one.name) for one in sheet.choices.campaigns],
        "known_tags": [tag for tag in sheet.choices.tags if tag not in video.tags],
        "may": {"edit": sheet.may.edit, "judge": sheet.may.judge, "make": sheet.may.make},
        "final": sheet.final,
        "has_seed": video.seed is not None,
        "limits": {"title": MAX_TITLE, "tag": MAX_TAG, "comment": MAX_COMMENT},
        "answer": _answer(sheet.answer, video.id),
    }


def _words_of(sheet: Sheet) -> dict[str, Any]:
    video, making = sheet.story.video, sheet.story.making
    sent = making.generation.sent_prompt if making else None
    return {
        "title": video.title,
        "person": video.person_name,
        "made_at": sheet.made_at,
        "description": video.description,
        "prompt": video.prompt,
        "sent_prompt": sent if sent != video.prompt else None,
        "tags": video.tags,
        "facts": [list(fact) for fact in sheet.facts],
        "money": [list(fact) for fact in sheet.money],
        "phases": _phases(sheet.phases),
        "leaves_trash": sheet.leaves_trash,
    }


def _opinion_of(sheet: Sheet) -> dict[str, Any]:
    opinion = sheet.story.opinion
    mean = f"{opinion.rating.normalize():f}" if opinion.rating else None
    return {
        "rating": {"mean": mean, "count": opinion.rating_count, "mine": opinion.my_stars},
        "favourite": opinion.favourite,
        "verdict": _verdict(sheet.verdict) if sheet.verdict else None,
        "verdicts": [_verdict(one) for one in sheet.verdicts],
    }


def _verdict(one: VerdictWords) -> dict[str, Any]:
    return {"value": one.verdict, "by": one.by, "at": one.at, "comment": one.comment}


def _phases(phases: list[Phase]) -> dict[str, Any]:
    total_s = max((one.start_s + one.length_s for one in phases), default=0.0)
    scale = 100 / total_s if total_s else 0.0
    rows = [
        {
            "name": PHASES[one.status][0],
            "color": PHASES[one.status][1],
            "left": round(min(one.start_s * scale, 99.0), 2),
            "width": round(one.length_s * scale, 2),
            "words": long_words(one.length_s),
        }
        for one in phases
    ]
    return {"rows": rows, "total": long_words(total_s)}


def _thumbnail(one: Card | Video) -> dict[str, Any]:
    has_poster = one.has_poster if isinstance(one, Card) else True
    poster = f"/app/static/media/{one.id}/{RenditionKind.POSTER.value}" if has_poster else None
    return {"id": str(one.id), "title": one.title, "poster": poster}


_PLAYED = {
    RenditionKind.WEB: "The full size",
    RenditionKind.P480: "Smaller, starts sooner",
    RenditionKind.P360: "Smallest, for slow connections",
}
_SAVED = {
    RenditionKind.WEB: "",
    RenditionKind.P480: "",
    RenditionKind.P360: "",
    RenditionKind.ORIGINAL: "Original",
}
_FAILED = RenditionState.FAILED
_LOST = {
    RenditionKind.WEB: "The full-size file is lost.",
    RenditionKind.ORIGINAL: "The file as fal made it is lost.",
}


def _files(video: Video, kinds: dict[RenditionKind, str]) -> list[dict[str, str]]:
    """The files of these kinds that are there, the best one first."""
    return [
        {
            "kind": kind.value,
            "label": _label(kind),
            "words": words,
            "size": megabytes(video.renditions[kind].size_bytes or 0),
            "address": address,
        }
        for kind, words in kinds.items()
        if (address := media_address(video, kind))
    ]


def _label(kind: RenditionKind) -> str:
    names = {RenditionKind.WEB: "Full size", RenditionKind.ORIGINAL: "Original"}
    return names.get(kind, kind.value)


def _saved(file: dict[str, str]) -> dict[str, str]:
    return {**file, "address": f"{file['address']}?download=1"}


def _files_words(video: Video) -> list[str]:
    """What is not as it should be about the files."""
    states = {kind: one.state for kind, one in video.renditions.items()}
    failed = [kind for kind in (*_PLAYED, RenditionKind.ORIGINAL) if states.get(kind) is _FAILED]
    lost = [_LOST[kind] for kind in failed if kind in _LOST]
    unmade = [kind.value for kind in failed if kind not in _LOST]
    words = [*lost, *([f"{' and '.join(unmade)} could not be made."] if unmade else [])]
    if states.get(RenditionKind.WEB) is RenditionState.PENDING:
        words.append("The full size is being made again…")
    elif is_pending(video):
        words.append("Smaller sizes are being made…")
    return words


def _images(sheet: Sheet) -> list[dict[str, str]]:
    ends = {"end": "End image"} if sheet.choices.has_end_image else {}
    whiches = {"start": "Start image", **ends}
    return [
        {"address": f"/app/static/input/{sheet.story.video.id}/{which}", "words": words}
        for which, words in whiches.items()
    ]


def _campaign(campaign_id: UUID | None, name: str | None) -> dict[str, str] | None:
    return {"id": str(campaign_id), "name": name or ""} if campaign_id else None


def _answer(answer: Answer | None, video_id: UUID) -> dict[str, Any] | None:
    if answer is None or answer.video_id != video_id:
        return None
    return {"n": answer.number, "do": answer.act, "problem": answer.problem}


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
