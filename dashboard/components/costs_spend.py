"""Spend over time, stacked by model, team, campaign or person; a click shows what is behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import plotly.graph_objects as go
import streamlit as st

from dashboard import charts
from dashboard.analytics_address import FIELDS
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_behind import Behind
from dashboard.components.money_words import dollars
from dashboard.components.period_words import period_words
from dashboard.figures import Figures
from jobs.analytics import GROUPS, NOBODY, Filters
from jobs.periods import Period, month_after

BY = "by"
"""In the address: what the chart is stacked by."""
_FIELD = "costs_by"
_USUAL = "model"
_LABELS = {"model": "Model", "team": "Team", "campaign": "Campaign", "person": "Person"}
_MOST_DAYS, _MOST_WEEKS = 62, 53 * 7
_BAR_DAYS = {"day": 1, "week": 7, "month": 30}
_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
_FILLED = 0.82
"""How much of its days a bar covers."""
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
        series, words = figures.told("spend", lambda: _told(figures, found, by, grain), by, grain)
        filters = figures.view.filters
        made = figures.drawn("spend", lambda: _figure(found, filters, grain, series), by, grain)
        point = charts.clicked(made, key=figures.key(f"spend_{by}"), alt=words)
    if point is None:
        return None
    return _behind(figures, by, grain, series[int(point[1])], date.fromisoformat(point[0]))


def _told(
    figures: Figures, found: list[dict[str, Any]], by: str, grain: str
) -> tuple[list[Series], str]:
    """The colours of the chart, and what it shows in words."""
    series = series_of(found, {row["id"]: figures.name(by, row["id"]) for row in found})
    return series, f"Spend by {grain} and {by}: {_in_words(found, series)}"


def grain_of(period: Period) -> str:
    """Days, weeks or months, so that a bar can be told from its neighbour."""
    if period.days <= _MOST_DAYS:
        return "day"
    return "week" if period.days <= _MOST_WEEKS else "month"


def series_of(rows: list[dict[str, Any]], names: dict[str | None, str]) -> list[Series]:
    """The groups that get a colour, dearest first, one for the rest, and what belongs to none."""
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["id"]] += row["spend_usd"]
    ordered = sorted((id for id in sums if id), key=lambda id: (-sums[id], names[id]))
    most = charts.MOST_SERIES - (None in sums)
    kept = ordered if len(ordered) <= most else ordered[: most - 1]
    made = [Series(names[id], (id,)) for id in kept]
    if rest := tuple(ordered[len(kept) :]):
        made.append(Series(f"{len(rest)} others", rest))
    return [*made, Series(names[None], (None,))] if None in sums else made


def _figure(
    found: list[dict[str, Any]], filters: Filters, grain: str, series: list[Series]
) -> go.Figure:
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
                width=bar_ms(grain),
                hovertemplate="%{y:$,.2f}",
            )
        )
    height = _HEIGHT + _LEGEND_ROW * ((len(series) - 1) // _IN_A_ROW)
    made = charts.figure(bars, unit="$", stacked=True, legend=len(series) > 1, height=height)
    made.update_xaxes(range=whole_period(filters, grain), tickformat="%-d %b")
    return made


def _drawn_back(series: list[Series]) -> list[str]:
    """What belongs to nobody, and the rest."""
    return [one.name for one in series if one.ids == (None,) or len(one.ids) > 1]


def whole_period(filters: Filters, grain: str) -> list[datetime]:
    """The axis shows all days, also those without spend; half a bar of room at both ends."""
    half = timedelta(days=_BAR_DAYS[grain] / 2)
    first, last = _first_of(filters.since, grain), _first_of(filters.until - _DAY, grain)
    begin, end = (datetime.combine(day, time(), UTC).replace(tzinfo=None) for day in (first, last))
    return [begin - half, end + half]


def _first_of(day: date, grain: str) -> date:
    """The day that a bar stands at."""
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day


def bar_ms(grain: str) -> float:
    """How wide a bar is on an axis of days. Left to plotly a single one is a hair."""
    return _BAR_DAYS[grain] * _DAY_MS * _FILLED


def _in_words(rows: list[dict[str, Any]], series: list[Series]) -> str:
    """The sum of each colour."""
    sums = [sum((r["spend_usd"] for r in rows if r["id"] in one.ids), Decimal()) for one in series]
    parts = [f"{one.name} {dollars(usd)}" for one, usd in zip(series, sums, strict=True)]
    return f"{dollars(sum(sums, Decimal()))}. {', '.join(parts)}."


def _offered(figures: Figures) -> list[str]:
    """Groups that there is more than one of."""
    return [group for group in GROUPS if len(figures.names[group]) > 1 or group == _USUAL]


def chosen_group(figures: Figures) -> str:
    """What the chart is stacked by."""
    chosen = st.query_params.get(BY)
    return chosen if chosen in _offered(figures) else _USUAL


def _choose_group(figures: Figures) -> None:
    offered, chosen = _offered(figures), chosen_group(figures)
    if len(offered) < 2:
        return
    if st.session_state.get(_FIELD) != chosen:
        st.session_state[_FIELD] = chosen
    st.segmented_control(
        "By",
        offered,
        required=True,
        format_func=_LABELS.__getitem__,
        key=_FIELD,
        on_change=_take_group,
        label_visibility="collapsed",
    )


def _take_group() -> None:
    chosen = st.session_state[_FIELD]
    if chosen == _USUAL:
        st.query_params.pop(BY, None)
    else:
        st.query_params[BY] = chosen


def _behind(figures: Figures, by: str, grain: str, series: Series, first: date) -> Behind:
    period = period_of_bar(figures, grain, first)
    filters = replace(narrowed(figures.view.filters, by, series.ids), **_days(period))
    return Behind(f"{series.name}, {period_words(period)}", filters)


def narrowed(filters: Filters, by: str, ids: Iterable[str | None]) -> Filters:
    """The filters with these members of a group alone; None is what belongs to none."""
    chosen: dict[str, Any] = {FIELDS[by]: tuple(_value(by, id) for id in ids)}
    return replace(filters, **chosen)


def behind_bar(figures: Figures, grain: str, first: date) -> Behind:
    """Everything behind the day, week or month that begins with `first`."""
    period = period_of_bar(figures, grain, first)
    return Behind(period_words(period), replace(figures.view.filters, **_days(period)))


def period_of_bar(figures: Figures, grain: str, first: date) -> Period:
    """The days of a bar that belong to the period."""
    shown = figures.view.filters
    return Period(max(first, shown.since), min(_end_of(first, grain), shown.until))


def _days(period: Period) -> dict[str, Any]:
    return {"since": period.since, "until": period.until}


def _end_of(first: date, grain: str) -> date:
    """The day after the last of a bar."""
    return month_after(first) if grain == "month" else first + _BAR_DAYS[grain] * _DAY


def _value(by: str, id: str | None) -> UUID | str:
    if by == "model":
        return id or ""
    return UUID(id) if id else NOBODY
