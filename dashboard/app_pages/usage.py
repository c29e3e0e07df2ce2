"""Usage: who uses the studio, what comes of it, and who stays."""

from __future__ import annotations

import streamlit as st

from dashboard.components.analytics_bar import figures_head, loading, show_empty
from dashboard.components.problem import problems_shown
from dashboard.components.usage_charts import usage_active
from dashboard.components.usage_people import chosen_person, usage_people, usage_person
from dashboard.components.usage_retention import usage_retention
from dashboard.components.usage_tiles import is_nothing, usage_tiles, usage_totals
from dashboard.figures import Figures
from dashboard.whoami import current_person
from jobs.analytics import require_figures

_NOT_HERE = ("campaign", "model", "resolution")
"""Filters of other pages of figures: a download or a share has none of these."""


def show() -> None:
    """The page."""
    person = current_person()
    with problems_shown():
        require_figures(person)
        for name in _NOT_HERE:
            st.query_params.pop(name, None)
        figures = figures_head("Usage", person, filters=("team",))
        if figures is not None:
            with loading(figures, "usage"):
                _show_figures(figures)


def _show_figures(figures: Figures) -> None:
    if (chosen := chosen_person(figures)) is not None:
        usage_person(figures, chosen)
        return
    totals = usage_totals(figures)
    if is_nothing(totals):
        show_empty(figures)
        return
    usage_tiles(figures, totals)
    left, right = st.columns(2)
    with left:
        usage_active(figures)
    with right:
        usage_retention(figures)
    usage_people(figures)


show()
