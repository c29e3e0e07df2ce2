"""What the gallery says around its videos: why there are none, what was moved, what is gone."""

from __future__ import annotations

import streamlit as st

from dashboard.error_frame import plain
from dashboard.gallery_dialog import close_video, forget_moved, last_moved, move
from dashboard.gallery_reads import Filters
from dashboard.roles import CREATE, pages_for
from jobs.library import TRASH_DAYS
from storage.models import Person

_SEARCHED = "Titles and tags are searched. Try a shorter word."


def show_nothing(person: Person, filters: Filters) -> None:
    """Say why there is nothing to see, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("medium")
        if filters.search:
            _say("search_off", f"Nothing found for “{plain(filters.search)}”", _SEARCHED)
            st.button("Clear the search", on_click=_clear_search)
        elif filters.trashed:
            _say("delete", "The trash is empty", f"Deleted videos stay here for {TRASH_DAYS} days.")
        else:
            _say("movie", "No videos yet", "Finished videos appear here by themselves.")
            _offer_create(person)
        st.space("medium")


def show_moved(person: Person) -> None:
    """Say what was just moved to or from the trash; what is in it can be had back."""
    if (video := last_moved()) is None:
        return
    title = plain(video.title)
    if video.deleted_at is None:
        st.toast(f"**{title}** is back in the gallery.", icon=":material/undo:")
        forget_moved()
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}** is in the trash for {TRASH_DAYS} days.", width="stretch")
        st.button("Undo", icon=":material/undo:", on_click=move, args=(person, video))
        st.button("Dismiss", type="tertiary", on_click=forget_moved)


def show_absent() -> None:
    """Say that the address names no video that this person may see."""
    st.warning(
        "It may be deleted for good, or it belongs to another team.",
        title="This video isn't here",
        icon=":material/search_off:",
    )
    st.button("Show the gallery", on_click=close_video)


def _say(icon: str, heading: str, words: str) -> None:
    st.markdown(f"# :gray[:material/{icon}:]", text_alignment="center", anchors=False)
    st.subheader(heading, anchor=False, text_alignment="center")
    st.caption(words, text_alignment="center")


def _clear_search() -> None:
    st.session_state["q"] = ""


def _offer_create(person: Person) -> None:
    makes = CREATE in pages_for(person.role)
    if makes and st.button("Create the first one", type="primary", icon=CREATE.icon):
        st.switch_page(CREATE.file)
