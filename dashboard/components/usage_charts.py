"""How many people were active, and what came of generations day by day."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard import charts
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_spend import bar_ms, grain_of, whole_period
from dashboard.components.usage_words import counted
from dashboard.figures import Figures
from jobs.analytics import Filters

GRAINS = {"day": "Day", "week": "Week", "month": "Month"}
_FIELD = "usage_grain"
_TICKS = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}
_MOST_TICKS = 8
"""So many bars have room for a date each, which is the first day of the week or month."""
_FEW_TICKS = 5
_ABOUT = (
    "Different people who began a generation or left an event, such as a download. Somebody who "
    "came on three days of a week is one person of that week."
)
_ENDS = (
    ("completed", "Finished", charts.PALETTE[0]),
    ("failed", "Failed", charts.BAD),
    ("canceled", "Stopped", charts.GREY),
)


def usage_active(figures: Figures) -> None:
    """Active people by day, week or month, as chosen."""
    chosen = st.session_state.get(_FIELD)
    grain = chosen if chosen in GRAINS else grain_of(figures.view.period)
    with chart_card(
        figures,
        f"Active people by {grain}",
        Source("usage", "active", more={"grain": grain}),
        about=_ABOUT,
    ):
        if chosen != grain:
            st.session_state[_FIELD] = grain
        st.segmented_control(
            "By",
            list(GRAINS),
            required=True,
            format_func=GRAINS.__getitem__,
            key=_FIELD,
            label_visibility="collapsed",
        )
        figures.shown("usage_active_drawn", lambda: _draw_active(figures, grain), grain)


def _draw_active(figures: Figures, grain: str) -> None:
    rows = figures.rows("usage", "active", grain=grain)
    if not rows:
        st.caption("Nobody was active in these days.")
        return
    filters = figures.view.filters
    made = figures.drawn("usage_active", lambda: _active(rows, filters, grain), grain)
    most = max(row["people"] for row in rows)
    alt = f"Active people by {grain}: at most {counted(most, 'person')}."
    charts.show_chart(made, key=figures.key(f"usage_active_{grain}"), alt=alt)


def _active(rows: list[dict[str, Any]], filters: Filters, grain: str) -> go.Figure:
    bars = go.Bar(
        x=[row["day"] for row in rows],
        y=[row["people"] for row in rows],
        marker_color=charts.PALETTE[0],
        width=bar_ms(grain),
        hovertemplate="%{y} active<extra></extra>",
    )
    made = charts.figure([bars], legend=False, height=340)
    made.update_xaxes(range=whole_period(filters, grain), tickformat=_TICKS[grain])
    if grain != "day" and len(rows) <= _MOST_TICKS:
        made.update_xaxes(tickvals=[row["day"] for row in rows])
    _count_wholes(made, max(row["people"] for row in rows))
    return made


def _count_wholes(made: go.Figure, most: int) -> None:
    """Ticks at whole numbers only: left to itself the axis of one or two says `1` at a half."""
    made.update_yaxes(tickformat=",d", **({"dtick": 1} if most < _FEW_TICKS else {"nticks": 5}))


def usage_course(figures: Figures, title: str) -> None:
    """What came of the generations begun on each day."""
    figures.shown("usage_course_card", lambda: _course_card(figures, title), title)


def _course_card(figures: Figures, title: str) -> None:
    with chart_card(
        figures,
        title,
        Source("usage", "course"),
        about="Generations by the day on which they began, and what came of them.",
    ):
        rows = figures.rows("usage", "course")
        number = sum(row["generations"] for row in rows)
        if not number:
            st.caption("No generation was begun in these days.")
            return
        filters = figures.view.filters
        made = figures.drawn("usage_course", lambda: _course(rows, filters))
        alt = f"{counted(number, 'generation')} by day: {_ends_in_words(rows)}."
        charts.show_chart(made, key=figures.key("usage_course"), alt=alt)


def _ends_in_words(rows: list[dict[str, Any]]) -> str:
    sums = [(label, sum(row[name] for row in rows)) for name, label, _ in _ENDS]
    return ", ".join(f"{label.lower()} {number:,}" for label, number in sums)


def _course(rows: list[dict[str, Any]], filters: Filters) -> go.Figure:
    bars = [
        go.Bar(
            name=label,
            x=[row["day"] for row in rows],
            y=[row[name] or None for row in rows],
            marker_color=colour,
            width=bar_ms("day"),
            hovertemplate="%{y}",
        )
        for name, label, colour in _ENDS
        if any(row[name] for row in rows)
    ]
    made = charts.figure(bars, stacked=True, legend=len(bars) > 1, height=240)
    made.update_xaxes(range=whole_period(filters, "day"), tickformat="%-d %b")
    _count_wholes(made, max(row["generations"] for row in rows))
    return made
