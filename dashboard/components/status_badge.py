"""A generation's status in words and colours: the one place that pages take them from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from jobs.lifecycle import MOVES, Event
from storage.models import GenerationStatus

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]
_S = GenerationStatus


@dataclass(frozen=True)
class StatusLook:
    """How a status is shown."""

    words: str
    color: Color
    step: int
    """Steps of five that are behind it: ours, sent, fal's queue, being made, collected."""


STEPS = ("Our queue", "Sent to fal", "fal's queue", "Being made", "Collected")

LOOKS: dict[GenerationStatus, StatusLook] = {
    _S.AWAITING_APPROVAL: StatusLook("Needs approval", "yellow", 0),
    _S.QUEUED: StatusLook("Waiting for us", "gray", 0),
    _S.SUBMITTING: StatusLook("Sending to fal", "blue", 1),
    _S.UNKNOWN: StatusLook("Outcome unknown", "orange", 1),
    _S.WAITING: StatusLook("In fal's queue", "blue", 2),
    _S.RUNNING: StatusLook("Being made", "violet", 3),
    _S.COLLECTING: StatusLook("Collecting", "blue", 4),
    _S.COMPLETED: StatusLook("Ready", "green", 5),
    _S.FAILED: StatusLook("Failed", "red", 0),
    _S.CANCELING: StatusLook("Stopping", "orange", 2),
    _S.CANCELED: StatusLook("Stopped", "gray", 0),
}

_NOW = {
    _S.AWAITING_APPROVAL: "A manager has to agree before it is queued.",
    _S.SUBMITTING: "Handing it to fal.",
    _S.RUNNING: "fal is making the video.",
    _S.COLLECTING: "Fetching the video, checking it and storing it.",
    _S.COMPLETED: "The video is in the gallery.",
    _S.CANCELING: "Asked fal to stop it. fal may still finish it, and then bills it.",
    _S.CANCELED: "Stopped before a video was made.",
}


_NOT_AT_FAL = MOVES[Event.WITHDRAWN].from_statuses

_ENDING = StatusLook("Stopping", "orange", 4)
"""Somebody stopped it, and fal has ended it: with a video or without."""


def look_of(
    status: GenerationStatus, *, stop_asked: bool = False, claimed: bool = False
) -> StatusLook:
    """How it is shown: after a stop that fal has answered to, or in a submit worker's hands too."""
    if status is _S.QUEUED and claimed:
        return LOOKS[_S.SUBMITTING]
    if status is _S.COLLECTING and stop_asked:
        return _ENDING
    return LOOKS[status]


def status_badge(status: GenerationStatus, *, stop_asked: bool = False) -> None:
    """The status as a coloured chip."""
    look = look_of(status, stop_asked=stop_asked)
    st.badge(look.words, color=look.color)


def phase_words(row: dict[str, Any]) -> str:
    """What is happening to a generation now, from a row of the queue."""
    status = GenerationStatus(row["status"])
    if status is _S.QUEUED:
        return _NOW[_S.SUBMITTING] if row["claimed"] else _queued_words(row)
    if status is _S.COLLECTING and row["cancel_requested_at"] is not None:
        return "fal has answered to the stop. If it made the video, it is kept and charged."
    if status is _S.WAITING:
        return _waiting_words(row["queue_position"])
    if status is _S.UNKNOWN:
        return "The studio is looking for it at fal. Don't submit it again."
    if status is _S.FAILED:
        return row["problem"] or "It failed."
    return _NOW[status]


def stop_words(status: GenerationStatus) -> str:
    """What to know before stopping it."""
    if status in _NOT_AT_FAL:
        return "Ends it at once. Nothing is charged."
    return "fal is asked to stop. It may still finish and bill it: then you get the video."


def _queued_words(row: dict[str, Any]) -> str:
    if row["tries"] and row["problem"]:
        return f"Trying again soon. {row['problem']}"
    if not row["place"]:
        return "In our queue."
    own = f", {row['own_place']} of your own" if row["mine"] and row["own_place"] else ""
    return f"Place {row['place']} in our queue{own}."


def _waiting_words(queue_position: int | None) -> str:
    """fal counts places from 0 (fal docs, Queue API, Status: `queue_position`)."""
    if queue_position is None:
        return "Waiting for fal to start."
    if queue_position == 0:
        return "Next in fal's queue."
    return f"Place {queue_position + 1} in fal's queue."
