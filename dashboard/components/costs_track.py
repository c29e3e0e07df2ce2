"""Is it on track: the month so far, where it leads, and when a budget will be used up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any
from uuid import UUID

import plotly.graph_objects as go
import streamlit as st

from dashboard import budget_reads, charts
from dashboard.components.budget_bar import budget_title
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_behind import Behind
from dashboard.components.money_words import dollars
from dashboard.components.period_words import period_words
from dashboard.error_frame import plain
from dashboard.figures import Figures
from dashboard.roles import BUDGETS, pages_for
from jobs.analytics import Filters
from jobs.forecasting import HISTORY_DAYS, DayAhead, Forecast, exhausted_on, forecast
from jobs.periods import Period, month_after
from storage.errors import StudioError
from storage.records.budgets import Budget

MOST_BUDGETS = 4
_ABOUT = (
    "This calendar month, whatever period is chosen above; the filters hold. The days to come cost "
    "what the same weekday did in the eight weeks before today; the shaded range holds four months "
    "of five. Click a day to see its charges."
)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Outlook:
    """When a budget is used up."""

    budget: Budget
    expected: date | None
    """None: not this month."""
    soonest: date | None
    has_pace: bool
    """False: nothing was spent before today, so that nothing can be said."""
    is_of_others_too: bool = False
    """Its spend is more than the reader's rows tell, so that its pace is not theirs to see."""

    @property
    def is_used_up(self) -> bool:
        """Whether it has nothing left already."""
        return self.budget.free_usd <= 0


def month_forecast(figures: Figures) -> tuple[Forecast, dict[date, Decimal]]:
    """This month with the filters of the page, and the spend of its days and those before."""
    return figures.told("month_forecast", lambda: _forecast(figures))


def _forecast(figures: Figures) -> tuple[Forecast, dict[date, Decimal]]:
    first = figures.today.replace(day=1)
    rows = figures.rows("costs", "daily", _history(figures))
    spend = {row["day"]: row["spend_usd"] for row in rows}
    return forecast(spend, first, month_after(first), figures.today), spend


def costs_track(figures: Figures, ahead: Forecast, spend: dict[date, Decimal]) -> Behind | None:
    """The month's course, and the budgets that may not last; the day that was clicked, or None."""
    source = Source("costs", "daily", _history(figures))
    with chart_card(figures, f"{figures.today:%B}, so far and expected", source, about=_ABOUT):
        end = ahead.end
        if end is None:
            st.caption("Nothing was spent before today, so there is no pace to go by yet.")
        else:
            st.markdown(_words(ahead, end).replace("$", r"\$"))
        point = _draw(figures, ahead, spend)
        _budgets(figures)
    if point is None:
        return None
    day = date.fromisoformat(point[0])
    filters = replace(figures.view.filters, since=day, until=day + _DAY)
    return Behind(period_words(Period(day, day + _DAY)), filters)


def _history(figures: Figures) -> Filters:
    first = figures.today.replace(day=1)
    since = min(first, figures.today - HISTORY_DAYS * _DAY)
    return replace(figures.view.filters, since=since, until=figures.today + _DAY)


def _words(ahead: Forecast, end: DayAhead) -> str:
    few = ahead.history_days < HISTORY_DAYS
    basis = f" Only {ahead.history_days} days of history." if few else ""
    return (
        f"**{dollars(ahead.spent_usd)}** so far, about **{dollars(end.expected_usd)}** by "
        f"{end.day.day} {end.day:%B} ({dollars(end.low_usd)} to {dollars(end.high_usd)}).{basis}"
    )


def _draw(figures: Figures, ahead: Forecast, spend: dict[date, Decimal]) -> list[Any] | None:
    made = figures.drawn("costs_month", lambda: _figure(figures.today, ahead, spend))
    alt = f"Spend of the month: {dollars(ahead.spent_usd)} so far."
    return charts.clicked(made, key=figures.key("costs_month"), alt=alt)


def _figure(today: date, ahead: Forecast, spend: dict[date, Decimal]) -> go.Figure:
    first = today.replace(day=1)
    days = [first + number * _DAY for number in range((today - first).days + 1)]
    course = list(accumulate(float(spend.get(day, 0)) for day in days))
    traces = [_line("Spent", days, course, width=3)]
    if ahead.end is not None and len(ahead.ahead) > 1:
        traces = [*_fan(today, course[-1], ahead.ahead[1:]), *traces]
    made = charts.figure(traces, unit="$", height=240)
    made.update_xaxes(tickformat="%-d %b", range=[first, month_after(first) - _DAY])
    return made


def _fan(today: date, spent: float, ahead: tuple[DayAhead, ...]) -> list[go.Scatter]:
    days = [today, *(one.day for one in ahead)]
    high = [spent, *(float(one.high_usd) for one in ahead)]
    low = [spent, *(float(one.low_usd) for one in ahead)]
    expected = [spent, *(float(one.expected_usd) for one in ahead)]
    hidden = {
        "mode": "lines",
        "line_width": 0,
        "showlegend": False,
        "line_color": charts.PALETTE[0],
    }
    return [
        go.Scatter(x=days, y=high, name="At most", **hidden),
        go.Scatter(
            x=days,
            y=low,
            name="At least",
            fill="tonexty",
            fillcolor="rgba(99, 102, 241, 0.16)",
            **hidden,
        ),
        _line("Expected", days, expected, dash="dot"),
    ]


def _line(
    name: str, days: list[date], values: list[float], *, width: int = 2, dash: str = "solid"
) -> go.Scatter:
    return go.Scatter(
        x=days,
        y=values,
        name=name,
        mode="lines+markers" if dash == "solid" else "lines",  # only marks can be clicked
        marker={"size": 5},
        line={"width": width, "dash": dash, "color": charts.PALETTE[0]},
        customdata=[[day.isoformat()] for day in days] if dash == "solid" else None,
        hovertemplate="%{y:$,.2f}",
    )


# --- budgets ---


def _budgets(figures: Figures) -> None:
    """When hard month budgets run out. They are the record's, so a demo has none."""
    if figures.view.demo:
        st.caption("Budgets hold real money only: a demo has none.")
        return
    try:
        found = outlooks(figures)
    except StudioError as exc:
        st.caption(plain(exc.happened))
        return
    for one in found[:MOST_BUDGETS]:
        st.markdown(_outlook_words(one).replace("$", r"\$"))
    if BUDGETS in pages_for(figures.person.role):
        words = "All budgets" if found else "No month budget is set. Set one"
        st.page_link(BUDGETS.file, label=words, icon=BUDGETS.icon)


def outlooks(figures: Figures) -> list[Outlook]:
    """Hard budgets of a month that the reader sees, those that run out first in front.

    Raises:
        RecordUnavailable: try again later.
    """
    hard = _hard_months(figures)
    wider = [Outlook(one, None, None, False, True) for one in hard if not _is_told(figures, one)]
    told = [one for one in hard if _is_told(figures, one)]
    if not told:
        return wider
    since = min(figures.today.replace(day=1), figures.today - HISTORY_DAYS * _DAY)
    asked = Filters(since, figures.today + _DAY)
    spend: dict[tuple[str, str | None], dict[date, Decimal]] = defaultdict(dict)
    for row in figures.rows("costs", "budget_days", asked):
        spend[row["scope"], row["id"]][row["day"]] = row["spend_usd"]
    found = [_outlook(figures, one, spend[one.scope, _text(one.target_id)]) for one in told]
    return sorted([*found, *wider], key=_urgency)


def _hard_months(figures: Figures) -> list[Budget]:
    """Those of one target each; everybody's own, which has none, is no month of anybody."""
    return [
        one
        for one in budget_reads.overview(figures.person.id).budgets
        if one.kind == "hard"
        and one.period == "month"
        and (one.target_id is not None or one.scope == "organisation")
    ]


def _is_told(figures: Figures, budget: Budget) -> bool:
    """Whether the reader's rows tell all of it: a manager's team is not the organisation."""
    return budget.scope != "organisation" or figures.lens.scope.team_id is None


def _outlook(figures: Figures, budget: Budget, spend: dict[date, Decimal]) -> Outlook:
    """Its pace is the lake's; what is spent and held is the record's, which is newer."""
    first = figures.today.replace(day=1)
    ahead = forecast(spend, first, month_after(first), figures.today)
    room = budget.limit_usd - budget.held_usd - (budget.spent_usd - ahead.spent_usd)
    return Outlook(
        budget,
        exhausted_on(ahead, room),
        exhausted_on(ahead, room, soonest=True),
        ahead.history_days > 0,
    )


def _urgency(one: Outlook) -> tuple[bool, bool, date, date, Decimal]:
    expected, soonest = one.expected or date.max, one.soonest or date.max
    used = one.budget.used_share
    return not one.is_used_up, one.is_of_others_too, expected, soonest, -used


def _outlook_words(one: Outlook) -> str:
    budget = one.budget
    name = f"**{plain(budget_title(budget))}**"
    used = (
        f"{dollars(budget.spent_usd)} spent, {dollars(budget.held_usd)} held, "
        f"{dollars(budget.free_usd)} free"
    )
    if one.is_used_up:
        return f":red[:material/block:] {name}: used up ({used})"
    if one.is_of_others_too:
        share = f"{one.budget.used_share * 100:.0f} % used by all teams together"
        return f":gray[:material/corporate_fare:] {name}: {share} ({used})"
    if not one.has_pace:
        return f":gray[:material/pending:] {name}: no pace to go by yet ({used})"
    if one.expected:
        early = f", maybe {_day(one.soonest)}" if one.soonest and one.soonest < one.expected else ""
        when = f"about {_day(one.expected)}{early}"
        return f":orange[:material/warning:] {name}: used up {when} ({used})"
    if one.soonest:
        return (
            f":orange[:material/help:] {name}: may be used up from {_day(one.soonest)} on ({used})"
        )
    return f":green[:material/check_circle:] {name}: lasts the month ({used})"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%b}" if day else ""


def _text(id: UUID | None) -> str | None:
    return str(id) if id else None
