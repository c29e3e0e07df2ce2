"""Saved searches: keep what the gallery shows now under a name, open it again, forget it."""

from __future__ import annotations

import streamlit as st

from dashboard.components.drawer import drawer
from dashboard.components.problem import show_problem
from dashboard.error_frame import plain
from dashboard.gallery_address import show_view, view_of_address
from dashboard.gallery_feed import epoch
from dashboard.services import services
from jobs import curation
from jobs.curation import MAX_NAME, SavedSearch
from jobs.gallery_filters import GalleryView
from storage.errors import StudioError
from storage.models import Person, Role

_NAME = "gallery_save_name"
_SHARED = "gallery_save_shared"
_PROBLEM = "gallery_save_problem"
_FOUND = "gallery_saved_found"


def saved(person: Person, view: GalleryView) -> None:
    """The button, and behind it the searches of this person and those that colleagues share."""
    with drawer("Saved", icon=":material/bookmark:", key="gallery_saved") as is_open:
        if not is_open:
            return
        try:
            found = _known(person)
        except StudioError as exc:
            show_problem(exc)
            return
        if not found:
            st.caption("No saved searches yet. Save what you see now and open it again any time.")
        for one in found:
            _row(person, one)
        if view != GalleryView():
            _save_form(person)
        else:
            st.caption("Search or filter first; then save it here.")


def _known(person: Person) -> list[SavedSearch]:
    """Read once until the gallery changes or this visit saves or forgets one."""
    key = (person, epoch())
    known = st.session_state.get(_FOUND)
    if known is None or known[0] != key:
        known = (key, curation.saved_searches(services(), person))
        st.session_state[_FOUND] = known
    found: list[SavedSearch] = known[1]
    return found


def _row(person: Person, one: SavedSearch) -> None:
    mine = one.person_id == person.id
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            plain(one.name),
            key=f"gallery_open_{one.id}",
            icon=":material/group:" if one.shared else ":material/bookmark:",
            help=_about(one, mine),
            type="tertiary",
            on_click=show_view,
            args=(curation.view_of(one),),
            width="stretch",
        )
        if mine or person.role is Role.ADMIN:
            st.button(
                "Delete",
                key=f"gallery_forget_{one.id}",
                icon=":material/delete:",
                type="tertiary",
                on_click=_forget,
                args=(person, one),
            )


def _about(one: SavedSearch, mine: bool) -> str:
    if not mine:
        return f"Shared by {plain(one.person_name)}"
    return "Yours, shared with the team" if one.shared else "Only yours"


def _save_form(person: Person) -> None:
    st.text_input(
        "Save what you see as",
        key=_NAME,
        max_chars=MAX_NAME,
        placeholder="Approved 9:16 of autumn",
        width=300,
    )
    st.toggle("Share it with the team", key=_SHARED)
    st.button("Save", icon=":material/bookmark_add:", on_click=_save, args=(person,))
    if problem := st.session_state.pop(_PROBLEM, None):
        show_problem(problem)


def _save(person: Person) -> None:
    name = st.session_state[_NAME]
    try:
        curation.save_search(
            services(), person, name, view_of_address(), shared=st.session_state[_SHARED]
        )
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
        return
    st.session_state[_NAME] = ""
    st.session_state.pop(_FOUND, None)
    st.toast(f"**{plain(name.strip())}** is saved.", icon=":material/bookmark_added:")


def _forget(person: Person, one: SavedSearch) -> None:
    st.session_state.pop(_FOUND, None)
    try:
        curation.delete_search(services(), person, one.id)
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
