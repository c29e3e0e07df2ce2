"""The life of a generation: the one table of moves, as data.

An event is what happened; its move says from which statuses it may lead where. Nothing else names
a target status: `jobs.moves` turns an event into the one guarded update, and a trigger in Postgres
refuses every pair that `studio.transitions` does not list. `docs/state-machine.md` shows the same
table as a diagram; tests compare the three.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.models import FINAL_STATUSES, GenerationStatus

S = GenerationStatus


class Event(StrEnum):
    """What can happen to a generation."""

    APPROVED = "approved"
    """A manager agrees to it."""
    SUBMIT_BEGUN = "submit begun"
    """The intent is written; the POST follows."""
    ACCEPTED = "accepted by fal"
    """fal answered with a request id."""
    NOT_BOOKED = "not booked, try again"
    """fal provably booked nothing and may do so later."""
    ANSWER_LOST = "answer lost"
    """The POST may have been booked."""
    ADOPTED = "found at fal"
    """A lost request was found, exactly once."""
    STARTED = "fal started"
    FAL_COMPLETED = "fal completed"
    COLLECTED = "stored and charged"
    FAILED = "failed"
    GIVEN_UP = "failed before submit"
    """It never reached fal."""
    WITHDRAWN = "canceled before submit"
    """A person stopped it while nothing was at fal."""
    STOP_ASKED = "stop asked"
    """A person stopped it while it is at fal, or may be."""
    STOPPED = "fal stopped it"
    COMPLETED_ANYWAY = "completed anyway"
    """fal finished before the cancel came: the video is paid for, so it is collected."""


@dataclass(frozen=True)
class Move:
    """From where an event may lead where."""

    from_statuses: frozenset[GenerationStatus]
    to_status: GenerationStatus


def _move(*from_statuses: GenerationStatus, to: GenerationStatus) -> Move:
    return Move(frozenset(from_statuses), to)


MOVES: dict[Event, Move] = {
    Event.APPROVED: _move(S.AWAITING_APPROVAL, to=S.QUEUED),
    Event.SUBMIT_BEGUN: _move(S.QUEUED, to=S.SUBMITTING),
    Event.ACCEPTED: _move(S.SUBMITTING, to=S.WAITING),
    Event.NOT_BOOKED: _move(S.SUBMITTING, to=S.QUEUED),
    Event.ANSWER_LOST: _move(S.SUBMITTING, to=S.UNKNOWN),
    Event.ADOPTED: _move(S.UNKNOWN, to=S.WAITING),
    Event.STARTED: _move(S.WAITING, to=S.RUNNING),
    Event.FAL_COMPLETED: _move(S.WAITING, S.RUNNING, to=S.COLLECTING),
    Event.COLLECTED: _move(S.COLLECTING, to=S.COMPLETED),
    Event.FAILED: _move(
        S.SUBMITTING, S.UNKNOWN, S.WAITING, S.RUNNING, S.COLLECTING, S.CANCELING, to=S.FAILED
    ),
    Event.GIVEN_UP: _move(S.QUEUED, to=S.FAILED),
    Event.WITHDRAWN: _move(S.AWAITING_APPROVAL, S.QUEUED, to=S.CANCELED),
    Event.STOP_ASKED: _move(S.SUBMITTING, S.UNKNOWN, S.WAITING, S.RUNNING, to=S.CANCELING),
    Event.STOPPED: _move(S.CANCELING, S.COLLECTING, to=S.CANCELED),
    Event.COMPLETED_ANYWAY: _move(S.CANCELING, to=S.COLLECTING),
}


def transitions() -> frozenset[tuple[GenerationStatus, GenerationStatus]]:
    """Every legal pair of statuses; `studio.transitions` in Postgres holds the same."""
    return frozenset(
        (origin, move.to_status) for move in MOVES.values() for origin in move.from_statuses
    )


def can_stop(status: GenerationStatus) -> bool:
    """Whether a person can still stop a generation in this status."""
    stops = MOVES[Event.WITHDRAWN].from_statuses | MOVES[Event.STOP_ASKED].from_statuses
    return status in stops


def mermaid() -> str:
    """The table as a Mermaid state diagram, for `docs/state-machine.md`."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.QUEUED}: admitted"]
    for event, move in MOVES.items():
        for origin in sorted(move.from_statuses, key=list(S).index):
            lines.append(f"    {origin} --> {move.to_status}: {event}")
    lines += [f"    {status} --> [*]" for status in S if status in FINAL_STATUSES]
    return "\n".join(lines) + "\n"
