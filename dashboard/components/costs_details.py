"""Below the first screen: what came of the money, waste, estimates, savings, each on a tab."""

from __future__ import annotations

from datetime import date
from typing import Any

import plotly.graph_objects as go
import pyarrow
import streamlit as st

from dashboard import charts
from dashboard.components.cause_words import reason_words
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_behind import Behind, show_behind
from dashboard.components.costs_spend import (
    behind_bar,
    chosen_group,
    grain_of,
    narrowed,
    whole_period,
)
from dashboard.components.money_words import dollars
from dashboard.components.part_choice import choose_part
from dashboard.components.period_words import period_words
from dashboard.figures import Figures
from jobs.analytics import Filters

DRIFT = 0.05
"""From this difference between charges and estimates on, a price has probably changed."""
ENOUGH = 5
"""Fewer generations say nothing about a price."""
_TABS = ("What came of it", "Waste", "Estimate and charge", "Savings")


def costs_details(figures: Figures) -> None:
    """The tabs; only what is open is asked and drawn."""
    shown = st.tabs(list(_TABS), key="costs_detail", on_change="rerun")
    drawers = (_results, _waste, _estimates, _savings)
    for tab, draw in zip(shown, drawers, strict=True):
        if tab.open:
            with tab:
                draw(figures)


def _results(figures: Figures) -> None:
    grain, by = grain_of(figures.view.period), chosen_group(figures)
    left, right = st.columns([5, 8])
    with (
        left,
        chart_card(
            figures,
            "Cost of a video",
            Source("costs", "per_video", more={"grain": grain}),
            about="Everything that the generations begun then cost, over what came of them. Click "
            "a point to see what was charged then.",
        ),
    ):
        behind = _draw_per_video(figures, grain)
    with (
        right,
        chart_card(
            figures,
            f"By {by}",
            Source("costs", "by_group", by=by),
            about="Grouped as the chart of spend above. Select a row to see its charges.",
        ),
    ):
        found = figures.rows("costs", "by_group", by=by)
        table = figures.listed(
            "by_group", lambda: [_group_row(figures, by, row) for row in found], by
        )
        chosen = _choose_row(table, _GROUP_COLUMNS, figures.key(f"costs_rows_{by}"))
    if chosen is not None:
        id = found[chosen]["id"]
        behind = Behind(figures.name(by, id), narrowed(figures.view.filters, by, [id]))
    if behind is not None:
        show_behind(figures, behind, "details")


def _choose_row(table: pyarrow.Table, columns: dict[str, Any], key: str) -> int | None:
    """A table of which one row can be selected: which one is."""
    state: Any = st.dataframe(
        table,
        hide_index=True,
        column_config=columns,
        placeholder="—",
        key=key,
        on_select="rerun",
        selection_mode="single-row",
    )
    selected = (state or {}).get("selection", {}).get("rows", [])
    return int(selected[0]) if selected and selected[0] < table.num_rows else None


def _draw_per_video(figures: Figures, grain: str) -> Behind | None:
    rows = figures.rows("costs", "per_video", grain=grain)
    if not rows:
        st.caption("No generation was begun in these days.")
        return None
    filters = figures.view.filters
    made = figures.drawn("costs_per_video", lambda: _per_video(rows, filters, grain), grain)
    alt = f"Cost of a finished and of an approved video by {grain}."
    point = charts.clicked(made, key=figures.key("costs_per_video"), alt=alt)
    return None if point is None else behind_bar(figures, grain, date.fromisoformat(point[0]))


def _per_video(rows: list[dict[str, Any]], filters: Filters, grain: str) -> go.Figure:
    lines = []
    for place, (name, usd, of) in enumerate(
        (
            ("Finished", "usd_per_completed", "completed"),
            ("Approved", "usd_per_approved", "approved"),
        )
    ):
        lines.append(
            go.Scatter(
                name=name,
                x=[row["day"] for row in rows],
                y=[None if row[usd] is None else float(row[usd]) for row in rows],
                customdata=[[row["day"].isoformat(), row[of]] for row in rows],
                mode="lines+markers" if len(rows) < 40 else "lines",
                line={"width": 2, "color": charts.PALETTE[0 if place == 0 else 3]},
                hovertemplate="%{y:$,.2f} (%{customdata[1]} videos)",
            )
        )
    made = charts.figure(lines, unit="$", height=290)
    made.update_xaxes(range=whole_period(filters, grain), tickformat="%-d %b")
    return made


def _group_row(figures: Figures, by: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        by.capitalize(): figures.name(by, row["id"]),
        "Spend": float(row["spend_usd"]),
        "Finished": row["completed"],
        "Approved": row["approved"],
        "$ / finished": _number(row["usd_per_completed"]),
        "$ / approved": _number(row["usd_per_approved"]),
        "Wasted": float(row["wasted_usd"] / row["billed_usd"]) if row["billed_usd"] else None,
    }


_DOLLARS = st.column_config.NumberColumn(format="dollar", width="small")
_SHARE = st.column_config.NumberColumn(format="percent", width="small")
_GROUP_COLUMNS = {
    "Spend": _DOLLARS,
    "Finished": st.column_config.NumberColumn(format="localized", width=72),
    "Approved": st.column_config.NumberColumn(format="localized", width=72),
    "$ / finished": st.column_config.NumberColumn(format="dollar", width=84),
    "$ / approved": st.column_config.NumberColumn(format="dollar", width=90),
    "Wasted": st.column_config.NumberColumn(format="percent", width=68),
}


def _waste(figures: Figures) -> None:
    about = (
        "What failed, was stopped by a person or was rejected in review. fal does not charge for "
        "most failures; those are counted without money. Click a bar, or choose a reason below, to "
        "see the generations."
    )
    rows = figures.rows("costs", "waste")
    behind = None
    with chart_card(figures, "Money without a usable video", Source("costs", "waste"), about=about):
        if not rows:
            st.caption("Nothing failed, was stopped or rejected. All money became videos.")
            return
        behind = _draw_waste(figures, rows)
        free = [row for row in rows if not row["wasted_usd"]]
        if free:
            told = ", ".join(f"{reason_words(row['reason'])} {row['generations']}" for row in free)
            st.caption(f"Free of charge: {told}.")
    if behind:
        show_behind(figures, behind, "details")


def _draw_waste(figures: Figures, rows: list[dict[str, Any]]) -> Behind | None:
    paid = [row for row in rows if row["wasted_usd"]]
    if not paid:
        st.caption("Nothing of it was charged.")
        return None
    made = figures.drawn("costs_waste", lambda: _waste_bars(paid))
    alt = "Wasted: " + ", ".join(
        f"{reason_words(row['reason'])} {dollars(row['wasted_usd'])}" for row in paid
    )
    point = charts.clicked(made, key=figures.key("costs_waste"), alt=alt)
    reasons = [row["reason"] for row in paid]
    named = choose_part(reasons, reason_words, figures.key("costs_waste_named"), point)
    reason = named or (str(point[0]) if point else None)
    if reason is None:
        return None
    words = f"{reason_words(reason)}, {period_words(figures.view.period)}"
    return Behind(words, figures.view.filters, reason)


def _waste_bars(paid: list[dict[str, Any]]) -> go.Figure:
    upwards = list(reversed(paid))
    bars = go.Bar(
        orientation="h",
        y=[reason_words(row["reason"]) for row in upwards],
        x=[float(row["wasted_usd"]) for row in upwards],
        text=[f"{dollars(row['wasted_usd'])} · {row['charged']:,}" for row in upwards],
        textposition="auto",
        customdata=[[row["reason"]] for row in upwards],
        marker_color=charts.BAD,
        hovertemplate="%{y}: %{text} generations<extra></extra>",
    )
    made = charts.figure([bars], legend=False, height=70 + 38 * len(paid), hovermode="closest")
    made.update_xaxes(tickformat="$,.2~f")
    made.update_yaxes(showgrid=False, dtick=1)
    return made


def _estimates(figures: Figures) -> None:
    about = (
        "The price shown before the press against what was charged, for completed generations. "
        f"A difference of {DRIFT:.0%} or more, over the last seven days or the whole period and "
        f"{ENOUGH} generations or more, is marked: fal has probably changed its price. Select a "
        "row to see the charges."
    )
    chosen = None
    rows = figures.rows("costs", "estimates")
    with chart_card(
        figures, "The estimate against the charge", Source("costs", "estimates"), about=about
    ):
        if not rows:
            st.caption("No charge of a finished video yet.")
            return
        for row in rows:
            if drifts(row):
                st.warning(
                    f"{figures.name('model', row['model'])}: charges are "
                    f"{_signed_share(_worse(row))} off the estimates. Has its price changed?",
                    icon=":material/trending_up:",
                )
        table = figures.listed("estimates", lambda: [_estimate_row(figures, row) for row in rows])
        chosen = _choose_row(table, _ESTIMATE_COLUMNS, figures.key("costs_estimates"))
    if chosen is not None:
        model = rows[chosen]["model"]
        filters = narrowed(figures.view.filters, "model", [model])
        show_behind(figures, Behind(figures.name("model", model), filters), "details")


def drifts(row: dict[str, Any]) -> bool:
    """Whether charges of a model have left its estimates; a row of `costs/estimates`."""
    whole = row["generations"] >= ENOUGH and abs(row["difference"] or 0) >= DRIFT
    recent = row["recent"] >= ENOUGH and abs(row["recent_difference"] or 0) >= DRIFT
    return bool(whole or recent)


def _worse(row: dict[str, Any]) -> float:
    found = [row["difference"] or 0.0]
    if row["recent"] >= ENOUGH:
        found.append(row["recent_difference"] or 0.0)
    return max(found, key=abs)


def _estimate_row(figures: Figures, row: dict[str, Any]) -> dict[str, Any]:
    few = row["generations"] < ENOUGH
    return {
        "Model": figures.name("model", row["model"]),
        "Videos": row["generations"],
        "Estimated": float(row["estimate_usd"]),
        "Charged": float(row["charge_usd"]),
        "Difference": row["difference"],
        "Last 7 days": row["recent_difference"],
        "By our estimate": row["unverified"],
        "State": "Drifting" if drifts(row) else "Too few to say" if few else "As estimated",
    }


_ESTIMATE_COLUMNS = {
    "Videos": st.column_config.NumberColumn(format="localized", width="small"),
    "Estimated": _DOLLARS,
    "Charged": _DOLLARS,
    "Difference": _SHARE,
    "Last 7 days": _SHARE,
    "By our estimate": st.column_config.NumberColumn(
        width="small", help="Charges for which fal did not say what it billed."
    ),
}


def _savings(figures: Figures) -> None:
    drafts = figures.rows("costs", "drafts")[0]
    again = figures.rows("costs", "again")[0]
    left, right = st.columns(2)
    with (
        left,
        chart_card(
            figures,
            "Saved by drafting first",
            Source("costs", "drafts"),
            about="What the drafts behind each final would have cost at the final's price for a "
            "second, less what they cost.",
        ),
    ):
        words = f"{drafts['drafts']:,} drafts for {drafts['finals']:,} finals"
        st.metric(words, dollars(drafts["saved_usd"]), help=None)
        st.caption(_draft_words(drafts).replace("$", r"\$"))
    with (
        right,
        chart_card(
            figures,
            "Paid again for the same",
            Source("costs", "again"),
            about="The same image, words, model and settings had given a video before. Using that "
            "one again would have been free.",
        ),
    ):
        st.metric(f"{again['generations']:,} repeated videos", dollars(again["again_usd"]))
        st.caption(
            "Using the first video again would have saved this."
            if again["generations"]
            else "Nothing was made twice."
        )


def _draft_words(drafts: dict[str, Any]) -> str:
    if not drafts["drafts"]:
        return "No final was made from a cheaper draft in these days."
    return (
        f"The drafts cost {dollars(drafts['drafts_usd'])}; at the price of their finals it would "
        f"have been {dollars(drafts['as_finals_usd'])}."
    )


def _number(value: Any) -> float | None:  # noqa: ANN401
    return None if value is None else float(value)


def _signed_share(share: float) -> str:
    return f"{share:+.1%}".replace("-", "−").replace("%", " %")
