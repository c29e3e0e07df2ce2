"""The way from the tiles of the costs to the charges and generations behind them, and their SQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import streamlit as st

from dashboard.components.chart_card import Source, sql_link
from dashboard.components.costs_behind import Behind, show_behind
from dashboard.components.period_words import period_words
from dashboard.figures import Figures
from jobs.periods import Period

_PARTS = {
    "Videos": ("completed", "finished", "Finished videos"),
    "Approved": ("approved", "approved", "Approved videos"),
    "Wasted": ("wasted_usd", "wasted", "Charged, but no usable video"),
}
"""Of a tile: the figure of `costs/totals`, the part of `made_behind` and its words."""


def tiles_behind(figures: Figures, totals: dict[str, Any]) -> None:
    """A button for each tile with something behind it, and the list of the one that is chosen."""
    found = _lists(figures, totals)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container():  # in a row of its own the buttons would not wrap on a phone
            chosen = st.pills(
                "See what is behind", list(found), key=figures.key("costs_tiles_behind")
            )
        figures.shown("costs_tiles_sql", lambda: sql_link(figures, Source("costs", "totals")))
    if chosen is not None:
        show_behind(figures, found[chosen], "tiles")


def _lists(figures: Figures, totals: dict[str, Any]) -> dict[str, Behind]:
    view, days = figures.view, period_words(figures.view.period)
    found = {"Spend": Behind(f"all charges and corrections, {days}", view.filters)}
    found["Month so far"] = _month(figures)
    for name, (figure, part, words) in _PARTS.items():
        if totals[figure]:
            found[name] = Behind(f"{words}, {days}", view.filters, part=part)
    return found


def _month(figures: Figures) -> Behind:
    month = Period(figures.today.replace(day=1), figures.today + timedelta(days=1))
    filters = replace(figures.view.filters, since=month.since, until=month.until)
    return Behind(f"all charges and corrections, {period_words(month)}", filters)
