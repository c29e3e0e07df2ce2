"""Latency: how long videos take, where the time goes, when it is slow, and what fails."""

from __future__ import annotations

import streamlit as st

from dashboard.components.analytics_bar import figures_head, loading, show_empty
from dashboard.components.latency_behind import Slow, show_failed, show_slow
from dashboard.components.latency_course import latency_course, latency_hours, latency_models
from dashboard.components.latency_failures import latency_failures, latency_rates
from dashboard.components.latency_phases import (
    PHASES,
    chosen_phase,
    latency_phases,
    latency_tiles,
    speeds_of,
)
from dashboard.components.period_words import period_words
from dashboard.components.problem import problems_shown
from dashboard.figures import Figures
from dashboard.whoami import current_person
from jobs.analytics import require_figures


def show() -> None:
    """The page."""
    person = current_person()
    with problems_shown():
        require_figures(person)
        figures = figures_head("Latency", person)
        if figures is not None:
            with loading(figures, "latency"):
                _show_figures(figures)


def _show_figures(figures: Figures) -> None:
    speeds = speeds_of(figures, figures.view.filters)
    rates = figures.rows("latency", "failure_rates")
    if not rates:
        show_empty(figures)
        return
    latency_tiles(figures, speeds, rates)
    left, right = st.columns([3, 2])
    with left:
        slow = latency_course(figures)
    with right:
        latency_phases(figures, speeds)
    show_slow(figures, slow or _slowest(figures))
    left, right = st.columns([6, 5])
    with left:
        latency_models(figures)
    with right:
        latency_hours(figures)
    left, right = st.columns([3, 2])
    with left:
        failed = latency_failures(figures)
    with right:
        latency_rates(figures, rates)
    if failed is not None:
        show_failed(figures, failed)


def _slowest(figures: Figures) -> Slow:
    """Those of the whole period, until a point is clicked."""
    phase = chosen_phase()
    words = f"{PHASES[phase]}, {period_words(figures.view.period)}"
    return Slow(words, figures.view.filters, phase)


show()
