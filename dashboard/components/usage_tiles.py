"""The tiles on top of Usage, of My month and of one person's page."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from dashboard.components.analytics_bar import Figures
from dashboard.components.costs_tiles import change
from dashboard.components.money_words import dollars, round_dollars
from dashboard.components.usage_words import share_change, share_words

Row = dict[str, Any]

_ABOUT = {
    "active": "Different people who began a generation or left an event, such as a download.",
    "generations": "Generations begun in these days.",
    "completed": "Generations begun in these days that left a video.",
    "approved": "Videos of generations begun in these days that are approved now.",
    "downloaded": "Downloads in these days, whoever made the video.",
    "shared": "Videos shared with guests by a link, and links copied, in these days.",
}
_LABELS = {
    "active": "Active people",
    "generations": "Generations",
    "completed": "Finished videos",
    "approved": "Approved",
    "downloaded": "Downloaded",
    "shared": "Shared",
}
_SUCCESS = (
    "Finished of those that finished or failed. What a person stopped, and what is still being "
    "made, is left aside."
)
_SPEND = "Charges and corrections written in these days: what the ledger says."


def usage_totals(figures: Figures, *, before: bool = False) -> Row:
    """The sums of the period, or of the one before."""
    filters = figures.view.before if before else figures.view.filters
    return figures.rows("usage", "totals", filters)[0]


def is_nothing(totals: Row) -> bool:
    """Whether nobody did anything, and nothing was charged either."""
    return not any(totals.values())


def usage_tiles(figures: Figures, totals: Row) -> None:
    """Six figures of everybody, against the period before."""
    before = usage_totals(figures, before=True) if figures.view.compares else None
    days = figures.rows("usage", "course")
    with st.grid(6, min_column_width=165):
        count_tile("active", totals, before, days)
        count_tile("generations", totals, before, days)
        success_tile(totals, before)
        for name in ("approved", "downloaded", "shared"):
            count_tile(name, totals, before, days)


def count_tile(name: str, totals: Row, before: Row | None, days: list[Row]) -> None:
    """A number with its course and its change."""
    then = before[name] if before else None
    series = [float(day[name]) for day in days]
    tile(_LABELS[name], f"{totals[name]:,}", change(totals[name], then), _ABOUT[name], series)


def success_tile(totals: Row, before: Row | None) -> None:
    """How much of what ended by itself left a video."""
    now = (totals["completed"], totals["ended"])
    then = (before["completed"], before["ended"]) if before else None
    about = f"{_SUCCESS} Here {now[0]:,} of {now[1]:,}."
    tile("Success", share_words(*now), share_change(now, then), about)


def spend_tile(totals: Row, before: Row | None, days: list[Row]) -> None:
    """What was spent; more is not better."""
    delta = change(totals["spend_usd"], before["spend_usd"] if before else None)
    about = f"{_SPEND} Exactly {dollars(totals['spend_usd'])}.".replace("$", r"\$")
    series = [float(day["spend_usd"]) for day in days]
    tile("Spend", round_dollars(totals["spend_usd"]), delta, about, series, colour="inverse")


def tile(
    label: str,
    value: str,
    delta: str | None,
    about: str,
    series: list[float] | None = None,
    *,
    colour: Literal["normal", "inverse"] = "normal",
) -> None:
    """One figure; `colour` says whether more is good (`normal`) or bad (`inverse`)."""
    st.metric(
        label,
        value,
        delta=delta,
        delta_color=colour if delta and delta[0] in "+-" else "off",
        border=True,
        height="stretch",
        help=about,
        chart_data=thinned(series) if series and any(series) else None,
        chart_type="area",
    )


_MOST_POINTS = 60


def thinned(values: list[float]) -> list[float]:
    """At most so many points that a tile can show: means of neighbours."""
    step = -(-len(values) // _MOST_POINTS) or 1
    parts = [values[left : left + step] for left in range(0, len(values), step)]
    return [sum(part) / len(part) for part in parts]
