"""How long videos take: the tiles, the phases, and which phase the page looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from dashboard import charts
from dashboard.components.change_words import change_words, is_change
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.timeline import long_words, short_words
from dashboard.figures import Figures
from jobs.analytics import Filters

PHASE = "phase"
"""In the address: the phase that the page looks at."""
PHASES = {
    "total": "From submit to playable",
    "our_queue": "Our queue",
    "fal_queue": "fal's queue",
    "inference": "Being made at fal",
    "store": "Collecting and storing",
}
_PARTS = tuple(phase for phase in PHASES if phase != "total")
_SHORT = {
    "total": "All together",
    "our_queue": "Our queue",
    "fal_queue": "fal's queue",
    "inference": "Made at fal",
    "store": "Storing",
}
PERCENTILES = {"p50_s": "Half", "p90_s": "9 of 10", "p95_s": "19 of 20", "p99_s": "99 of 100"}
EXACT_VIDEOS = 200_000
"""Percentiles of more are read from counts in buckets: quick, off by 1 % at most."""
FEW = 20
"""Fewer generations than this say little about the slowest of them."""
_FIELD = "latency_phase"


@dataclass(frozen=True)
class Speed:
    """Percentiles of one phase in seconds; None: nothing was completed."""

    p50_s: float | None = None
    p90_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    n: int = 0


def is_exact(figures: Figures, filters: Filters, *, by_hour: bool = False) -> bool:
    """Whether the page reads every generation rather than a roll-up."""
    names = {"campaigns", "people"} | ({"models", "resolutions"} if by_hour else set())
    if names & set(filters.in_use):
        return True
    rates = figures.rows("latency", "failure_rates", filters)
    videos: int = sum(row["completed"] for row in rates)
    return videos <= EXACT_VIDEOS


def report_for(figures: Figures, name: str, filters: Filters, *, by_hour: bool = False) -> str:
    """The report that answers a question over these days and filters."""
    return name if is_exact(figures, filters, by_hour=by_hour) else f"{name}_about"


def speeds_of(figures: Figures, filters: Filters) -> dict[str, Speed]:
    """The percentiles of every phase."""
    rows = figures.rows("latency", report_for(figures, "phases", filters), filters)
    found = {row["phase"]: Speed(**{k: v for k, v in row.items() if k != "phase"}) for row in rows}
    return {phase: found.get(phase, Speed()) for phase in PHASES}


def latency_tiles(figures: Figures, speeds: dict[str, Speed], rates: list[dict[str, Any]]) -> None:
    """The questions that people ask first."""
    compared = figures.view.before if figures.view.compares else None

    def draw() -> None:
        before = speeds_of(figures, compared) if compared else {}
        with st.grid(5, min_column_width=165):
            _tile("Half ready in", "total", "p50_s", speeds, before)
            _tile("19 of 20 ready in", "total", "p95_s", speeds, before)
            _tile("Waiting for us", "our_queue", "p95_s", speeds, before)
            _tile("Waiting at fal", "fal_queue", "p95_s", speeds, before)
            _failure_tile(figures, rates)

    figures.shown("latency_tiles", draw, compared)


def _tile(
    label: str, phase: str, name: str, speeds: dict[str, Speed], before: dict[str, Speed]
) -> None:
    was = before.get(phase, Speed())
    now, number = getattr(speeds[phase], name), speeds[phase].n
    delta = change_words(now, getattr(was, name))
    about = f"{PHASES[phase]}, {PERCENTILES[name].lower()} of {number:,} finished generations."
    if number < FEW:
        about += " So few say little about the slowest."
    st.metric(
        label,
        "—" if now is None else short_words(now),
        delta=delta,
        delta_color=colour_of(delta, number, was.n),
        border=True,
        height="stretch",
        help=about,
    )


def colour_of(delta: str | None, *numbers: int) -> Literal["inverse", "off"]:
    """More time or failures are bad (`inverse`); no change, and one of few, is neither."""
    return "inverse" if is_change(delta) and min(numbers) >= FEW else "off"


def _failure_tile(figures: Figures, rates: list[dict[str, Any]]) -> None:
    (failed, ended), (then_failed, then_ended) = _sums(rates), (0, 0)
    if figures.view.compares:
        before = figures.rows("latency", "failure_rates", figures.view.before)
        then_failed, then_ended = _sums(before)
    delta = None
    if ended and then_ended:
        points = round((failed / ended - then_failed / then_ended) * 100, 1)
        delta = f"{points:+} points" if points else "0 points"
    st.metric(
        "Failed",
        share_words(failed, ended),
        delta=delta,
        delta_color=colour_of(delta, ended, then_ended),
        border=True,
        height="stretch",
        help=f"{failed:,} of {ended:,} generations that ended. Stopped ones don't count.",
    )


def _sums(rates: list[dict[str, Any]]) -> tuple[int, int]:
    failed = sum(row["failed"] for row in rates)
    return failed, failed + sum(row["completed"] for row in rates)


def share_words(part: int, whole: int) -> str:
    """`3 of 7` while that says more than a share, else `4.2 %`."""
    if not whole:
        return "—"
    return f"{part} of {whole}" if whole < FEW else f"{part / whole * 100:.1f} %"


def latency_phases(figures: Figures, speeds: dict[str, Speed]) -> None:
    """What a usual generation spends its time with, and what a slow one does."""
    figures.shown("latency_phases_card", lambda: _phases_card(figures, speeds))


def _phases_card(figures: Figures, speeds: dict[str, Speed]) -> None:
    filters = figures.view.filters
    source = Source("latency", report_for(figures, "phases", filters))
    about = "Percentiles of each phase by itself: those of the phases don't add up to the whole."
    with chart_card(figures, "Where the time goes", source, about=about):
        made = figures.drawn("latency_phases", lambda: _phases(speeds))
        told = ", ".join(f"{PHASES[phase]} {_long(speeds[phase].p50_s)}" for phase in _PARTS)
        charts.show_chart(
            made, key=figures.key("latency_phases"), alt=f"Half take at most: {told}."
        )
        if not is_exact(figures, filters):
            st.caption("≈ Of so many videos percentiles are off by 1 % at most.")


def _phases(speeds: dict[str, Speed]) -> go.Figure:
    upwards = list(reversed(_PARTS))
    colours = {"p50_s": charts.PALETTE[0], "p95_s": charts.PALETTE[2]}
    bars = [
        go.Bar(
            name=PERCENTILES[name],
            orientation="h",
            y=[PHASES[phase] for phase in upwards],
            x=[getattr(speeds[phase], name) for phase in upwards],
            text=[_long(getattr(speeds[phase], name)) for phase in upwards],
            textposition="outside",
            cliponaxis=False,
            marker_color=colour,
            hovertemplate="%{text}",
        )
        for name, colour in colours.items()
    ]
    made = charts.figure(bars, height=290, hovermode="y unified", barmode="group")
    longest = max(speeds[phase].p95_s or 0.0 for phase in _PARTS)
    # Room for the words beside the longest bar, also on a phone.
    made.update_xaxes(ticksuffix=" s", range=[0, longest * 1.5 or 1], nticks=5)
    made.update_yaxes(showgrid=False, dtick=1)
    return made


def _long(seconds: float | None) -> str:
    return "" if seconds is None else long_words(seconds)


def chosen_phase() -> str:
    """The phase that the page looks at."""
    chosen = st.query_params.get(PHASE, "")
    return chosen if chosen in PHASES else "total"


def choose_phase() -> None:
    """The choice of it, kept in the address."""
    if st.session_state.get(_FIELD) != chosen_phase():
        st.session_state[_FIELD] = chosen_phase()
    st.segmented_control(
        "Phase",
        list(PHASES),
        required=True,
        format_func=_SHORT.__getitem__,
        key=_FIELD,
        on_change=_take_phase,
        label_visibility="collapsed",
    )


def _take_phase() -> None:
    chosen = st.session_state[_FIELD]
    if chosen == "total":
        st.query_params.pop(PHASE, None)
    else:
        st.query_params[PHASE] = chosen
