"""Keeping what is in the editor under a name, with its chart, for oneself or for others."""

from __future__ import annotations

import streamlit as st

from dashboard import workbench_state
from dashboard.components.problem import show_problem
from dashboard.components.sql_editor import current_sql
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.workbench_state import Opened, chart_now, note_opened, opened_query
from jobs.workbench.charts import Chart, chart_of
from jobs.workbench.keeping import (
    MAX_NAME,
    SHARED_WITH,
    SavedQuery,
    keep_query,
    kept_queries,
    kept_under,
)
from storage.errors import StudioError
from storage.models import Person

_PANEL = "workbench_save"
_WITH_CHART = "workbench_with_chart"
_PROBLEM = "workbench_save_problem"
WORDS = {"nobody": "Only me", "team": "My team", "company": "Everybody with a workbench"}


def save_panel(person: Person) -> None:
    """The button Save, and behind it the form."""
    panel = st.popover("Save", icon=":material/bookmark_add:", key=_PANEL, on_change="rerun")
    if not panel.open:
        return
    with panel:
        if problem := st.session_state.pop(_PROBLEM, None):
            show_problem(problem)
        name = _fields(person)
        _chart_choice(chart_now())
        st.caption(_what_comes_of_it(person, kept_queries(services(), person), name))
        st.button("Save", type="primary", key="workbench_keep", on_click=_keep, args=(person,))


def _fields(person: Person) -> str:
    """Name, and who finds it; the name. Both begin as those of the query that was opened, by the
    fields' defaults: what a run writes into a field is lost when the next run cuts it short."""
    opened = opened_query()
    mine = opened is not None and opened.query.person_id == person.id
    name_key, shared_key = _keys()
    name = st.text_input(
        "Name",
        opened.query.name if opened is not None else "",
        key=name_key,
        max_chars=MAX_NAME,
        placeholder="Cost by model",
        width=340,
    )
    st.segmented_control(
        "Who finds it",
        SHARED_WITH,
        format_func=WORDS.__getitem__,
        default=opened.query.shared_with if opened and mine else "nobody",
        key=shared_key,
        required=True,
        help="They can run it and save a copy. Only you change it, and whoever runs it sees "
        "their own rows, never yours.",
    )
    return name


def _keys() -> tuple[str, str]:
    """Keys of the two fields: others for each query that is opened."""
    opened = opened_query()
    of = "new" if opened is None else f"{opened.query.id}_{opened.version}"
    return f"workbench_name_{of}", f"workbench_shared_{of}"


def _chart_choice(chart: Chart | None) -> None:
    if chart is None:
        st.caption("Open the tab Chart to keep a chart with it.")
        return
    st.checkbox("With its chart", value=True, key=_WITH_CHART, help=plain(chart.in_words()))


def _what_comes_of_it(person: Person, kept: list[SavedQuery], name: str) -> str:
    found = kept_under(kept, person, name)
    if found is not None:
        return f"Adds version {found.version + 1} to {plain(found.name)}. Older versions stay."
    opened = opened_query()
    if opened is not None and opened.query.person_id != person.id:
        return f"Saves a copy of your own; that of {plain(opened.query.person_name)} stays."
    return "Every version of it will be kept."


def _keep(person: Person) -> None:
    (name, shared_with), chart = (st.session_state[key] for key in _keys()), chart_now()
    if not st.session_state.get(_WITH_CHART, True):
        chart = None
    try:
        kept = keep_query(
            services(),
            person,
            name,
            current_sql(),
            shared_with=shared_with,
            chart=chart,
        )
        found = next(one for one in kept_queries(services(), person) if one.id == kept)
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
        return
    note_opened(Opened(found, found.version, found.sql, chart_of(found.chart)))
    workbench_state.forget_problem()
    st.session_state[_PANEL] = False
    st.toast(
        f"**{plain(found.name)}** is saved as version {found.version}.",
        icon=":material/bookmark_added:",
    )
