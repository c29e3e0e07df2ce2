"""What the gallery says around its videos: why there are none, what was moved, what is gone."""

from __future__ import annotations

import streamlit as st

from dashboard.components.gallery_summary import clear_filters
from dashboard.components.problem import show_box
from dashboard.error_frame import plain
from dashboard.gallery_address import has_filters
from dashboard.gallery_dialog import close_video, forget_moved, last_moved, put_back
from dashboard.gallery_reads import Group
from dashboard.roles import CREATE, pages_for
from jobs.gallery_filters import GalleryView, Status
from jobs.library import TRASH_DAYS
from storage.errors import RecordUnavailable
from storage.models import Person

_SEARCHED = "Title, prompt, tags and campaign are searched. Try a shorter word, or fewer filters."

_EMPTY = {
    Status.TRASHED: (
        "delete",
        "The trash is empty",
        f"Deleted videos stay here for {TRASH_DAYS} days.",
    ),
    Status.MAKING: ("pending_actions", "Nothing is in the making", "What you start appears here."),
    Status.FAILED: ("task_alt", "Nothing has failed", "Generations that fail or stop appear here."),
}

_UNGROUPED = {
    Group.IMAGE: ("None of these videos has a product image", "Other groups show them all."),
    Group.BATCH: ("None of these videos is of a batch", "They were made one by one."),
}


def show_nothing(person: Person, view: GalleryView) -> None:
    """Say why there is nothing to see, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("medium")
        if has_filters(view):
            _say("search_off", _no_match(view), _SEARCHED)
            st.button("Show everything", on_click=clear_filters, args=(view,))
        elif view.group in _UNGROUPED:
            _say("stacks", *_UNGROUPED[view.group])
        elif view.status in _EMPTY:
            _say(*_EMPTY[view.status])
        else:
            words = "You made none yet" if view.mine else "No videos yet"
            _say("movie", words, "Finished videos appear here by themselves.")
            _offer_create(person)
        st.space("medium")


def show_moved(person: Person) -> None:
    """Say what was just moved to or from the trash; what is in it can be had back."""
    if (moved := last_moved()) is None:
        return
    title = plain(moved.video.title)
    if moved.video.deleted_at is None:
        st.toast(f"**{title}** is back in the gallery.", icon=":material/undo:")
        forget_moved()
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}** is in the trash for {TRASH_DAYS} days.", width="stretch")
        st.button("Undo", icon=":material/undo:", on_click=put_back, args=(person, moved))
        st.button("Dismiss", type="tertiary", on_click=forget_moved)


def show_absent() -> None:
    """Say that the address names no video that this person may see."""
    st.warning(
        "It may be deleted for good, or it belongs to another team.",
        title="This video isn't here",
        icon=":material/search_off:",
    )
    st.button("Show the gallery", on_click=close_video)


def show_unreachable(problem: RecordUnavailable) -> None:
    """Say that nothing can be shown now, and that nothing is lost."""
    show_box(problem.happened, "", "Your videos are safe. Try again in a moment.")
    st.button("Try again", icon=":material/refresh:")


def _no_match(view: GalleryView) -> str:
    words = view.filter.search.strip()
    return f"Nothing found for “{plain(words)}”" if words else "No video matches these filters"


def _say(icon: str, heading: str, words: str) -> None:
    st.markdown(f"# :gray[:material/{icon}:]", text_alignment="center", anchors=False)
    st.subheader(heading, anchor=False, text_alignment="center")
    st.caption(words, text_alignment="center")


def _offer_create(person: Person) -> None:
    makes = CREATE in pages_for(person.role)
    if makes and st.button("Create the first one", type="primary", icon=CREATE.icon):
        st.switch_page(CREATE.file)
