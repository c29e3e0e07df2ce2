"""The tiles on top of the costs: what was spent, is it on track, what came of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any, Literal

import streamlit as st

from dashboard.components.change_words import change_words, is_change
from dashboard.components.money_words import dollars, round_dollars
from dashboard.figures import Figures
from jobs.forecasting import Forecast

_MOST_POINTS = 60
_NOTHING = "—"


def costs_tiles(
    figures: Figures, totals: dict[str, Any], ahead: Forecast, spend: dict[date, Decimal]
) -> None:
    """Six figures with their course over the period and the change against the one before.

    `spend` has what the days of this month cost.
    """
    before = totals_of(figures, before=True) if figures.view.compares else None

    def draw() -> None:
        days = whole_days(figures.rows("costs", "daily"), figures.today)
        with st.grid(6, min_column_width=165):
            _money("Spend", totals, before, "spend_usd", _series(days, "spend_usd"), _SPEND)
            _end_of_month(ahead, _course(figures.today, ahead, spend))
            _videos(totals, before, _series(days, "completed"))
            _ratio("Per finished video", totals, before, "completed", days, _PER_COMPLETED)
            _ratio("Per approved video", totals, before, "approved", days, _PER_APPROVED)
            _waste(totals, before, days)

    figures.shown("costs_tiles", draw, before and figures.view.before)


def whole_days(days: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    """Without the day that is not over, which would look like a plunge."""
    return [day for day in days if day["day"] < today]


def totals_of(figures: Figures, *, before: bool = False) -> dict[str, Any]:
    """The sums of the period, or of the one before."""
    filters = figures.view.before if before else figures.view.filters
    return figures.rows("costs", "totals", filters)[0]


_SPEND = "Charges and corrections written in these days: what the ledger says."
_PER_COMPLETED = (
    "What the generations begun in these days cost, failures included, for each that left a video."
)
_PER_APPROVED = (
    "What the generations begun in these days cost, all takes and failures included, for each "
    "video that is approved now."
)
_WASTE = (
    "The part of that money of which no usable video came: failed, stopped, or rejected in review."
)
_FORECAST = (
    "This month so far and the days to come at the pace of the last eight weeks, by weekday. "
    "The range holds four months of five."
)


def _money(
    label: str,
    totals: dict[str, Any],
    before: dict[str, Any] | None,
    name: str,
    series: list[float],
    about: str,
) -> None:
    then = before[name] if before else None
    exact = f"{about} Exactly {dollars(totals[name])}.".replace("$", r"\$")
    words, delta = round_dollars(totals[name]), change_words(totals[name], then)
    _tile(label, words, delta, series, exact, colour="off")


def _end_of_month(ahead: Forecast, course: list[float]) -> None:
    end = ahead.end
    about = _FORECAST
    if end is None:
        _tile("Month's end", _NOTHING, None, [], about)
        return
    words = f"{round_dollars(end.low_usd)} – {round_dollars(end.high_usd)}"
    st.metric(
        "Month's end",
        round_dollars(end.expected_usd),
        delta=words.replace("$", r"\$"),
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=about,
        chart_data=course,
        chart_type="area",
    )


def _course(today: date, ahead: Forecast, spend: dict[date, Decimal]) -> list[float]:
    """The month's spend day by day, first as it was, then as expected."""
    gone = [today.replace(day=number) for number in range(1, today.day)]
    so_far = accumulate(float(spend.get(day, 0)) for day in gone)
    return [*so_far, *(float(day.expected_usd) for day in ahead.ahead)]


def _videos(totals: dict[str, Any], before: dict[str, Any] | None, series: list[float]) -> None:
    then = before["completed"] if before else None
    words = f"{totals['completed']:,}"
    about = f"Finished videos of {totals['generations']:,} generations begun in these days."
    _tile("Videos", words, change_words(totals["completed"], then), series, about, colour="off")


def _ratio(
    label: str,
    totals: dict[str, Any],
    before: dict[str, Any] | None,
    of: str,
    days: list[dict[str, Any]],
    about: str,
) -> None:
    now = per(totals["billed_usd"], totals[of])
    then = per(before["billed_usd"], before[of]) if before else None
    found = [per(day["billed_usd"], day[of]) for day in days]
    series = _thinned([float(value) for value in found if value is not None])
    counted = f"{about} Here {totals[of]:,}."
    words = _NOTHING if now is None else round_dollars(now)
    _tile(label, words, change_words(now, then), series, counted)


def _waste(
    totals: dict[str, Any], before: dict[str, Any] | None, days: list[dict[str, Any]]
) -> None:
    share = per(totals["wasted_usd"], totals["billed_usd"])
    then = per(before["wasted_usd"], before["billed_usd"]) if before else None
    delta = None
    if share is not None and then is not None:
        points = round((share - then) * 100, 1)
        delta = f"{points:+} points" if points else "0 points"
    words = _NOTHING if share is None else f"{share * 100:.1f} %"
    about = f"{_WASTE} {dollars(totals['wasted_usd'])} in these days.".replace("$", r"\$")
    _tile("Wasted", words, delta, _series(days, "wasted_usd"), about)


def _tile(
    label: str,
    value: str,
    delta: str | None,
    series: list[float],
    about: str,
    *,
    colour: Literal["off", "inverse"] = "inverse",
) -> None:
    """`colour`: more is bad (`inverse`), or neither good nor bad (`off`)."""
    st.metric(
        label,
        value,
        delta=delta,
        delta_color=colour if is_change(delta) else "off",
        border=True,
        height="stretch",
        help=about,
        chart_data=series if any(series) else None,
        chart_type="area",
    )


def per(usd: Decimal, number: int | Decimal) -> Decimal | None:
    """A quotient; None where there is nothing to divide by."""
    return usd / number if number else None


def _series(days: list[dict[str, Any]], name: str) -> list[float]:
    return _thinned([float(day[name]) for day in days])


def _thinned(values: list[float]) -> list[float]:
    """At most so many points that a tile can show: means of neighbours."""
    step = -(-len(values) // _MOST_POINTS) or 1
    parts = [values[left : left + step] for left in range(0, len(values), step)]
    return [sum(part) / len(part) for part in parts]
