"""What one visit of the workbench has at hand: the question that runs, or the last answer."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from dashboard.components.sql_editor import current_sql, put_sql, was_put
from dashboard.components.workbench_parameters import parameter_values
from dashboard.services import services
from jobs.workbench.asking import ask
from jobs.workbench.keeping import SavedQuery, kept_queries
from jobs.workbench.pool import Run
from storage.errors import StudioError
from storage.models import Person

_RUN = "workbench_run"
_TAKEN = "workbench_taken"
_PROBLEM = "workbench_problem"
_OPENED = "workbench_opened"
MOST_IN_ADDRESS = 6_000
"""Characters of a question that an address carries."""
FIRST = """-- What each model made and cost in the last 30 days. Ctrl+Enter runs it.
select
    model,
    sum(completed) as videos,
    sum(spend_usd) as spend_usd,
    sum(wasted_usd) as wasted_usd
from cells_model
where day >= today() - 30
group by model
order by spend_usd desc nulls last
"""


def run_now() -> Run | None:
    """The question of this visit that runs or ran last."""
    found: Run | None = st.session_state.get(_RUN)
    return found


def take_address(person: Person) -> None:
    """Write what the address asks for into the editor, once: `?sql=` or `?query=`."""
    wanted = (st.query_params.get("sql"), st.query_params.get("query"))
    if any(wanted) and st.session_state.get(_TAKEN) != wanted:
        st.session_state[_TAKEN] = wanted
        if wanted[0]:
            open_sql(wanted[0])
        elif found := _kept(person, wanted[1] or ""):
            open_kept(found)
    if not was_put():
        put_sql(FIRST)


def open_sql(sql: str) -> None:
    """Put a text into the editor; the answer of another one goes."""
    put_sql(sql)
    st.session_state.pop(_OPENED, None)
    if (run := run_now()) and run.ended:
        st.session_state.pop(_RUN)


def open_kept(query: SavedQuery) -> None:
    """Put a kept query into the editor."""
    open_sql(query.sql)
    st.session_state[_OPENED] = query


def opened_query() -> SavedQuery | None:
    """The kept query that was opened last."""
    found: SavedQuery | None = st.session_state.get(_OPENED)
    return found


def start(person: Person, *, demo: bool) -> None:
    """Ask what is in the editor; what hinders it is shown by the page."""
    sql = current_sql()
    try:
        run = ask(services(), person, sql, parameter_values(sql), demo=demo)
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
        return
    st.session_state.pop(_PROBLEM, None)
    st.session_state[_RUN] = run
    _show_in_address(sql)
    run.wait(0.6)  # most questions are answered before a page could say that they run


def stop() -> None:
    """End the question that runs."""
    if run := run_now():
        run.stop()
        run.wait(2)


def problem() -> StudioError | None:
    """What hindered the last question from being asked."""
    found: StudioError | None = st.session_state.get(_PROBLEM)
    return found


def _show_in_address(sql: str) -> None:
    st.query_params.pop("query", None)
    if len(sql) <= MOST_IN_ADDRESS:
        st.query_params["sql"] = sql
        st.session_state[_TAKEN] = (sql, None)
    else:
        st.query_params.pop("sql", None)


def _kept(person: Person, wanted: str) -> SavedQuery | None:
    try:
        query_id = UUID(wanted)
    except ValueError:
        return None
    return next((one for one in kept_queries(services(), person) if one.id == query_id), None)
