"""The tiles on top of Usage and of one person's page."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from dashboard.components.analytics_bar import Figures
from dashboard.components.costs_tiles import change
from dashboard.components.money_words import dollars, round_dollars
from dashboard.components.usage_words import count_change, share_change, share_words

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
    delta = count_change(totals[name], before[name]) if before else None
    series = [float(day[name]) for day in days]
    tile(label_of(name), f"{totals[name]:,}", delta, about_of(name), series)


def label_of(name: str) -> str:
    """How a count is called."""
    return _LABELS[name]


def about_of(name: str) -> str:
    """What a count counts."""
    return _ABOUT[name]


def success_tile(totals: Row, before: Row | None) -> None:
    """How much of what ended by itself left a video."""
    now = (totals["completed"], totals["ended"])
    then = (before["completed"], before["ended"]) if before else None
    tile("Success", share_words(*now), share_change(now, then), about_success(totals))


def about_success(totals: Row) -> str:
    """What success is, with the numbers behind it."""
    return f"{_SUCCESS} Here {totals['completed']:,} of {totals['ended']:,}."


def spend_tile(totals: Row, before: Row | None, days: list[Row]) -> None:
    """What was spent; more is not better."""
    delta = change(totals["spend_usd"], before["spend_usd"] if before else None)
    series = [float(day["spend_usd"]) for day in days]
    words = round_dollars(totals["spend_usd"])
    tile("Spend", words, delta, about_spend(totals), series, colour="inverse")


def about_spend(totals: Row) -> str:
    """What spend is, to the cent."""
    return f"{_SPEND} Exactly {dollars(totals['spend_usd'])}.".replace("$", r"\$")


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
