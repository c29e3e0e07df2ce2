"""What failed: by cause over time, and how often each model does."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard import charts
from dashboard.components.cause_words import reason_words
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_spend import bar_ms, grain_of, period_of_bar, whole_period
from dashboard.components.latency_behind import Failed
from dashboard.components.latency_phases import share_words
from dashboard.components.part_choice import choose_part
from dashboard.components.period_words import period_words
from dashboard.figures import Figures
from jobs.analytics import Filters
from jobs.periods import Period

_HEIGHT, _LEGEND_ROW, _IN_A_ROW = 300, 17, 3


def latency_failures(figures: Figures) -> Failed | None:
    """Failures by cause over time; what was clicked, or None."""
    grain = grain_of(figures.view.period)
    source = Source("latency", "failures", more={"grain": grain})
    about = (
        "By the day on which a generation was begun. Click a bar, or choose a reason below, to see "
        "the generations."
    )
    with chart_card(figures, f"Failures by {grain}", source, about=about):
        rows = figures.rows("latency", "failures", grain=grain)
        if not rows:
            st.caption("Nothing failed in these days.")
            return None
        reasons = _by_number(rows)
        filters = figures.view.filters
        made = figures.drawn(
            "latency_failures", lambda: _figure(_bars(rows, reasons, grain), filters, grain), grain
        )
        alt = f"Failures by {grain}: {_in_words(rows, reasons)}."
        point = charts.clicked(made, key=figures.key("latency_failures"), alt=alt)
        key = figures.key("latency_failures_named")
        named = choose_part(reasons, reason_words, key, point)
    view = figures.view
    if named is not None:
        return _failed(view.filters, named, view.period)
    if point is None:
        return None
    period = period_of_bar(figures, grain, date.fromisoformat(point[0]))
    return _failed(view.filters, reasons[int(point[1])], period)


def _failed(filters: Filters, reason: str, period: Period) -> Failed:
    within = replace(filters, since=period.since, until=period.until)
    return Failed(f"{reason_words(reason)}, {period_words(period)}", within, reason)


def _by_number(rows: list[dict[str, Any]]) -> list[str]:
    """The reasons, the most frequent first."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["reason"]] += row["failed"]
    return sorted(sums, key=lambda reason: (-sums[reason], reason))


def _in_words(rows: list[dict[str, Any]], reasons: list[str]) -> str:
    sums = {one: sum(row["failed"] for row in rows if row["reason"] == one) for one in reasons}
    return ", ".join(f"{reason_words(reason)} {number:,}" for reason, number in sums.items())


def _figure(bars: list[go.Bar], filters: Filters, grain: str) -> go.Figure:
    height = _HEIGHT + _LEGEND_ROW * (len(bars) // _IN_A_ROW)
    made = charts.figure(bars, stacked=True, height=height)
    made.update_xaxes(range=whole_period(filters, grain), tickformat="%-d %b")
    return made


def _bars(rows: list[dict[str, Any]], reasons: list[str], grain: str) -> list[go.Bar]:
    # There is one cause more than colours: the rarest is drawn back.
    colours = charts.colours(reasons, grey=reasons[charts.MOST_SERIES :])
    bars = []
    for place, reason in enumerate(reasons):
        own = [row for row in rows if row["reason"] == reason]
        bars.append(
            go.Bar(
                name=reason_words(reason),
                x=[row["day"] for row in own],
                y=[row["failed"] for row in own],
                customdata=[[row["day"].isoformat(), place] for row in own],
                marker_color=colours[reason],
                width=bar_ms(grain),
                hovertemplate="%{y:,}",
            )
        )
    return bars


def latency_rates(figures: Figures, rates: list[dict[str, Any]]) -> None:
    """How often each model fails."""
    figures.shown("latency_rates_card", lambda: _rates_card(figures, rates))


def _rates_card(figures: Figures, rates: list[dict[str, Any]]) -> None:
    about = "Failed ones of those that ended; stopped ones don't count."
    with chart_card(figures, "Failures by model", Source("latency", "failure_rates"), about=about):
        table = figures.listed("rates", lambda: [_rate_row(figures, row) for row in rates])
        st.dataframe(table, hide_index=True, placeholder="—", column_config=_RATE_COLUMNS)


def _rate_row(figures: Figures, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "Model": figures.name("model", row["model"]),
        "Finished": row["completed"],
        "Failed": row["failed"],
        "Share": share_words(row["failed"], row["failed"] + row["completed"]),
    }


_RATE_COLUMNS = {
    name: st.column_config.NumberColumn(format="localized", width="small")
    for name in ("Finished", "Failed")
}
