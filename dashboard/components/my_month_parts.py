"""The parts of My month: tiles, own limits, and what to say when there is nothing yet."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import budget_reads
from dashboard.components.analytics_bar import Figures
from dashboard.components.budget_bar import budget_bar
from dashboard.components.timeline import long_words
from dashboard.components.usage_tiles import (
    count_tile,
    spend_tile,
    success_tile,
    tile,
    usage_totals,
)
from dashboard.components.usage_words import FEW, NOTHING, counted
from dashboard.error_frame import plain
from dashboard.roles import CREATE

_WAITED = "From submit to playable: half of your finished videos took no longer."


def month_tiles(figures: Figures, totals: dict[str, Any]) -> None:
    """Seven figures against the month before."""
    before = usage_totals(figures, before=True)
    days = figures.rows("usage", "course")
    with st.grid(4, min_column_width=180):
        count_tile("generations", totals, before, days)
        count_tile("completed", totals, before, days)
        success_tile(totals, before)
        count_tile("approved", totals, before, days)
        count_tile("downloaded", totals, before, days)
        spend_tile(totals, before, days)
        _waiting_tile(figures)


def _waiting_tile(figures: Figures) -> None:
    found = figures.rows("usage", "waiting")[0]
    number, median = found["videos"], found["median_s"]
    words = NOTHING if median is None else long_words(median)
    few = f"{counted(number, 'video')} only" if 0 < number < FEW else None
    tile("Half waited at most", words, few, f"{_WAITED} Here {counted(number, 'video')}.")


def month_limits(figures: Figures) -> None:
    """What the person may spend, from the ledger of this moment; nothing when there is no limit."""
    view = budget_reads.overview(figures.person.id)
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
            budget_bar(budget, view.grants_of(budget), warning, figures.zone)


def month_nothing(words: str) -> None:
    """Nothing yet: say what will be here, and lead to where videos are made."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### Nothing here yet", text_alignment="center")
        st.markdown(plain(words), text_alignment="center")
        if st.button("Make a video", icon=CREATE.icon, type="primary"):
            st.switch_page(CREATE.file)
        st.space("small")
