"""What stands behind a step of the bridge: what it was worked out from, and the generations of both
periods where it is made of any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard.components.chart_card import Source, sql_link
from dashboard.components.costs_behind import Behind, list_behind
from dashboard.components.money_words import dollars
from dashboard.components.period_words import period_words
from dashboard.error_frame import plain
from dashboard.figures import Figures
from jobs.analytics import Filters
from jobs.periods import Period
from jobs.spend_bridge import Side, side_of

CHANGE = "change"
"""The last bar, which is all steps together."""
_PARTS = {
    "volume": "good",
    "model": "good",
    "resolution": "good",
    "duration": "good",
    "waste": "wasted",
}
"""Which generations a step is made of; the others have no list."""
_LISTS = {
    "good": "Videos that were charged and not rejected",
    "wasted": "Charged, but no usable video",
    None: "Charges and corrections",
}
_ABOUT = {
    "volume": "How many videos were finished and not rejected, at what one cost on average before.",
    "model": "More videos of a dear model, or fewer: each counts at what it cost before.",
    "resolution": "More videos of a high resolution, or fewer: each counts at what it cost before.",
    "duration": "Longer or shorter videos, at what a second of them cost before.",
    "price": (
        "What a second of the same model and resolution costs now, and cost before. It is a "
        "difference of two prices, so no list of videos stands behind it."
    ),
    "waste": "What was charged for generations that failed, were stopped or were rejected.",
    "rest": (
        "The ledger counts money on the day it was charged, the steps before count it on the day "
        "the video was begun. What is left are corrections of no video, and charges of videos that "
        "were begun in another period. It is a difference of sums, so no list stands behind it."
    ),
    CHANGE: "All that the ledger says of both periods.",
}
_MEASURES = {
    "volume": "A video",
    "model": "A video",
    "resolution": "A video",
    "duration": "Length",
    "price": "A second",
}
"""Of a step with a table: what is compared, each a mean."""
_BY_MODEL = ("volume", "model")
_DOLLARS = st.column_config.NumberColumn(format="dollar")
_NUMBER = st.column_config.NumberColumn(format="localized")
_COLUMNS = {
    **dict.fromkeys(("Videos before", "Videos now"), _NUMBER),
    **{
        f"{what} {when}": _DOLLARS for what in ("A video", "A second") for when in ("before", "now")
    },
    **dict.fromkeys(
        ("Length before", "Length now"), st.column_config.NumberColumn(format="%.1f s")
    ),
}


@dataclass
class _Sum:
    """Good videos of one period with something in common."""

    videos: int = 0
    seconds: float = 0.0
    usd: Decimal = Decimal(0)

    def mean(self, what: str) -> float | None:
        """What is compared; None where there is nothing to divide by."""
        whole = self.seconds if what == "A second" else self.videos
        return (self.seconds if what == "Length" else float(self.usd)) / whole if whole else None


def show_step(figures: Figures, step: str, title: str) -> None:
    """A card with what a step was worked out from."""
    with st.container(border=True, key="costs_behind_bridge"):
        st.markdown(f"**Behind it: {plain(title)}**")
        st.caption(_ABOUT[step])
        if step in _MEASURES:
            _show_compared(figures, step)
        if step == "rest":
            _show_rest(figures)
        if step in _PARTS or step == CHANGE:
            _show_lists(figures, _PARTS.get(step))


def _show_compared(figures: Figures, step: str) -> None:
    before, now = (
        side_of(figures.rows("costs", "bridge", filters), Decimal(0)) for filters in _both(figures)
    )
    table = figures.listed(
        "bridge_compared", lambda: _compared(figures, step, before, now), step, figures.view.before
    )
    if table.num_rows:
        st.dataframe(table, hide_index=True, placeholder="—", column_config=_COLUMNS)


def _compared(figures: Figures, step: str, before: Side, now: Side) -> list[dict[str, Any]]:
    """A row for each model, or model and resolution, of either period; dearest first."""
    by_model = step in _BY_MODEL
    then, there = _sums(before, by_model=by_model), _sums(now, by_model=by_model)
    what = _MEASURES[step]
    rows = []
    for key in sorted({*then, *there}, key=lambda key: -max(_usd(then, key), _usd(there, key))):
        old, new = then.get(key, _Sum()), there.get(key, _Sum())
        row = {"Model": figures.name("model", key[0])}
        row |= {} if by_model else {"Resolution": key[1]}
        rows.append(
            row
            | {"Videos before": old.videos, "Videos now": new.videos}
            | {f"{what} before": old.mean(what), f"{what} now": new.mean(what)}
        )
    return rows


def _sums(side: Side, *, by_model: bool) -> dict[tuple[str, str], _Sum]:
    found: dict[tuple[str, str], _Sum] = {}
    for one in side.slices:
        key = (one.model, "" if by_model else one.resolution)
        into = found.setdefault(key, _Sum())
        into.videos += one.videos
        into.seconds += one.seconds
        into.usd += one.usd
    return found


def _usd(sums: Mapping[tuple[str, str], _Sum], key: tuple[str, str]) -> Decimal:
    return sums[key].usd if key in sums else Decimal(0)


def _show_rest(figures: Figures) -> None:
    for filters in _both(figures):
        totals = figures.rows("costs", "totals", filters)[0]
        words = (
            f"{_days(filters)}: the ledger says {dollars(totals['spend_usd'])}, the generations "
            f"begun then cost {dollars(totals['billed_usd'])}."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(words.replace("$", r"\$"), width="stretch")
            sql_link(figures, Source("costs", "totals", filters))


def _show_lists(figures: Figures, part: str | None) -> None:
    """The generations, or rows of the ledger, of both periods; the later one in front."""
    both = [Behind(_days(filters), filters, part=part) for filters in reversed(_both(figures))]
    for tab, behind in zip(st.tabs([one.words for one in both]), both, strict=True):
        with tab:
            list_behind(figures, behind, _LISTS[part])


def _both(figures: Figures) -> list[Filters]:
    """The period before and the one that is shown."""
    return [figures.view.before, figures.view.filters]


def _days(filters: Filters) -> str:
    return period_words(Period(filters.since, filters.until))
