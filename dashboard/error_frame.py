"""What a person sees when a page fails: words, never a traceback."""

from __future__ import annotations

import re
from uuid import uuid4

import streamlit as st
import structlog

from dashboard.services import services
from storage.errors import RecordUnavailable, StudioError

log = structlog.get_logger(__name__)

FAILED = ":material/error:"
"""The icon of words about something that failed."""
_AGAIN_S = 5.0
_LOOKS = "looks_for_the_record"
_CODE = re.compile(r"`([^`\n]+)`")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")


def show_error(exc: Exception) -> bool:
    """Show what happened, what it cost and what to do; True, so that Streamlit shows nothing else.

    Streamlit calls it for an error that leaves a page, a callback or a fragment. An error that is
    not ours is logged under an id that the person can name.
    """
    if isinstance(exc, StudioError):
        _show_ours(exc)
    else:
        _show_unexpected(exc)
    return True


def plain(text: str) -> str:
    """`text` so that Markdown shows it letter for letter."""
    return _MARKDOWN.sub(r"\\\1", text)


def worded(text: str) -> str:
    """The same, but what stands in backticks is shown as code."""
    pieces = _CODE.split(text)
    return "".join(f"`{one}`" if place % 2 else plain(one) for place, one in enumerate(pieces))


def _show_ours(exc: StudioError) -> None:
    log.info("page refused", error=type(exc).__name__, happened=exc.happened)
    lines = (f"**{worded(exc.happened)}**", worded(exc.todo), plain(exc.cost))
    st.error("\n\n".join(line for line in lines if line), icon=FAILED)
    if isinstance(exc, RecordUnavailable):
        st.session_state[_LOOKS] = False
        _try_again()


@st.fragment(run_every=_AGAIN_S)
def _try_again() -> None:
    """The page comes back by itself, or by a press, when the record answers. A look may take long,
    so none is taken before this is drawn."""
    pressed = st.button("Try again", icon=":material/refresh:")
    looks, st.session_state[_LOOKS] = st.session_state.get(_LOOKS), True
    if pressed or (looks and services().database.wake()):
        st.rerun()


def _show_unexpected(exc: Exception) -> None:
    number = uuid4().hex[:8]
    log.error("page failed", number=number, exc_info=exc)
    st.error(
        "**Something went wrong on our side.** What you did before is kept.\n\n"
        "Load the page again. If it happens again, give an administrator this number: "
        f"`{number}`",
        icon=FAILED,
    )
