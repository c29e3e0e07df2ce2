"""Spend over time, stacked by model, team, campaign or person; a click shows what is behind it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import plotly.graph_objects as go
import streamlit as st

from dashboard import analytics_reads, charts
from dashboard.analytics_address import FIELDS
from dashboard.analytics_reads import Lens
from dashboard.components.analytics_bar import Figures
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_behind import Behind
from dashboard.components.money_words import dollars
from dashboard.components.period_words import period_words
from jobs.analytics import GROUPS, NOBODY, Filters
from jobs.periods import Period, month_after

BY = "by"
_LABELS = {"model": "Model", "team": "Team", "campaign": "Campaign", "person": "Person"}
_MOST_DAYS, _MOST_WEEKS = 62, 53 * 7
_HEIGHT, _LEGEND_ROW, _IN_A_ROW = 300, 17, 4
_ABOUT = (
    "What the ledger says was spent, on the day it was charged. Click a bar to see the charges "
    "behind it."
)


@dataclass(frozen=True)
class Series:
    """One colour of the chart: a member of the group, or all the small ones together."""

    name: str
    ids: tuple[str | None, ...]


def costs_spend(figures: Figures) -> Behind | None:
    """The chart; what was clicked in it, or None."""
    grain = grain_of(figures.view.period)
    by = chosen_group(figures)
    source = Source("costs", "spend_by_day", by=by, more={"grain": grain})
    with chart_card(figures, f"Spend by {grain}", source, about=_ABOUT):
        _choose_group(figures)
        found = figures.rows("costs", "spend_by_day", by=by, grain=grain)
        series = series_of(found, {row["id"]: figures.name(by, row["id"]) for row in found})
        made = _figure(figures.lens, figures.view.filters, by, grain, tuple(series))
        words = f"Spend by {grain} and {by}: {_in_words(found, series)}"
        point = charts.clicked(made, key=figures.key(f"spend_{by}"), alt=words)
    if point is None:
        return None
    return _behind(figures, by, grain, series[int(point[1])], date.fromisoformat(point[0]))


def grain_of(period: Period) -> str:
    """Days, weeks or months, so that a bar can be told from its neighbour."""
    if period.days <= _MOST_DAYS:
        return "day"
    return "week" if period.days <= _MOST_WEEKS else "month"


def series_of(rows: list[dict[str, Any]], names: dict[str | None, str]) -> list[Series]:
    """The groups that get a colour, dearest first, and one for the rest."""
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["id"]] += row["spend_usd"]
    ordered = sorted(sums, key=lambda id: (id is None, -sums[id], names[id]))
    if len(ordered) <= charts.MOST_SERIES:
        return [Series(names[id], (id,)) for id in ordered]
    kept = ordered[: charts.MOST_SERIES - 1]
    rest = tuple(id for id in ordered if id not in kept)
    return [*(Series(names[id], (id,)) for id in kept), Series(f"{len(rest)} others", rest)]


@st.cache_resource(max_entries=500, show_spinner=False)
def _figure(
    lens: Lens, filters: Filters, by: str, grain: str, series: tuple[Series, ...]
) -> go.Figure:
    found = analytics_reads.rows(lens, "costs", "spend_by_day", filters, by, grain=grain)
    days = sorted({row["day"] for row in found})
    colours = charts.colours([one.name for one in series], grey=_drawn_back(series))
    bars = []
    for place, one in enumerate(series):
        usd: dict[date, Decimal] = defaultdict(Decimal)
        for row in found:
            if row["id"] in one.ids:
                usd[row["day"]] += row["spend_usd"]
        bars.append(
            go.Bar(
                name=one.name,
                x=days,
                y=[float(usd[day]) if day in usd else None for day in days],
                customdata=[[day.isoformat(), place] for day in days],
                marker_color=colours[one.name],
                hovertemplate="%{y:$,.2f}",
            )
        )
    height = _HEIGHT + _LEGEND_ROW * ((len(series) - 1) // _IN_A_ROW)
    made = charts.figure(bars, unit="$", stacked=True, legend=len(series) > 1, height=height)
    made.update_xaxes(range=_whole_period(filters, grain), tickformat="%-d %b")
    return made


def _drawn_back(series: tuple[Series, ...]) -> list[str]:
    """What belongs to nobody, and the rest."""
    return [one.name for one in series if one.ids == (None,) or len(one.ids) > 1]


def _whole_period(filters: Filters, grain: str) -> list[datetime]:
    """The axis shows all days, also those without spend; half a bar of room at both ends."""
    half = {"day": 0.5, "week": 3.5, "month": 15.0}[grain]
    begin = datetime.combine(filters.since, time(), UTC).replace(tzinfo=None)
    last = datetime.combine(filters.until, time(), UTC).replace(tzinfo=None)
    return [begin - timedelta(days=half), last - timedelta(days=0.5)]


def _in_words(rows: list[dict[str, Any]], series: list[Series]) -> str:
    total = sum((row["spend_usd"] for row in rows), Decimal(0))
    return f"{dollars(total)} in {len(series)} parts."


def _offered(figures: Figures) -> list[str]:
    """Groups that there is more than one of."""
    return [group for group in GROUPS if len(figures.names[group]) > 1 or group == "model"]


def chosen_group(figures: Figures) -> str:
    """What the chart is stacked by."""
    chosen = st.session_state.get(BY) or st.query_params.get(BY)
    return chosen if chosen in _offered(figures) else "model"


def _choose_group(figures: Figures) -> None:
    offered = _offered(figures)
    if len(offered) > 1:
        st.segmented_control(
            "By",
            offered,
            default="model",
            required=True,
            format_func=_LABELS.__getitem__,
            key=BY,
            label_visibility="collapsed",
            bind="query-params",
        )


def _behind(figures: Figures, by: str, grain: str, series: Series, day: date) -> Behind:
    period = Period(day, min(_end_of(day, grain), figures.view.filters.until))
    filters = replace(figures.view.filters, since=period.since, until=period.until)
    chosen: dict[str, Any] = {FIELDS[by]: tuple(_value(by, id) for id in series.ids)}
    return Behind(f"{series.name}, {period_words(period)}", replace(filters, **chosen))


def _end_of(day: date, grain: str) -> date:
    if grain == "month":
        return month_after(day)
    return day + timedelta(days=1 if grain == "day" else 7 - day.weekday())


def _value(by: str, id: str | None) -> UUID | str:
    if by == "model":
        return id or ""
    return UUID(id) if id else NOBODY
