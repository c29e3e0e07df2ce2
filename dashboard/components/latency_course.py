"""One phase over time, by model, and by the hour of the week."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard import charts
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_spend import grain_of, period_of_bar, whole_period
from dashboard.components.latency_behind import Slow
from dashboard.components.latency_phases import (
    FEW,
    PERCENTILES,
    PHASES,
    choose_phase,
    chosen_phase,
    is_exact,
    report_for,
)
from dashboard.components.period_words import period_words
from dashboard.components.timeline import long_words
from dashboard.figures import Figures
from jobs.analytics import Filters

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ENOUGH = 3
"""So many generations of an hour of the week are shown as a square."""
_ABOUT = "Percentiles of the generations begun then. Click a point to see the slowest of them."


def latency_course(figures: Figures) -> Slow | None:
    """The percentiles of the chosen phase over time; what was clicked, or None."""
    grain, phase = grain_of(figures.view.period), chosen_phase()
    name = report_for(figures, "course", figures.view.filters)
    source = Source("latency", name, more={"grain": grain, "phase": phase})
    with chart_card(figures, f"{PHASES[phase]}, by {grain}", source, about=_ABOUT):
        choose_phase()
        rows = figures.rows("latency", name, grain=grain, phase=phase)
        if not rows:
            st.caption("No generation was completed in these days.")
            return None
        filters = figures.view.filters
        made = figures.drawn("latency_course", lambda: _course(rows, filters, grain), phase, grain)
        alt = f"{PHASES[phase]} by {grain}: {_extremes(rows)}."
        point = charts.clicked(made, key=figures.key(f"latency_course_{phase}"), alt=alt)
    if point is None:
        return None
    period = period_of_bar(figures, grain, date.fromisoformat(point[0]))
    filters = replace(figures.view.filters, since=period.since, until=period.until)
    return Slow(f"{PHASES[phase]}, {period_words(period)}", filters, phase)


def _extremes(rows: list[dict[str, Any]]) -> str:
    """The lines in words: where half of the videos were quickest and slowest."""
    low, high = (pick(rows, key=lambda row: row["p50_s"]) for pick in (min, max))
    number = sum(row["n"] for row in rows)
    return (
        f"{number:,} videos; half took at most {long_words(low['p50_s'])} on {low['day']:%-d %b} "
        f"and {long_words(high['p50_s'])} on {high['day']:%-d %b}"
    )


def _course(rows: list[dict[str, Any]], filters: Filters, grain: str) -> go.Figure:
    made = charts.figure(_lines(rows), height=320)
    made.update_xaxes(range=whole_period(filters, grain), tickformat="%-d %b")
    made.update_yaxes(ticksuffix=" s")
    return made


def _lines(rows: list[dict[str, Any]]) -> list[go.Scatter]:
    dashes = ("solid", "solid", "dash", "dot")
    return [
        go.Scatter(
            name=words,
            x=[row["day"] for row in rows],
            y=[row[name] for row in rows],
            customdata=[[row["day"].isoformat(), row["n"]] for row in rows],
            mode="lines+markers" if len(rows) < 40 else "lines",
            line={"width": 2, "color": charts.PALETTE[place], "dash": dash},
            hovertemplate="%{y:.1f} s (%{customdata[1]:,} generations)",
        )
        for place, ((name, words), dash) in enumerate(zip(PERCENTILES.items(), dashes, strict=True))
    ]


def latency_models(figures: Figures) -> None:
    """The chosen phase by model and resolution."""
    phase = chosen_phase()
    figures.shown("latency_models", lambda: _models_card(figures, phase), phase)


def _models_card(figures: Figures, phase: str) -> None:
    name = report_for(figures, "by_model", figures.view.filters)
    source = Source("latency", name, more={"phase": phase})
    about = f"In seconds. Fewer than {FEW} generations say little about the slowest of them."
    with chart_card(figures, f"{PHASES[phase]}, by model", source, about=about):
        rows = figures.rows("latency", name, phase=phase)
        if not rows:
            st.caption("No generation was completed in these days.")
            return
        table = figures.listed("models", lambda: [_model_row(figures, row) for row in rows], phase)
        st.dataframe(table, hide_index=True, placeholder="—", column_config=_MODEL_COLUMNS)


def _model_row(figures: Figures, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "Model": figures.name("model", row["model"]),
        "Resolution": row["resolution"] or "",
        "Videos": row["n"],
        **{words: row[percentile] for percentile, words in PERCENTILES.items()},
    }


_SECONDS = st.column_config.NumberColumn(format="%.1f s", width=66)
_MODEL_COLUMNS = {
    **dict.fromkeys(PERCENTILES.values(), _SECONDS),
    "Videos": st.column_config.NumberColumn(format="localized", width=60),
    "Model": st.column_config.TextColumn(width=155),
    "Resolution": st.column_config.TextColumn(width=80),
}


def latency_hours(figures: Figures) -> None:
    """When it is slow: a square for each hour of the week."""
    figures.shown("latency_hours_card", lambda: _hours_card(figures))


def _hours_card(figures: Figures) -> None:
    filters = figures.view.filters
    name = report_for(figures, "hours", filters, by_hour=True)
    about = (
        "From submit to playable, 19 of 20, by the hour in which a generation was begun, on the "
        "company's clock. Squares of fewer than three generations stay empty."
    )
    with chart_card(figures, "When it is slow", Source("latency", name), about=about):
        rows = figures.rows("latency", name)
        if all(row["n"] < ENOUGH for row in rows):
            st.caption("No hour of the week has three generations yet.")
            return
        made = figures.drawn("latency_hours", lambda: _squares(rows))
        alt = f"Seconds by weekday and hour; {_slowest_hour(rows)}."
        charts.show_chart(made, key=figures.key("latency_hours"), alt=alt)
        if not is_exact(figures, filters, by_hour=True):
            st.caption("≈ Of so many videos these are off by 3 % at most.")


def _slowest_hour(rows: list[dict[str, Any]]) -> str:
    """The darkest square in words."""
    row = max((row for row in rows if row["n"] >= ENOUGH), key=lambda row: row["p95_s"])
    when = f"{DAYS[row['weekday'] - 1]} {row['hour']}:00"
    return f"slowest on {when} with {long_words(row['p95_s'])}"


def _squares(rows: list[dict[str, Any]]) -> go.Figure:
    z: list[list[float | None]] = [[None] * 24 for _ in DAYS]
    counts = [[0] * 24 for _ in DAYS]
    for row in rows:
        counts[row["weekday"] - 1][row["hour"]] = row["n"]
        if row["n"] >= ENOUGH:
            z[row["weekday"] - 1][row["hour"]] = row["p95_s"]
    heat = go.Heatmap(
        z=z,
        x=list(range(24)),
        y=list(DAYS),
        customdata=counts,
        colorscale=charts.SEQUENTIAL,
        xgap=2,
        ygap=2,
        colorbar={"ticksuffix": " s", "thickness": 10, "outlinewidth": 0},
        hovertemplate="%{y} %{x}:00: %{z:.0f} s (%{customdata:,} generations)<extra></extra>",
    )
    made = charts.figure([heat], legend=False, height=280, hovermode="closest")
    made.update_yaxes(autorange="reversed", showgrid=False, rangemode="normal", dtick=1)
    made.update_xaxes(tickvals=[0, 6, 12, 18], ticktext=["0:00", "6:00", "12:00", "18:00"])
    return made
