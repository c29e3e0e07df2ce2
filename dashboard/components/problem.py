"""Shows what went wrong in three parts: what happened, what it cost, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
import structlog

from dashboard.error_frame import plain, worded
from storage.errors import StudioError, WarehouseError

log = structlog.get_logger(__name__)

_NOTHING = "Nothing was spent."
_SAID = ": "
"""Between what happened and what the engine said of it."""


@contextmanager
def problems_shown() -> Iterator[None]:
    """Shows an error of the studio in place of the rest of a block.

    A fragment that runs every second goes on after it, so it recovers by itself.
    """
    try:
        yield
    except StudioError as exc:
        show_problem(exc)


def show_problem(error: StudioError) -> None:
    """A box for any error of the studio; nothing on the page is lost by showing it."""
    if isinstance(error, WarehouseError):
        _show_unread(error)
    else:
        show_box(error.happened, error.cost, error.todo)


def _show_unread(error: WarehouseError) -> None:
    """Figures are only read, so nothing was spent; what the engine said names files and SQL, which
    is for the log."""
    log.error("figures not read", happened=error.happened, exc_info=error)
    happened, said, _ = error.happened.partition(_SAID)
    todo = f"If it stays so, tell whoever runs the studio. {error.todo}".strip()
    show_box(f"{happened}." if said else happened, "", todo)


def show_box(happened: str, cost: str, todo: str) -> None:
    """A box with the three parts; an empty part is left out."""
    lines = [f"**{worded(happened)}**"]
    if cost and cost != _NOTHING:
        lines.append(f":material/payments: {plain(cost)}")
    elif cost:
        lines.append(plain(cost))
    if todo:
        lines.append(f":material/arrow_forward: {worded(todo)}")
    st.error("\n\n".join(lines), icon=":material/error:")


def show_field_problems(messages: list[str]) -> None:
    """What is wrong with one field, below it."""
    for message in messages:
        st.markdown(f":small[:red[:material/error: {plain(message)}]]")
