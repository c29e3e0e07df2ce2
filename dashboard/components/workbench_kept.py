"""Queries that are kept and shared, and what they said before."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.problem import show_problem
from dashboard.components.workbench_save import WORDS
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.workbench_state import note_opened, open_kept, opened_query
from jobs.workbench.charts import chart_of
from jobs.workbench.keeping import (
    QueryVersion,
    SavedQuery,
    forget_query,
    kept_queries,
    versions_of,
)
from storage.errors import StudioError
from storage.models import Person, Role

_PANEL, _VERSIONS = "workbench_kept", "workbench_versions"
_PROBLEM, _LEAVING = "workbench_kept_problem", "workbench_leaving"


def kept_panel(person: Person) -> None:
    """The button Saved, and behind it the queries of this person and those shared with them."""
    if problem := st.session_state.pop(_PROBLEM, None):
        show_problem(problem)
    panel = st.popover("Saved", icon=":material/bookmark:", key=_PANEL, on_change="rerun")
    if leaving := st.session_state.get(_LEAVING):
        _ask_before_deleting(person, leaving)
    if not panel.open:
        return
    with panel:
        kept = kept_queries(services(), person)
        mine = [one for one in kept if one.person_id == person.id]
        others = [one for one in kept if one.person_id != person.id]
        if not mine:
            st.caption("You have saved no query yet. *Save* stands below the editor.")
        for one in mine:
            _row(one, _about_mine(one), may_delete=True)
        if others:
            st.markdown(":small[**Shared by others**]")
        for one in others:
            about = f"By {plain(one.person_name)} · version {one.version}"
            _row(one, about, may_delete=person.role is Role.ADMIN)


def _about_mine(one: SavedQuery) -> str:
    return f"{WORDS[one.shared_with]} · version {one.version}"


def _row(one: SavedQuery, about: str, *, may_delete: bool) -> None:
    chart = chart_of(one.chart)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width=420):
        st.button(
            plain(one.name),
            key=f"workbench_open_{one.id}",
            icon=":material/bar_chart:" if chart else ":material/table:",
            help=f"{about} · {plain(chart.in_words())}" if chart else about,
            type="tertiary",
            on_click=_open,
            args=(one,),
        )
        st.caption(about, width="stretch", text_alignment="right")
        if may_delete:
            st.button(
                "",
                key=f"workbench_forget_{one.id}",
                icon=":material/delete:",
                help="Delete",
                type="tertiary",
                on_click=_leave,
                args=(one,),
            )


def versions_panel(person: Person, zone: ZoneInfo) -> None:
    """What the opened query says, and said before."""
    opened = opened_query()
    if opened is None:
        return
    label = f"{plain(opened.query.name)} · version {opened.version}"
    panel = st.popover(label, icon=":material/history_edu:", key=_VERSIONS, on_change="rerun")
    if not panel.open:
        return
    with panel:
        for one in versions_of(services(), person, opened.query.id):
            _version(opened.query, one, zone, shown=one.version == opened.version)
        st.caption("An older one that is opened and saved becomes the newest.")


def _version(query: SavedQuery, one: QueryVersion, zone: ZoneInfo, *, shown: bool) -> None:
    chart = chart_of(one.chart)
    with st.container(gap=None, width=420):
        st.button(
            f"Version {one.version} · {one.at.astimezone(zone):%d %b %Y, %H:%M}",
            key=f"workbench_version_{one.version}",
            icon=":material/check:" if shown else None,
            type="tertiary",
            on_click=_open,
            args=(query, one),
            help="Put it into the editor",
        )
        st.caption(plain(chart.in_words()) if chart else "As a table")


@st.dialog("Delete this query?", icon=":material/delete:")
def _ask_before_deleting(person: Person, one: SavedQuery) -> None:
    st.session_state.pop(_LEAVING, None)
    st.markdown(f"**{plain(one.name)}** and every version of it go, for everybody who finds it.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="workbench_stay"):
            st.rerun()
        given = (person, one.id)
        if st.button(
            "Delete", key="workbench_delete", type="primary", on_click=_forget, args=given
        ):
            st.rerun()


def _open(query: SavedQuery, version: QueryVersion | None = None) -> None:
    open_kept(query, version)
    st.session_state[_PANEL] = st.session_state[_VERSIONS] = False


def _leave(one: SavedQuery) -> None:
    st.session_state[_LEAVING] = one
    st.session_state[_PANEL] = False


def _forget(person: Person, query_id: UUID) -> None:
    try:
        forget_query(services(), person, query_id)
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
        return
    opened = opened_query()
    if opened is not None and opened.query.id == query_id:
        note_opened(None)
