"""Shows what went wrong in three parts: what happened, what it cost, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.error_frame import plain, worded
from storage.errors import StudioError

_NOTHING = "Nothing was spent."


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
    show_box(error.happened, error.cost, error.todo)


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
