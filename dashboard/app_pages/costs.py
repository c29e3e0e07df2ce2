"""Costs: what was spent, is it on track, why did it change, and what came of it."""

from __future__ import annotations

import streamlit as st

from dashboard.components.analytics_bar import figures_head, loading, show_empty
from dashboard.components.costs_behind import show_behind
from dashboard.components.costs_bridge import costs_bridge
from dashboard.components.costs_details import costs_details
from dashboard.components.costs_export import costs_export
from dashboard.components.costs_spend import costs_spend
from dashboard.components.costs_tiles import costs_tiles, totals_of
from dashboard.components.costs_tiles_behind import tiles_behind
from dashboard.components.costs_track import costs_track, month_forecast
from dashboard.components.costs_unattributed import unattributed_line
from dashboard.components.problem import problems_shown
from dashboard.figures import Figures
from dashboard.whoami import current_person
from jobs.analytics import require_figures


def show() -> None:
    """The page."""
    person = current_person()
    with problems_shown():
        require_figures(person)
        figures = figures_head("Costs", person, actions=costs_export)
        if figures is not None:
            with loading(figures, "costs"):
                _show_figures(figures)


def _show_figures(figures: Figures) -> None:
    totals = totals_of(figures)
    ahead, spend = month_forecast(figures)
    if not totals["charges"] and not totals["generations"]:
        show_empty(figures)
        return
    costs_tiles(figures, totals, ahead, spend)
    unattributed_line(totals)
    tiles_behind(figures, totals)
    left, right = st.columns([3, 2])
    with left:
        behind = costs_spend(figures)
    with right:
        behind = costs_track(figures, ahead, spend) or behind
    if behind is not None:
        show_behind(figures, behind, "charts")
    if figures.view.compares:
        costs_bridge(figures, totals, totals_of(figures, before=True))
    costs_details(figures)


show()
