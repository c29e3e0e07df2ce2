"""The parts of My month: tiles, own limits, and what to say when there is nothing yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import analytics_reads, budget_reads
from dashboard.components.budget_bar import budget_bar
from dashboard.components.timeline import short_words
from dashboard.components.usage_tiles import calm_tile, calm_tiles, usage_totals
from dashboard.components.usage_words import NOTHING, counted
from dashboard.error_frame import plain, worded
from dashboard.figures import Figures
from dashboard.roles import CREATE
from storage.errors import RecordUnavailable

_FIGURES = ("generations", "completed", "success", "approved", "downloaded", "spend_usd")
_FAVOURITES = (
    "Different videos that you marked as favourites in these days, whoever made them. A mark that "
    "you took back later counts, too."
)
_WAITED = "From submit to playable: half of your finished videos took no longer."


def month_tiles(figures: Figures, totals: dict[str, Any]) -> None:
    """Eight figures, each with what it was a month ago."""

    def draw() -> None:
        then = usage_totals(figures, before=True)
        with st.grid(4, min_column_width=145):
            calm_tiles(_FIGURES, totals, then)
            _favourites_tile(figures)
            _waiting_tile(figures)

    figures.shown("month_tiles", draw, figures.view.before)


def _favourites_tile(figures: Figures) -> None:
    now, then = (
        figures.rows("usage", "favourites", filters)[0]["favourites"]
        for filters in (figures.view.filters, figures.view.before)
    )
    calm_tile("Favourites", f"{now:,}", f"{then:,}", _FAVOURITES)


def _waiting_tile(figures: Figures) -> None:
    now, then = (
        figures.rows("usage", "waiting", filters)[0]
        for filters in (figures.view.filters, figures.view.before)
    )
    about = f"{_WAITED} Here {counted(now['videos'], 'video')}."
    calm_tile("Typical wait", wait_words(now["median_s"]), wait_words(then["median_s"]), about)


def wait_words(seconds: float | None) -> str:
    """`1:20 min` or `8.3 s`, short enough for a tile; a dash when there is none."""
    return NOTHING if seconds is None else short_words(seconds)


def month_limits(figures: Figures) -> None:
    """What the person may spend, from the ledger of this moment; nothing when there is no limit."""
    try:
        view = budget_reads.overview(figures.person.id)
    except RecordUnavailable as exc:
        st.caption(plain(f"What you may spend: {exc.happened}"))
        return
    own = [
        budget
        for budget in view.budgets
        if budget.scope == "person" and budget.target_id == figures.person.id
    ]
    if not own:
        return
    with st.container(border=True):
        st.markdown("**What you may spend**", help="From the ledger, as it is right now.")
        for budget in own:
            warning = view.warning_usd(budget)
            named = replace(budget, target_name="Your own limit")
            budget_bar(named, view.grants_of(budget), warning, figures.zone)


def asks_for_demo() -> bool:
    """Whether the address asks for the month of a made-up person."""
    return "1" in st.query_params.get_all("demo")


def month_is_made_up() -> None:
    """A mark that cannot be overlooked, and the way back to the own month."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(
            "Demo history: nothing here was spent",
            icon=":material/science:",
            color="orange",
        )
        st.button("Show my own month", type="tertiary", on_click=_leave_demo)


def _show_demo() -> None:
    st.query_params["demo"] = "1"


def _leave_demo() -> None:
    st.query_params.pop("demo", None)


def month_nothing(words: str) -> None:
    """Nothing yet: say what will be here, and lead to where videos are made."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### Nothing here yet", text_alignment="center")
        st.markdown(worded(words), text_alignment="center")
        if st.button("Make a video", icon=CREATE.icon, type="primary"):
            st.switch_page(CREATE.file)
        if analytics_reads.has_demo() and not asks_for_demo():
            st.button("Look at a demo month", icon=":material/science:", on_click=_show_demo)
        st.space("small")
