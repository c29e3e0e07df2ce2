"""What stands behind a point: the slowest generations, and where the time of one went: of a typical
one, until a slow one is selected."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import plotly.graph_objects as go
import pyarrow
import streamlit as st

from dashboard import charts
from dashboard.components.cause_words import reason_words
from dashboard.components.chart_card import Source, card_head
from dashboard.components.costs_behind import address_of, moment_of
from dashboard.components.latency_phases import PHASES, speeds_of
from dashboard.components.timeline import long_words
from dashboard.error_frame import plain
from dashboard.figures import Figures
from dashboard.tables import height_of, shown_columns
from jobs.analytics import Filters

MOST_ROWS = 200
_STEPS = ("our_queue", "fal_queue", "inference", "store")
_COLUMNS = {
    "Open": st.column_config.LinkColumn("", display_text=":material/open_in_new:", width=36),
    "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm", width=108),
    "Title": st.column_config.TextColumn(width=120),
    "Person": st.column_config.TextColumn(width=100),
    "Model": st.column_config.TextColumn(width=130),
    "Resolution": st.column_config.TextColumn(width=82),
    "Seconds": st.column_config.NumberColumn(format="%.1f s", width=72),
    "Charged": st.column_config.NumberColumn(format="dollar", width="small"),
}


@dataclass(frozen=True)
class Slow:
    """Which generations to show, by which phase."""

    words: str
    filters: Filters
    phase: str


@dataclass(frozen=True)
class Failed:
    """Which failures to show; reason None: all."""

    words: str
    filters: Filters
    reason: str | None


def show_slow(figures: Figures, slow: Slow) -> None:
    """The slowest of them, and the waterfall of one: a typical one, or the one that is selected."""
    rows = figures.rows("latency", "behind", slow.filters, phase=slow.phase)
    source = Source("latency", "behind", slow.filters, more={"phase": slow.phase})
    with st.container(border=True, key="latency_behind"):
        card_head(figures, f"**{plain(f'The slowest: {slow.words}')}**", source)
        if not rows:
            st.caption("No generation was completed there.")
            return
        st.caption(_number_words(rows, "slowest"))
        left, right = st.columns([5, 3])
        with left:
            table = figures.listed("slow", lambda: [_slow_row(row, figures) for row in rows], slow)
            chosen = _choose(figures, table, slow.words)
        with right:
            if chosen is None:
                figures.shown("latency_typical", lambda: _show_typical(figures, slow), slow)
            else:
                _waterfall(figures, rows[chosen])
                st.caption("Unselect the row to see a typical one again.")


def _show_typical(figures: Figures, slow: Slow) -> None:
    """The generation that took the median, or came nearest to it."""
    total = speeds_of(figures, slow.filters)["total"]
    if total.p50_s is None:
        return
    rows = figures.rows("latency", "typical_behind", slow.filters, median_s=total.p50_s)
    if not rows:
        return
    if total.n > 1:
        st.caption(
            f"A typical one: half of them took no longer than {long_words(total.p50_s)}, and this "
            "one is the nearest. Select a row to see where a slow one waited."
        )
    _waterfall(figures, rows[0])


def show_failed(figures: Figures, failed: Failed) -> None:
    """The newest of the failures."""
    more = {"reason": failed.reason}
    rows = figures.rows("latency", "failed_behind", failed.filters, **more)
    source = Source("latency", "failed_behind", failed.filters, more=more)
    with st.container(border=True, key="latency_failed_behind"):
        card_head(figures, f"**{plain(f'Behind it: {failed.words}')}**", source)
        if not rows:
            st.caption("Nothing failed there.")
            return
        st.caption(_number_words(rows, "newest"))
        table = figures.listed(
            "failed", lambda: [_failed_row(row, figures) for row in rows], failed
        )
        st.dataframe(
            table,
            hide_index=True,
            placeholder="—",
            height=height_of(len(rows), 400),
            column_config=_COLUMNS,
            column_order=shown_columns(table),
        )


def _number_words(rows: list[dict[str, Any]], which: str) -> str:
    number = rows[0]["all_rows"]
    words = f"{number:,} {'generation' if number == 1 else 'generations'}"
    return f"{words}; the {MOST_ROWS} {which} are shown." if number > MOST_ROWS else f"{words}."


def _choose(figures: Figures, table: pyarrow.Table, words: str) -> int | None:
    """Which row is selected; None: none is."""
    state: Any = st.dataframe(
        table,
        hide_index=True,
        placeholder="—",
        height=height_of(table.num_rows, 360),
        column_config=_COLUMNS,
        column_order=shown_columns(table),
        key=figures.key(f"latency_rows_{words}"),
        on_select="rerun",
        selection_mode="single-row",
    )
    selected = (state or {}).get("selection", {}).get("rows", [])
    return int(selected[0]) if selected and selected[0] < table.num_rows else None


def _slow_row(row: dict[str, Any], figures: Figures) -> dict[str, Any]:
    return {
        "Open": address_of(row | {"status": "completed"}, figures),
        "When": moment_of(row["created_at"], figures.zone),
        "Seconds": row["seconds"],
        "Title": row["title"],
        "Person": row["person"] or "",
        "Model": figures.name("model", row["model"]),
        "Resolution": row["resolution"] or "",
    }


def _failed_row(row: dict[str, Any], figures: Figures) -> dict[str, Any]:
    charged = row["charge_usd"]
    return {
        "Open": address_of(row | {"status": "failed"}, figures),
        "When": moment_of(row["created_at"], figures.zone),
        "Title": row["title"],
        "Person": row["person"] or "",
        "Model": figures.name("model", row["model"]),
        "Why": reason_words(row["cause"]),
        "Charged": None if charged is None else float(charged),
    }


def _waterfall(figures: Figures, row: dict[str, Any]) -> None:
    """One generation's phases, one after the other."""
    spans = {phase: row[f"{phase}_s"] or 0.0 for phase in _STEPS}
    whole = row["total_s"] or sum(spans.values())
    st.markdown(f"**{plain(row['title'])}**: {long_words(whole)} from submit to playable")
    id = row["generation_id"]
    made = figures.drawn("latency_fall", lambda: _fall(spans), id)
    alt = ", ".join(f"{PHASES[phase]} {long_words(seconds)}" for phase, seconds in spans.items())
    charts.show_chart(made, key=figures.key(f"latency_fall_{id}"), alt=alt)


def _fall(spans: dict[str, float]) -> go.Figure:
    begins = accumulate(spans.values(), initial=0.0)
    bars = [
        go.Bar(
            name=PHASES[phase],
            orientation="h",
            y=[PHASES[phase]],
            x=[seconds],
            base=[begin],
            text=[long_words(seconds)],
            textposition="outside",
            cliponaxis=False,
            marker_color=charts.PALETTE[place],
            hovertemplate="%{text}<extra></extra>",
        )
        for place, ((phase, seconds), begin) in enumerate(zip(spans.items(), begins, strict=False))
    ]
    made = charts.figure(bars, legend=False, height=230, hovermode="closest")
    made.update_yaxes(autorange="reversed", showgrid=False, rangemode="normal")
    made.update_xaxes(ticksuffix=" s", range=[0, sum(spans.values()) * 1.45 or 1])
    return made
