"""Queue: every generation from submit to video, live, and the page of a single one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

from dashboard import reads
from dashboard.components.generation_acts import (
    NEWS,
    PROBLEM,
    generation_acts,
    open_video,
    stop_now,
    try_again,
)
from dashboard.components.generation_page import generation_body, generation_header
from dashboard.components.live_queue import Act, live_queue
from dashboard.components.outcome_box import open_notice
from dashboard.components.problem import problems_shown, show_problem
from dashboard.components.queue_notices import (
    account_notice,
    empty_queue,
    load_meter,
    rest_line,
    sections_of,
)
from dashboard.reads import GenerationView, QueueView
from dashboard.services import services
from dashboard.whoami import current_person
from storage.errors import RecordNotFound
from storage.models import FINAL_STATUSES, Person

_FAST_S, _SLOW_S, _LONG_S = 1, 2, 5
_LONG = 1000
"""From so many rows on, most of them wait, and a place changes seldom."""
_MINE, _EVERYBODY = "Mine", "Everybody's"


def show() -> None:
    """The page: one generation when the address names one, else the list."""
    person = current_person()
    news = st.session_state.pop(NEWS, None)
    if news:
        st.toast(news, icon=":material/check:")
    named = st.query_params.get("generation")
    if named:
        _show_one(person, named)
    else:
        _show_list(person)


def _show_list(person: Person) -> None:
    st.title("Queue")
    whose = st.segmented_control(
        "Whose generations",
        [_MINE, _EVERYBODY],
        default=_MINE,
        required=True,
        key="whose",
        bind="query-params",
        label_visibility="collapsed",
    )
    mine = whose != _EVERYBODY
    with problems_shown():
        pace_s = _pace_of(reads.queue(person.id, mine=mine))
        st.fragment(run_every=pace_s)(_tick_list)(mine, pace_s)


def _tick_list(mine: bool, pace_s: int) -> None:
    """One look at the list. The frame is not run for it, so the session is checked here."""
    with problems_shown():
        person = current_person()
        view = reads.queue(person.id, mine=mine)
        if _pace_of(view) != pace_s:
            st.rerun()
        settings = services().settings
        account_notice(view.account, settings.zone)
        _show_refusal()
        open_notice(view.rows)
        load_meter(view.load, settings)
        if not view.rows:
            empty_queue(mine)
            return
        sections = sections_of(view, settings, own=mine)
        pressed = live_queue(view.rows, sections, services().catalog, datetime.now(UTC))
        rest_line(view)
        if pressed is not None:
            _do(pressed)


def _pace_of(view: QueueView) -> int:
    if view.total("all") >= _LONG:
        return _LONG_S
    return _FAST_S if view.mine_is_moving else _SLOW_S


def _show_one(person: Person, named: str) -> None:
    st.button("All generations", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
    generation_id = _read_id(named)
    with problems_shown():
        view = reads.generation(person.id, generation_id) if generation_id else None
        if generation_id is None or view is None:
            show_problem(RecordNotFound("There is no generation under this address."))
            return
        ended = _ended(view)
        st.fragment(run_every=None if ended else _FAST_S)(_tick_one)(generation_id, ended)


def _tick_one(generation_id: UUID, ended: bool) -> None:
    """One look at one generation. The frame is not run for it, so the session is checked here."""
    with problems_shown():
        person = current_person()
        view = reads.generation(person.id, generation_id)
        if _ended(view) != ended:
            st.rerun()
        generation_header(view)
        _show_refusal()
        generation_acts(view.generation, person)
        generation_body(view)


def _ended(view: GenerationView) -> bool:
    return view.generation.status in FINAL_STATUSES


def _do(act: Act) -> None:
    """Do what was pressed in the list."""
    generation_id = _read_id(act.generation_id)
    if generation_id is None:
        return
    if act.name == "video":
        open_video(generation_id)
    elif act.name == "open":
        st.query_params["generation"] = str(generation_id)
    elif act.name == "stop":
        stop_now(generation_id)
    elif act.name == "again":
        try_again(generation_id)
    st.rerun()


def _show_refusal() -> None:
    refusal = st.session_state.get(PROBLEM)
    if refusal is not None:
        show_problem(refusal)


def _leave() -> None:
    st.query_params.pop("generation", None)
    st.session_state.pop(PROBLEM, None)


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


show()
