"""How figures look: the studio's conventions for plotly, in the theme's colours.

Streamlit's own theme is kept, because it draws a figure in the light and the dark colours of
`.streamlit/config.toml` and changes them without a new run. It does so by replacing placeholder
colours in the browser; those of this module are its placeholders (streamlit 1.67,
`elements/lib/streamlit_plotly_theme.py`), so a series keeps its colour in both.

Figures are made with `graph_objects`: `plotly.express` takes ten times as long for each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import orjson
import pandas  # noqa: F401  (plotly fails when another thread has it half loaded)
import plotly.graph_objects as go
import streamlit as st
from plotly.io.json import to_json_plotly

from dashboard.keeping import Kept

PALETTE = tuple(f"#{number:06}" for number in range(1, 11))
"""Ten colours of the theme; the first is the studio's own."""
SEQUENTIAL = [[index / 9, f"#{number:06}"] for index, number in enumerate(range(11, 21))]
"""A scale from little to much, for heat maps."""
GREY = "#000007"
"""For what is less important: the period before, "other", what belongs to nobody."""
GOOD, BAD, WARNING = "#000004", "#000008", "#000003"
CONFIG = {
    "displaylogo": False,
    "displayModeBar": False,
    "scrollZoom": False,
    "responsive": True,
}
_LAYOUT = {
    "legend": {
        "orientation": "h",
        "yanchor": "bottom",
        "y": 1.0,
        "xanchor": "left",
        "x": 0,
        "title": {"text": ""},
        "traceorder": "normal",
        "font": {"size": 11},
        "maxheight": 0.9,  # on a phone the names stand one below the other: none may be cut
    },
    "hovermode": "x unified",
    "hoverlabel": {"namelength": 40},
    "bargap": 0.18,
    "barcornerradius": 3,
    "separators": ".,",
    "dragmode": False,
}
_AXIS = {"zeroline": False, "automargin": True, "title": None}
HEIGHT = 300
MOST_KEPT = 2_000
"""Figures of all sessions together."""
_SMALL_USD = 10
MOST_SERIES = 9
"""More colours can't be told apart: the rest is summed up as "Other"."""


def figure(
    traces: Iterable[Any],
    *,
    height: int = HEIGHT,
    unit: str = "",
    legend: bool = True,
    stacked: bool = False,
    **layout: Any,  # noqa: ANN401
) -> go.Figure:
    """A figure in the studio's shape: no wasted margin, the legend above, one hover for a day.

    `unit` stands before the numbers of the vertical axis: `$` or nothing.
    """
    made = go.Figure(list(traces))
    made.update_layout(
        _LAYOUT,
        height=height,
        margin={"l": 0, "r": 0, "t": 32 if legend else 8, "b": 0},
        showlegend=legend,
        barmode="relative" if stacked else "group",
    )
    made.update_xaxes(_AXIS, showgrid=False)
    ticks = _money_ticks(made) if unit == "$" else f"{unit},.2~f"
    made.update_yaxes(_AXIS, tickformat=ticks, nticks=6, rangemode="tozero")
    made.update_layout(**layout)
    return made


def kept(key: Hashable, draw: Callable[[], go.Figure]) -> go.Figure:
    """What `draw` makes, once for each `key`: plotly takes milliseconds to check a figure.

    The key tells all that the figure is made of; nobody changes the figure afterwards.
    """
    return _KEPT.get(key, lambda: _Finished(draw()))


class _Finished(go.Figure):  # type: ignore[misc]  # plotly says nothing of its types
    """A figure that nobody changes: what is sent to the browser is written out once, because
    plotly copies every value of a figure each time, and looks at it again."""

    def __init__(self, made: go.Figure) -> None:
        super().__init__(made)
        whole = made.to_dict()
        # The layout stays as it is, because Streamlit looks for its size.
        traces = [_written_out(trace) for trace in whole["data"]]
        self._sent: dict[str, Any] = {**whole, "data": traces}

    def to_dict(self) -> dict[str, Any]:
        """The same object each time: only read."""
        return self._sent


def _written_out(part: dict[str, Any]) -> dict[str, Any]:
    """The same, each value as the JSON that plotly would make of it."""
    return {name: orjson.Fragment(to_json_plotly(value)) for name, value in part.items()}


_KEPT = Kept[_Finished](MOST_KEPT)


def _money_ticks(made: go.Figure) -> str:
    """Cents only where they matter."""
    sizes = [abs(value) for trace in made.data for value in (trace.y or ()) if value is not None]
    return "$,.2f" if max(sizes, default=0) < _SMALL_USD else "$,.2~f"


def show_chart(made: go.Figure, *, key: str, alt: str) -> None:
    """A figure to look at; `alt` says in words what it shows, for those who can't see it."""
    st.plotly_chart(made, key=key, config=CONFIG, alt=alt, theme="streamlit")


def clicked(made: go.Figure, *, key: str, alt: str) -> list[Any] | None:
    """A figure whose marks can be clicked: the `customdata` of the mark that is chosen, or None."""
    state: Any = st.plotly_chart(
        made,
        key=key,
        config=CONFIG,
        alt=alt,
        theme="streamlit",
        on_select="rerun",
        selection_mode="points",
    )
    points = (state or {}).get("selection", {}).get("points", [])
    found = points[0].get("customdata") if points else None
    if isinstance(found, dict):  # plotly.js hands typed arrays over as objects with numbered keys
        found = [found[key] for key in sorted(found, key=int)]
    return list(found) if found else None


def colours(names: Sequence[str], *, grey: Sequence[str] = ()) -> dict[str, str]:
    """A colour for each name by its place; the names in `grey` are drawn back."""
    bright = [colour for colour in PALETTE if colour != GREY]
    vivid = [name for name in names if name not in grey]
    chosen = {name: bright[place % len(bright)] for place, name in enumerate(vivid)}
    return chosen | dict.fromkeys(grey, GREY)
