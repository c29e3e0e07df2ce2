"""The tiles on top of Usage and of one person's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.components.change_words import is_change
from dashboard.components.money_words import dollars, round_dollars
from dashboard.components.usage_words import count_change, share_change, share_words
from dashboard.figures import Figures

Row = dict[str, Any]

_ABOUT = {
    "active": "Different people who began a generation or left an event, such as a download.",
    "generations": "Generations begun in these days.",
    "completed": "Generations begun in these days that left a video.",
    "approved": "Videos of generations begun in these days that are approved now.",
    "downloaded": "Downloads in these days, whoever made the video.",
    "shared": "Videos shared with guests by a link, and links copied, in these days.",
}
_BETTER_WITH_MORE = ("completed", "approved")
"""Of the others more is just more: no colour."""
_LABELS = {
    "active": "Active people",
    "generations": "Generations",
    "completed": "Finished videos",
    "approved": "Approved",
    "downloaded": "Downloaded",
    "shared": "Shared",
    "success": "Success",
    "spend_usd": "Spend",
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

    def draw() -> None:
        days = [day for day in figures.rows("usage", "course") if day["day"] < figures.today]
        with st.grid(6, min_column_width=165):
            count_tile("active", totals, before, days)
            count_tile("generations", totals, before, days)
            success_tile(totals, before)
            for name in ("approved", "downloaded", "shared"):
                count_tile(name, totals, before, days)

    figures.shown("usage_tiles", draw, before and figures.view.before)


def count_tile(name: str, totals: Row, before: Row | None, days: list[Row]) -> None:
    """A number with its course and its change."""
    delta = count_change(totals[name], before[name]) if before else None
    series = [float(day[name]) for day in days]
    good = name in _BETTER_WITH_MORE
    tile(_LABELS[name], f"{totals[name]:,}", delta, _ABOUT[name], series, good=good)


def success_tile(totals: Row, before: Row | None) -> None:
    """How much of what ended by itself left a video."""
    now = (totals["completed"], totals["ended"])
    then = (before["completed"], before["ended"]) if before else None
    tile("Success", share_words(*now), share_change(now, then), _about_success(totals))


def calm_tiles(names: Sequence[str], totals: Row, then: Row | None) -> None:
    """Figures of one person, each with what it was before: a note, not a judgement.

    Beside the counts there are `success` and `spend_usd`.
    """
    for name in names:
        was = None if then is None else _words(name, then)
        calm_tile(_LABELS[name], _words(name, totals), was, _about(name, totals))


def calm_tile(label: str, now: str, then: str | None, about: str) -> None:
    """One of them."""
    st.metric(
        label,
        now,
        delta=None if then is None else f"before: {then}".replace("$", r"\$"),
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=about,
    )


def _words(name: str, row: Row) -> str:
    if name == "success":
        return share_words(row["completed"], row["ended"])
    return round_dollars(row[name]) if name == "spend_usd" else f"{row[name]:,}"


def _about(name: str, totals: Row) -> str:
    if name == "success":
        return _about_success(totals)
    if name == "spend_usd":
        return f"{_SPEND} Exactly {dollars(totals[name])}.".replace("$", r"\$")
    return _ABOUT[name]


def _about_success(totals: Row) -> str:
    return f"{_SUCCESS} Here {totals['completed']:,} of {totals['ended']:,}."


def tile(
    label: str,
    value: str,
    delta: str | None,
    about: str,
    series: list[float] | None = None,
    *,
    good: bool = True,
) -> None:
    """One figure of many people; `good`: more of it is better, and coloured so."""
    st.metric(
        label,
        value,
        delta=delta,
        delta_color="normal" if good and is_change(delta) else "off",
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
