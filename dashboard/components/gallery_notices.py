"""What the gallery says around its videos: why there are none, what was moved, what is gone."""

from __future__ import annotations

import streamlit as st

from dashboard.error_frame import plain
from dashboard.gallery_dialog import close_video, forget_moved, last_moved, move
from dashboard.gallery_reads import Filters
from dashboard.roles import CREATE, pages_for
from jobs.library import TRASH_DAYS
from storage.models import Person


def show_nothing(person: Person, filters: Filters) -> None:
    """Say why there is nothing to see, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("medium")
        if filters.search:
            st.subheader(f"Nothing found for “{plain(filters.search)}”", anchor=False)
            st.write("Titles and tags are searched. Try a shorter word.")
            st.button("Clear the search", on_click=lambda: st.session_state.update(q=""))
        elif filters.trashed:
            st.subheader("The trash is empty", anchor=False)
            st.write(f"Videos that are thrown away stay here for {TRASH_DAYS} days.")
        else:
            st.subheader("No videos yet", anchor=False)
            st.write("Finished videos appear here by themselves.")
            if CREATE in pages_for(person.role):
                st.page_link(CREATE.file, label="Create the first one", icon=CREATE.icon)
        st.space("medium")


def show_moved(person: Person) -> None:
    """Say what was just moved to or from the trash, with a way back."""
    if (video := last_moved()) is None:
        return
    title = plain(video.title)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if video.deleted_at:
            st.markdown(f"**{title}** is in the trash for {TRASH_DAYS} days.", width="stretch")
            st.button("Undo", icon=":material/undo:", on_click=move, args=(person, video))
        else:
            st.markdown(f"**{title}** is back in the gallery.", width="stretch")
        st.button("Dismiss", type="tertiary", on_click=forget_moved)


def show_absent() -> None:
    """Say that the address names no video that this person may see."""
    st.warning(
        "It may be deleted for good, or it belongs to another team.",
        title="This video isn't here",
        icon=":material/search_off:",
    )
    st.button("Show the gallery", on_click=close_video)
