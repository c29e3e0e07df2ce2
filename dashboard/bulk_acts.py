"""What is done to many videos at once, and what is said of it afterwards.

A visit keeps the last thing that was said, with what takes it back, until it is dismissed or
something else is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from dashboard import gallery_selection
from dashboard.components.curation_acts import refusal_words
from dashboard.gallery_feed import read_again
from dashboard.services import services
from jobs import curation
from jobs.bootstrap import Services
from jobs.curation import Done
from storage.errors import StudioError
from storage.models import Person

_SAID = "gallery_said"

Act = Callable[[Services], Done]


@dataclass(frozen=True)
class Said:
    """What came of an act."""

    words: str
    undo_id: UUID | None = None
    """What takes it back; None when nothing can."""
    failed: bool = False


def do(act: Act, done: str, *, leaves: bool = False) -> None:
    """Do it and keep what is to be said; `done` is the word for it, such as `moved to Spring`.

    With `leaves` the videos leave the view, and are no longer selected.
    """
    try:
        result = act(services())
    except StudioError as exc:
        say(Said(refusal_words(exc), failed=True))
        return
    if leaves:
        gallery_selection.clear()
    say(Said(words_of(result, done), result.undo_id))


def words_of(result: Done, done: str) -> str:
    """`12 moved to Spring. 2 were so before. 3 are colleagues' and stay as they are.`"""
    parts = [f"{len(result.changed):,} {done}" if result.changed else f"None {done}"]
    if result.already:
        parts.append(f"{result.already:,} {_were(result.already)} so before")
    if result.refused:
        whose = "is a colleague's and stays as it is"
        many = "are colleagues' and stay as they are"
        parts.append(f"{result.refused:,} {whose if result.refused == 1 else many}")
    if result.gone:
        parts.append(f"{result.gone:,} {_were(result.gone)} gone")
    return ". ".join(parts) + "."


def undo(person: Person, undo_id: UUID) -> None:
    """Take back the last act, where nobody has changed its videos since."""
    try:
        count = curation.undo(services(), person, undo_id)
    except StudioError as exc:
        say(Said(refusal_words(exc), failed=True))
        return
    say(Said(f"{count:,} {'is' if count == 1 else 'are'} as before."))


def say(said: Said) -> None:
    """Say this in place of what was said before; the gallery looks at the record again."""
    st.session_state[_SAID] = said
    read_again()


def last_said() -> Said | None:
    """What is to be said; None for nothing."""
    said: Said | None = st.session_state.get(_SAID)
    return said


def forget_said() -> None:
    """Say no more about it."""
    st.session_state.pop(_SAID, None)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
