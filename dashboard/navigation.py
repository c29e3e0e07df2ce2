"""The navigation of a role, as Streamlit draws it.

It stands apart from the frame because Streamlit runs the frame anew each time, while this module
keeps what it has made.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache

import streamlit as st

from dashboard.roles import ACCOUNT, PageEntry, landing_for, pages_for
from storage.models import Person

_MOST_PAGES = 100


def navigation(person: Person) -> st.Page:
    """Offer the person's pages above every page; the one that this run is of."""
    entries = pages_for(person.role)
    pages = {entry.name: copy(_page(entry)) for entry in entries}
    landing = pages[landing_for(person.role).name]

    def home() -> None:
        st.switch_page(landing)

    # A default page has no address of its own, so none of the real pages is the default: each
    # keeps an address that can be linked to, with its parameters.
    start = st.Page(home, title="Seedance Studio", default=True, visibility="hidden")
    sections = {"": [start]}
    for entry in entries:
        title = person.name if entry is ACCOUNT else entry.section
        sections.setdefault(title, []).append(pages[entry.name])
    return st.navigation(sections, position="top")


@lru_cache(maxsize=_MOST_PAGES)
def _page(entry: PageEntry) -> st.Page:
    """A page to take copies of: Streamlit looks for its file on the disk to make one, and notes in
    it whether this run may show it."""
    return st.Page(
        entry.file,
        title=entry.title,
        icon=entry.icon,
        url_path=entry.name,
        help=entry.about,
        visibility="visible" if entry.listed else "hidden",
    )
