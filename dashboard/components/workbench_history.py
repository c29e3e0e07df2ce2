"""What was asked in the workbench before, and how it ended."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.workbench_state import open_sql
from jobs.workbench.asking import QueryRun, history
from storage.models import Person, Role

_OUTCOMES = {
    None: "did not end",
    "answered": "answered",
    "refused": "refused",
    "failed": "failed",
    "too_long": "took too long",
    "too_large": "too large",
    "stopped": "stopped",
    "crashed": "crashed",
    "busy": "found no room",
}
_MOST_LISTED = 30


def history_panel(person: Person, zone: ZoneInfo) -> None:
    """The button History; an administrator sees everybody's questions on request."""
    panel = st.popover("History", icon=":material/history:", key="workbench_history",
                       on_change="rerun")  # fmt: skip
    if not panel.open:
        return
    with panel:
        everybody = person.role is Role.ADMIN and st.toggle("Everybody's", key="workbench_all")
        wanted = st.text_input(
            "Find a question",
            key="workbench_history_find",
            placeholder="Find a question",
            label_visibility="collapsed",
            icon=":material/search:",
            width=420,
        )
        found = history(services(), person, everybody=everybody)
        _list(found, wanted.strip().lower(), zone, named=everybody)


def _list(found: list[QueryRun], wanted: str, zone: ZoneInfo, *, named: bool) -> None:
    fitting = [run for run in found if wanted in f"{run.person_name} {run.sql}".lower()]
    if not found:
        st.caption("Nothing was asked yet.")
    elif not fitting:
        st.caption("None of the latest questions has these words.")
    with st.container(height=420 if len(fitting) > 5 else "content", border=False):
        for run in fitting[:_MOST_LISTED]:
            _asked(run, zone, named=named)


def _asked(run: QueryRun, zone: ZoneInfo, *, named: bool) -> None:
    """One question; pressed, it goes into the editor with the values of its fields."""
    words = [f"{run.began_at.astimezone(zone):%d %b, %H:%M:%S}", _OUTCOMES[run.outcome]]
    if named:
        words.insert(1, plain(run.person_name))
    if run.row_count is not None:
        rows = "1 row" if run.row_count == 1 else f"{run.row_count:,} rows"
        words.append(f"{rows} in {run.seconds:.2f} s")
    if run.demo:
        words.append("demo history")
    with st.container(gap=None):
        st.button(
            plain(_first_words(run.sql)) or "…",
            key=f"workbench_run_{run.id}",
            type="tertiary",
            on_click=open_sql,
            args=(run.sql, run.parameters),
            help="Put it into the editor",
        )
        st.caption(" · ".join(words))


def _first_words(sql: str) -> str:
    """The beginning of a question, without a comment's dashes."""
    return " ".join(sql.replace("--", " ").split())[:70]
