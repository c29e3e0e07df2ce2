"""What one visit of the workbench has at hand: the question that runs, or the last answer, how it
is drawn, and the kept query that was opened."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from dashboard.components.sql_editor import current_sql, put_sql, was_put
from dashboard.components.workbench_parameters import (
    changed_values,
    parameter_values,
    put_values,
)
from dashboard.services import services
from dashboard.workbench_address import Address, asked_address, show_address, values_of
from jobs.workbench.asking import Parameters, ask
from jobs.workbench.charts import Chart, chart_of
from jobs.workbench.keeping import QueryVersion, SavedQuery, kept_queries, versions_of
from jobs.workbench.pool import Run
from jobs.workbench.starters import Starter, starters
from storage.errors import StudioError
from storage.models import Person

_RUN = "workbench_run"
_TAKEN = "workbench_taken"
_PROBLEM = "workbench_problem"
_OPENED = "workbench_opened"
_LOST = "workbench_lost"
_CHART = "workbench_chart_chosen"
CHART_FIELDS = ("workbench_form", "workbench_x", "workbench_y", "workbench_by")
"""Keys of the fields of the chart builder: form, across, up, colour."""
TAB = "workbench_tab"
_SHOWN = "workbench_shown"
AS_TABLE, AS_CHART = ":material/table: Table", ":material/bar_chart: Chart"


@dataclass(frozen=True)
class Opened:
    """A kept query, and the version of it that was put into the editor."""

    query: SavedQuery
    version: int
    sql: str
    chart: Chart | None

    @property
    def is_last(self) -> bool:
        """Whether no version is newer."""
        return self.version == self.query.version


def run_now() -> Run | None:
    """The question of this visit that runs or ran last."""
    found: Run | None = st.session_state.get(_RUN)
    return found


def take_address(person: Person) -> None:
    """Write what the address asks for into the editor and its fields, once."""
    wanted = asked_address()
    if wanted and st.session_state.get(_TAKEN) != wanted:
        st.session_state[_TAKEN] = wanted
        if "sql" in wanted:
            open_sql(wanted["sql"][0], values_of(wanted, wanted["sql"][0]))
        else:
            _open_by_id(person, wanted)
    if not was_put():
        put_sql(starters()[0].sql)


def open_sql(sql: str, parameters: Parameters | None = None) -> None:
    """Put a text into the editor, with values for its fields; the answer of another one goes."""
    put_sql(sql)
    put_values(parameters or {})
    put_chart(None)
    st.session_state.pop(_OPENED, None)
    st.session_state.pop(_LOST, None)
    st.session_state.pop(_PROBLEM, None)
    if (run := run_now()) and run.ended:
        st.session_state.pop(_RUN)


def open_kept(
    query: SavedQuery, version: QueryVersion | None = None, address: Address | None = None
) -> None:
    """Put a kept query into the editor, as it is or as a version said, and its chart with it."""
    said = version or query
    open_sql(said.sql, values_of(address or {}, said.sql))
    note_opened(Opened(query, said.version, said.sql, chart_of(said.chart)))
    put_chart(chart_of(said.chart))


def open_starter(starter: Starter) -> None:
    """Put a question to begin with into the editor, with its chart."""
    open_sql(starter.sql)
    put_chart(starter.chart)


def note_opened(opened: Opened | None) -> None:
    """Remember which kept query is in the editor, None for none, and say it in the address."""
    st.session_state[_OPENED] = opened
    _show_in_address(current_sql() if opened is None else opened.sql)


def opened_query() -> Opened | None:
    """The kept query that was opened last."""
    found: Opened | None = st.session_state.get(_OPENED)
    return found


def lost_query() -> bool:
    """Whether the address named a kept query that is not there for this person."""
    return bool(st.session_state.get(_LOST))


def put_chart(chart: Chart | None) -> None:
    """Draw answers like this from now on, and show the chart first; None: the table, and a chart
    only when it is asked for."""
    st.session_state[_CHART] = chart
    st.session_state[_SHOWN] = AS_TABLE if chart is None else AS_CHART
    for key in (TAB, *CHART_FIELDS):
        st.session_state.pop(key, None)


def note_chart(chart: Chart) -> None:
    """Remember how the answer is drawn now."""
    st.session_state[_CHART] = chart


def begin_tab() -> None:
    """Have the tabs begin where they were, also after they were gone while a question ran."""
    if TAB not in st.session_state:
        st.session_state[TAB] = st.session_state.get(_SHOWN, AS_TABLE)


def note_tab() -> None:
    """Remember which tab is looked at."""
    st.session_state[_SHOWN] = st.session_state[TAB]


def chart_now() -> Chart | None:
    """How the answer is drawn; None when nobody asked for a chart."""
    found: Chart | None = st.session_state.get(_CHART)
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
    st.session_state.pop(_LOST, None)
    st.session_state[_RUN] = run
    _show_in_address(sql)
    run.wait(0.6)  # most questions are answered before a page could say that they run


def stop() -> None:
    """End the question that runs."""
    if run := run_now():
        stop_run(run)


def stop_run(run: Run) -> None:
    """End a question, and with it what it hindered."""
    run.stop()
    run.wait(2)
    forget_problem()


def problem() -> StudioError | None:
    """What hindered the last question from being asked."""
    found: StudioError | None = st.session_state.get(_PROBLEM)
    return found


def forget_problem() -> None:
    """Say nothing more about what hindered the last question."""
    st.session_state.pop(_PROBLEM, None)


def has_address() -> bool:
    """Whether the address names what is asked."""
    return bool(asked_address())


def _show_in_address(sql: str) -> None:
    """A kept query by its id while the editor has nothing else, any other text as it is."""
    opened = opened_query()
    question = {"sql": sql}
    if opened is not None and opened.sql == sql:
        question = {"query": str(opened.query.id)}
        if not opened.is_last:
            question["version"] = str(opened.version)
    show_address(question, changed_values(sql))
    st.session_state[_TAKEN] = asked_address()


def _open_by_id(person: Person, wanted: Address) -> None:
    found = _kept(person, wanted["query"][0])
    if found is None:
        st.session_state[_LOST] = True
        return
    number = wanted.get("version", [""])[0]
    versions = versions_of(services(), person, found.id) if number else []
    said = next((one for one in versions if str(one.version) == number), None)
    open_kept(found, said, wanted)


def _kept(person: Person, wanted: str) -> SavedQuery | None:
    try:
        query_id = UUID(wanted)
    except ValueError:
        return None
    return next((one for one in kept_queries(services(), person) if one.id == query_id), None)
