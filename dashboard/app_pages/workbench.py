"""Workbench: an analyst's own SQL over the warehouse, in a sandbox."""

from __future__ import annotations

import streamlit as st

from dashboard import analytics_reads, workbench_state
from dashboard.components.problem import problems_shown, show_problem
from dashboard.components.sql_editor import current_sql, forget_pressed, is_pressed, sql_editor
from dashboard.components.workbench_history import history_panel
from dashboard.components.workbench_kept import kept_panel, versions_panel
from dashboard.components.workbench_parameters import parameter_form
from dashboard.components.workbench_result import show_result
from dashboard.components.workbench_save import save_panel
from dashboard.components.workbench_schema import Schema, known_schema, schema_browser
from dashboard.error_frame import worded
from dashboard.services import services
from dashboard.whoami import current_person
from jobs.workbench.asking import require_workbench, warm
from jobs.workbench.starters import starters
from storage.errors import WarehouseMissing
from storage.models import Person, Role

_TICK_S = 0.5
_WARMED = "workbench_warmed"


def show() -> None:
    """The page."""
    person = current_person()
    with problems_shown():
        require_workbench(person)
        workbench_state.take_address(person)
        demo = "1" in st.query_params.get_all("demo") and analytics_reads.has_demo()
        _head(person, demo)
        try:
            lens = analytics_reads.look(person, demo=demo)
        except WarehouseMissing as exc:
            _show_no_lake(exc)
            return
        if st.session_state.get(_WARMED) != (demo, person.role):
            warm(services(), person, demo=demo)
            st.session_state[_WARMED] = (demo, person.role)
        tables = known_schema(lens)
        main, side = st.columns([3, 1], gap="medium")
        with main:
            _bench(person, tables, demo)
        with side:
            schema_browser(tables, demo)


def _head(person: Person, demo: bool) -> None:
    zone = services().settings.zone
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Workbench", anchor=False, width="stretch")
        with st.container(width="content", horizontal=True):
            versions_panel(person, zone)
            kept_panel(person)
            history_panel(person, zone)
    if demo:
        st.badge("Demo history: nothing here was spent", icon=":material/science:", color="orange")
    if person.role is Role.MANAGER:
        st.caption("The tables hold your team's rows, and no others.")


def _bench(person: Person, tables: Schema, demo: bool) -> None:
    if workbench_state.lost_query():
        st.warning(
            "The saved query of this address is not here: it was deleted, or is not shared with "
            "you.",
            icon=":material/bookmark_remove:",
        )
    sql_editor({n: {c: t[0] for c, t in cs.items()} for n, cs in tables.items()})
    parameter_form(current_sql())
    run = workbench_state.run_now()
    _buttons(person, demo)
    if is_pressed():
        if is_free := run is None or run.ended:
            workbench_state.start(person, demo=demo)
        forget_pressed()
        if is_free:
            st.rerun()
    if problem := workbench_state.problem():
        show_problem(problem)
        _stop_elsewhere(person)
    elif run is not None and not run.ended:
        _running()
    elif run is not None:
        if not workbench_state.has_address():
            st.caption("This question is too long for an address: save it to show it to others.")
        show_result(run)
    else:
        _begin()


def _stop_elsewhere(person: Person) -> None:
    """Offer to stop this person's question that runs in another window, or did before a reload."""
    if running := services().workbench.running(person.id):
        st.button(
            "Stop the one that runs",
            icon=":material/stop:",
            key="workbench_stop_elsewhere",
            on_click=workbench_state.stop_run,
            args=(running,),
        )


def _begin() -> None:
    """Before the first answer: what to do, and questions to begin with."""
    with st.container(border=True):
        st.markdown("The answer appears here. **Run** asks what is in the editor; or begin with")
        with st.container(horizontal=True, gap="small"):
            for starter in starters():
                st.button(
                    starter.label,
                    key=f"workbench_starter_{starter.name}",
                    icon=":material/lightbulb:",
                    on_click=workbench_state.open_starter,
                    args=(starter,),
                )


def _buttons(person: Person, demo: bool) -> None:
    run, limits = workbench_state.run_now(), services().workbench.limits
    busy = run is not None and not run.ended
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Run",
            type="primary",
            icon=":material/play_arrow:",
            key="workbench_go",
            disabled=busy,
            help="Ctrl+Enter in the editor",
            on_click=workbench_state.start,
            args=(person,),
            kwargs={"demo": demo},
        )
        if busy:
            st.button(
                "Stop", icon=":material/stop:", key="workbench_stop", on_click=workbench_state.stop
            )
        save_panel(person)
        if analytics_reads.has_demo():
            st.toggle(
                "Demo history",
                value=demo,
                key=f"workbench_demo_{demo}",
                on_change=_switch,
                args=(demo,),
            )
        st.caption(
            f"One SELECT · {limits.seconds:g} s · {limits.rows:,} rows · {limits.memory_mb} MB",
            width="stretch",
            text_alignment="right",
        )


@st.fragment(run_every=_TICK_S)
def _running() -> None:
    current_person()
    run = workbench_state.run_now()
    if run is None or run.ended:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/hourglass_top: Running for {run.seconds:.0f} s", width="stretch")


def _switch(demo: bool) -> None:
    if demo:
        st.query_params.pop("demo", None)
    else:
        st.query_params["demo"] = "1"


def _show_demo() -> None:
    st.query_params["demo"] = "1"


def _show_no_lake(error: WarehouseMissing) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### There is nothing to ask yet", text_alignment="center")
        st.markdown(worded(error.todo), text_alignment="center")
        if analytics_reads.has_demo():
            st.button(
                "Look at the demo history",
                icon=":material/science:",
                type="primary",
                on_click=_show_demo,
            )
        st.space("small")


show()
