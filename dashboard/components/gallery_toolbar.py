"""The gallery's toolbar: a search field, and whose videos."""

from __future__ import annotations

import streamlit as st

from dashboard.gallery_reads import Filters
from storage.models import Person, Role


def choose_filters(person: Person) -> Filters:
    """The toolbar; what it says is in the address."""
    everybody = "All teams" if person.role is Role.ADMIN else "Team"
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search",
            key="q",
            type="search",
            live="300ms",
            max_chars=100,
            placeholder="Search titles and tags",
            icon=":material/search:",
            label_visibility="collapsed",
            width=340,
            bind="query-params",
        )
        show = st.segmented_control(
            "Show",
            [everybody, "Mine", "Trash"],
            default=everybody,
            required=True,
            key="show",
            label_visibility="collapsed",
            bind="query-params",
        )
    return Filters(mine=show == "Mine", trashed=show == "Trash", search=(search or "").strip())
