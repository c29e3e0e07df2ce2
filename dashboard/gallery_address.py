"""The gallery's view and the address of its page: every filter is in the address.

The words of the search are bound to their field, so that typing leaves no trail of half words in
the browser's history. Everything else is written here; Back and Forward lead through it.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st

from jobs.gallery_filters import PARAMETERS, GalleryView, parse_view, query_of

SEARCH = "q"
"""Key of the search field, and its name in the address."""

_CHOSEN = tuple(name for name in PARAMETERS if name != SEARCH)


def view_of_address() -> GalleryView:
    """The view that the address asks for, with the words that are in the search field."""
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    if SEARCH in st.session_state:
        given[SEARCH] = [st.session_state[SEARCH] or ""]
    return parse_view(given)


def show_view(view: GalleryView) -> None:
    """Have the page show this view, from the next run on; other words only from a callback."""
    wanted = query_of(view)
    if (st.session_state.get(SEARCH) or "").strip() != view.filter.search:
        st.session_state[SEARCH] = view.filter.search
    for name in _CHOSEN:
        if name in wanted:
            st.query_params[name] = wanted[name]
        elif name in st.query_params:
            del st.query_params[name]


def without_filters(view: GalleryView) -> GalleryView:
    """The same kind of view of everything."""
    return GalleryView(
        view.status,
        replace(GalleryView().filter, trashed=view.filter.trashed),
        mine=view.mine,
        sort=view.sort,
        group=view.group,
    )


def has_filters(view: GalleryView) -> bool:
    """Whether the view leaves out videos of its kind: team, mine, trash."""
    return view != without_filters(view)


def query_string(view: GalleryView) -> str:
    """The view as the query of an address; also what tells two views apart."""
    return urlencode(query_of(view), doseq=True)
