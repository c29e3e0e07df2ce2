"""The parts of My month: tiles, own limits, and what to say when there is nothing yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import budget_reads
from dashboard.components.analytics_bar import Figures
from dashboard.components.budget_bar import budget_bar
from dashboard.components.money_words import round_dollars
from dashboard.components.timeline import long_words
from dashboard.components.usage_tiles import (
    about_of,
    about_spend,
    about_success,
    label_of,
    usage_totals,
)
from dashboard.components.usage_words import NOTHING, counted, share_words
from dashboard.error_frame import plain
from dashboard.roles import CREATE

Row = dict[str, Any]

_WAITED = "From submit to playable: half of your finished videos took no longer."


def month_tiles(figures: Figures, totals: Row) -> None:
    """Seven figures, each with what it was a month ago: a note, not a judgement."""
    then = usage_totals(figures, before=True)
    with st.grid(7, min_column_width=145):
        for name in ("generations", "completed"):
            _tile(label_of(name), f"{totals[name]:,}", f"{then[name]:,}", about_of(name))
        share, was = (share_words(row["completed"], row["ended"]) for row in (totals, then))
        _tile("Success", share, was, about_success(totals))
        for name in ("approved", "downloaded"):
            _tile(label_of(name), f"{totals[name]:,}", f"{then[name]:,}", about_of(name))
        spend, was = (round_dollars(row["spend_usd"]) for row in (totals, then))
        _tile("Spend", spend, was, about_spend(totals))
        _waiting_tile(figures)


def _waiting_tile(figures: Figures) -> None:
    now, then = (
        figures.rows("usage", "waiting", filters)[0]
        for filters in (figures.view.filters, figures.view.before)
    )
    about = f"{_WAITED} Here {counted(now['videos'], 'video')}."
    _tile("Typical wait", _wait_words(now), _wait_words(then), about)


def _wait_words(row: Row) -> str:
    return NOTHING if row["median_s"] is None else long_words(row["median_s"])


def _tile(label: str, now: str, then: str, about: str) -> None:
    st.metric(
        label,
        now,
        delta=f"before: {then}".replace("$", r"\$"),
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=about,
    )


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
            named = replace(budget, target_name="Your own limit")
            budget_bar(named, view.grants_of(budget), warning, figures.zone)


def month_nothing(words: str) -> None:
    """Nothing yet: say what will be here, and lead to where videos are made."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### Nothing here yet", text_alignment="center")
        st.markdown(plain(words), text_alignment="center")
        if st.button("Make a video", icon=CREATE.icon, type="primary"):
            st.switch_page(CREATE.file)
        st.space("small")
