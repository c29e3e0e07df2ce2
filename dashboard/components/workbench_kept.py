"""Queries that are kept and shared, their versions, and what was asked before."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.problem import show_problem
from dashboard.components.sql_editor import current_sql
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.workbench_state import open_kept, open_sql, opened_query
from jobs.workbench.asking import QueryRun, history
from jobs.workbench.keeping import (
    MAX_NAME,
    SHARED_WITH,
    SavedQuery,
    forget_query,
    keep_query,
    kept_queries,
    versions_of,
)
from storage.errors import StudioError
from storage.models import Person, Role

_NAME, _SHARED, _PROBLEM = "workbench_name", "workbench_shared", "workbench_kept_problem"
_WORDS = {"nobody": "Only me", "team": "My team", "company": "Everybody with a workbench"}
_OUTCOMES = {
    None: "did not end",
    "answered": "answered",
    "refused": "refused",
    "failed": "failed",
    "too_long": "too long",
    "too_large": "too large",
    "stopped": "stopped",
    "crashed": "crashed",
    "busy": "no room",
}
_MOST_LISTED = 30


def kept_panel(person: Person) -> None:
    """The button Saved, and behind it the queries of this person and those shared with them."""
    with st.popover("Saved", icon=":material/bookmark:", key="workbench_kept"):
        if problem := st.session_state.pop(_PROBLEM, None):
            show_problem(problem)
        try:
            found = kept_queries(services(), person)
        except StudioError as exc:
            show_problem(exc)
            return
        if not found:
            st.caption("No saved queries yet. Give what is in the editor a name.")
        for one in found:
            _row(person, one)
        st.divider()
        _form(person)


def _row(person: Person, one: SavedQuery) -> None:
    mine = one.person_id == person.id
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            plain(one.name),
            key=f"workbench_open_{one.id}",
            icon=":material/bookmark:" if one.shared_with == "nobody" else ":material/group:",
            help=f"{_WORDS[one.shared_with]} · version {one.version}"
            if mine
            else f"Shared by {plain(one.person_name)} · version {one.version}",
            type="tertiary",
            on_click=open_kept,
            args=(one,),
            width="stretch",
        )
        if mine or person.role is Role.ADMIN:
            st.button(
                "Delete",
                key=f"workbench_forget_{one.id}",
                icon=":material/delete:",
                type="tertiary",
                on_click=_forget,
                args=(person, one.id),
            )


def _form(person: Person) -> None:
    opened = opened_query()
    if opened is not None and _NAME not in st.session_state:
        st.session_state[_NAME] = opened.name
    st.text_input("Save as", key=_NAME, max_chars=MAX_NAME, placeholder="Cost by model", width=320)
    st.segmented_control(
        "Who finds it",
        SHARED_WITH,
        format_func=_WORDS.__getitem__,
        default="nobody",
        key=_SHARED,
        help="Whoever runs it sees their own rows, never yours.",
    )
    st.button("Save", icon=":material/bookmark_add:", on_click=_keep, args=(person,))
    st.caption("Saving under a name that you have adds a version.")


def versions_panel(person: Person, zone: ZoneInfo) -> None:
    """What the opened query said before."""
    opened = opened_query()
    if opened is None:
        return
    found = versions_of(services(), person, opened.id)
    if not found:
        return
    label = f"Version {opened.version} of {len(found)}"
    with st.popover(label, icon=":material/history_edu:", key="workbench_versions"):
        for one in found:
            st.button(
                f"Version {one.version} · {one.at.astimezone(zone):%d %b %Y, %H:%M}",
                key=f"workbench_version_{one.version}",
                type="tertiary",
                on_click=open_sql,
                args=(one.sql,),
            )


def history_panel(person: Person, zone: ZoneInfo) -> None:
    """What was asked before; an administrator sees everybody's on request."""
    with st.popover("History", icon=":material/history:", key="workbench_history"):
        everybody = person.role is Role.ADMIN and st.toggle("Everybody's", key="workbench_all")
        found = history(services(), person, everybody=everybody)
        if not found:
            st.caption("Nothing was asked yet.")
        for run in found[:_MOST_LISTED]:
            _asked(run, zone, named=everybody)


def _asked(run: QueryRun, zone: ZoneInfo, *, named: bool) -> None:
    """One question of the history; pressed, it goes into the editor."""
    words = [f"{run.began_at.astimezone(zone):%d %b, %H:%M:%S}", _OUTCOMES[run.outcome]]
    if named:
        words.insert(1, plain(run.person_name))
    if run.row_count is not None:
        words.append(f"{run.row_count:,} rows in {run.seconds:.2f} s")
    with st.container(gap=None):
        st.button(
            plain(_first_words(run.sql)) or "…",
            key=f"workbench_run_{run.id}",
            type="tertiary",
            on_click=open_sql,
            args=(run.sql,),
            help="Put it into the editor",
        )
        st.caption(" · ".join(words))


def _first_words(sql: str) -> str:
    """The beginning of a question, without a comment's dashes."""
    return " ".join(sql.replace("--", " ").split())[:70]


def _keep(person: Person) -> None:
    name = st.session_state[_NAME]
    try:
        keep_query(
            services(),
            person,
            name,
            current_sql(),
            shared_with=st.session_state[_SHARED] or "nobody",
        )
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
        return
    st.toast(f"**{plain(name.strip())}** is saved.", icon=":material/bookmark_added:")


def _forget(person: Person, query_id: UUID) -> None:
    try:
        forget_query(services(), person, query_id)
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
