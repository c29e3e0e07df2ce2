"""Why spend changed against the period before, as a bridge from one sum to the other."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard import analytics_reads, charts
from dashboard.analytics_reads import MOST_KEPT, Lens
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_bridge_behind import CHANGE, show_step
from dashboard.components.money_words import dollars
from dashboard.components.part_choice import choose_part
from dashboard.components.period_words import period_words
from dashboard.figures import Figures
from jobs.analytics import Filters
from jobs.periods import Period
from jobs.spend_bridge import bridge, side_of

_LABELS = {
    "volume": "Volume",
    "model": "Model",
    "resolution": "Resolution",
    "duration": "Length",
    "price": "Price",
    "waste": "Waste",
    "rest": "Rest",
    CHANGE: "Change",
}
_WORDS = {
    "volume": ("more videos", "fewer videos"),
    "model": ("dearer models", "cheaper models"),
    "resolution": ("higher resolutions", "lower resolutions"),
    "duration": ("longer videos", "shorter videos"),
    "price": ("a higher price for a second", "a lower price for a second"),
    "waste": ("more waste", "less waste"),
    "rest": ("corrections and charges of other days", "corrections and charges of other days"),
}
_FEW_BARS = 3
_MORE, _LESS = charts.PALETTE[2], charts.PALETTE[1]
"""Which way the money went. Neither red nor green: more videos are not bad."""
_WHOLE_USD = 10
_WORDS_SHARE = 0.24
"""How much of the axis a sum takes beside its bar on a phone."""
_ABOUT = (
    "What good videos cost is taken from the period before to this one, one step after the other: "
    "as many as now, the models of now, the resolutions, the lengths, the prices for a second. "
    "Waste is what failed, was stopped or rejected. The rest is corrections of no video and "
    "charges of videos begun in another period. The steps add up to the change to the cent. Amber "
    "steps cost more than before, blue ones less. Click a bar, or choose a step below, to see what "
    "is behind it."
)


def costs_bridge(figures: Figures, now: dict[str, Any], before: dict[str, Any]) -> None:
    """The bridge and its story in a sentence; `now` and `before` are rows of `costs/totals`."""
    view = figures.view
    with chart_card(figures, "Why did spend change?", Source("costs", "bridge"), about=_ABOUT):
        if not before["charges"]:
            days = period_words(Period(view.before.since, view.before.until))
            st.caption(f"Nothing was charged in {days}: there is nothing to compare with.")
            return
        steps = _steps(figures.lens, view.before, view.filters)
        st.markdown(story(steps, before["spend_usd"], now["spend_usd"]).replace("$", r"\$"))
        names = [
            period_words(Period(view.before.since, view.before.until)),
            period_words(view.period),
        ]
        steps_shown = {name: usd for name, usd in steps.items() if usd}
        ends = [before["spend_usd"], now["spend_usd"]]
        step = _choose_step(figures, steps_shown, _draw(figures, steps_shown, ends, names))
    if step is not None:
        usd = steps_shown.get(step, ends[1] - ends[0])
        show_step(figures, step, f"{_LABELS[step]} {_signed(usd, exact=True)}")


def story(steps: dict[str, Decimal], before: Decimal, now: Decimal) -> str:
    """The change and its two largest parts in words."""
    change = now - before
    if not change:
        return "Spend did not change."
    verb = "rose" if change > 0 else "fell"
    share = f" ({abs(float(change / before)):.0%})" if before > 0 else ""
    parts = sorted((step for step in steps.items() if step[1]), key=lambda step: -abs(step[1]))
    told = [
        f"{_WORDS[name][usd < 0]} {'+' if usd > 0 else ''}{dollars(usd)}" for name, usd in parts[:2]
    ]
    most = f" Mostly {' and '.join(told)}." if told else ""
    ends = f"from {dollars(before)} to {dollars(now)}"
    return f"Spend {verb} by **{dollars(abs(change))}**{share}, {ends}.{most}"


@lru_cache(maxsize=MOST_KEPT)
def _steps(lens: Lens, before: Filters, now: Filters) -> dict[str, Decimal]:
    """The steps between two periods; worked out once, because exact fractions take long."""
    sides = [
        side_of(
            analytics_reads.rows(lens, "costs", "bridge", filters),
            analytics_reads.rows(lens, "costs", "totals", filters)[0]["spend_usd"],
        )
        for filters in (before, now)
    ]
    return bridge(*sides)


def _draw(
    figures: Figures, shown: dict[str, Decimal], ends: list[Decimal], names: list[str]
) -> list[Any] | None:
    made = figures.drawn(
        "costs_bridge", lambda: _figure(shown, ends[1] - ends[0]), figures.view.before
    )
    told = ", ".join(f"{_LABELS[name]} {dollars(one)}" for name, one in shown.items())
    alt = f"From {dollars(ends[0])} ({names[0]}) to {dollars(ends[1])} ({names[1]}): {told}."
    return charts.clicked(made, key=figures.key("costs_bridge"), alt=alt)


def _choose_step(
    figures: Figures, shown: dict[str, Decimal], point: list[Any] | None
) -> str | None:
    """The bar that was clicked, or the step that was chosen by its name."""
    key = figures.key("costs_bridge_named")
    named = choose_part([*shown, CHANGE], _LABELS.__getitem__, key, point)
    return named or (str(point[1]) if point else None)


def _figure(shown: dict[str, Decimal], change_usd: Decimal) -> go.Figure:
    usd = [*shown.values(), change_usd]
    trace = go.Waterfall(
        orientation="h",  # side by side, the words above neighbouring bars overlap on a phone
        y=[*(_LABELS[name] for name in shown), _LABELS[CHANGE]],
        x=[float(one) for one in usd],
        measure=[*("relative" for _ in shown), "total"],
        text=[_signed(one) for one in usd],
        textposition="outside",
        cliponaxis=False,
        increasing_marker_color=_MORE,
        decreasing_marker_color=_LESS,
        constraintext="none",
        totals_marker_color=charts.PALETTE[0],
        connector_line={"width": 1, "color": charts.GREY},
        customdata=[
            [_signed(one, exact=True), name]
            for one, name in zip(usd, [*shown, CHANGE], strict=True)
        ],
        hovertemplate="%{y}: %{customdata[0]}<extra></extra>",
    )
    made = charts.figure([trace], legend=False, height=290, hovermode="closest")
    made.update_layout(bargap=0.3 if len(usd) > _FEW_BARS else 0.7)
    made.update_xaxes(range=_room(usd), zeroline=True, showgrid=True, tickformat="$,.2~f", nticks=5)
    made.update_yaxes(autorange="reversed", showgrid=False, dtick=1)
    return made


def _room(usd: list[Decimal]) -> list[float]:
    """The axis around all levels of the bridge, with room for the words at the ends of bars."""
    levels = [*accumulate(float(step) for step in usd[:-1]), float(usd[-1])]
    words = _WORDS_SHARE * (max(0.0, *levels) - min(0.0, *levels) or 1.0)
    ends = [at + (words if step > 0 else -words) for at, step in zip(levels, usd, strict=True)]
    return [min(0.0, *ends), max(0.0, *ends)]


def _signed(usd: Decimal, *, exact: bool = False) -> str:
    """A step in words; above a bar without the cents of large sums."""
    size = abs(usd)
    words = f"${size:,.0f}" if size >= _WHOLE_USD and not exact else dollars(size)
    return f"{'+' if usd > 0 else '−'}{words}"
