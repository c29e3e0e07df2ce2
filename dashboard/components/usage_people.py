"""The table of people, by name and in no ranking, and one person's page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.components.cause_words import reason_words
from dashboard.components.chart_card import Source, chart_card
from dashboard.components.costs_behind import address_of, moment_of
from dashboard.components.usage_charts import usage_course
from dashboard.components.usage_tiles import calm_tiles, is_nothing, usage_totals
from dashboard.components.usage_words import NOTHING, share_words
from dashboard.error_frame import plain
from dashboard.figures import Figures
from dashboard.tables import height_of, shown_columns
from jobs.analytics import NOBODY

PERSON = "person"
"""In the address: whose page it is."""
_FIGURES = ("generations", "success", "approved", "downloaded", "shared", "spend_usd")
LEFT = "Somebody who left the team"
_ABOUT = (
    "By name, and in no ranking: much is not better than little. Finished and approved count "
    "generations by the day on which they began; downloads and shares the day itself. Select a "
    "row to see one person."
)


def usage_people(figures: Figures) -> None:
    """Everybody who did something in these days; a row that is selected opens that person."""
    with chart_card(figures, "By person", Source("usage", "people"), about=_ABOUT):
        found = figures.rows("usage", "people")
        if not found:
            st.caption("Nobody did anything in these days.")
            return
        key = figures.key("usage_people")
        st.dataframe(
            figures.listed("people", lambda: [_shown(row) for row in found]),
            hide_index=True,
            height=height_of(len(found), 560),
            column_config=_COLUMNS,
            placeholder="",
            key=key,
            on_select=lambda: _open([row["id"] for row in found], key),
            selection_mode="single-row",
        )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "Person": row["name"] or LEFT,
        "Generations": row["generations"],
        "Success": share_words(row["completed"], row["ended"]),
        "Finished": row["completed"],
        "Approved": row["approved"],
        "Downloaded": row["downloaded"],
        "Shared": row["shared"],
        "Spend": float(row["spend_usd"]),
    }


_NUMBER = st.column_config.NumberColumn(format="localized", width="small")
_COLUMNS = {
    "Generations": st.column_config.NumberColumn(format="localized", width=95),
    "Success": st.column_config.TextColumn(
        width="small", help="Finished of those that finished or failed."
    ),
    "Finished": _NUMBER,
    "Approved": _NUMBER,
    "Downloaded": _NUMBER,
    "Shared": _NUMBER,
    "Spend": st.column_config.NumberColumn(format="dollar", width="small"),
}


def _open(ids: list[str], key: str) -> None:
    selected = st.session_state[key]["selection"]["rows"]
    if selected and selected[0] < len(ids):
        st.query_params[PERSON] = ids[selected[0]]


def chosen_person(figures: Figures) -> str | None:
    """Whose page the address asks for; None: everybody's."""
    people = figures.view.filters.people
    return str(people[0]) if len(people) == 1 and people[0] != NOBODY else None


def usage_person(figures: Figures, id: str) -> None:
    """What one person did, if the reader may see them."""
    st.button("All people", icon=":material/arrow_back:", on_click=_back, type="tertiary")
    totals = usage_totals(figures)
    known = figures.names["person"].get(id)
    if known is None and is_nothing(totals):
        _show_nobody()
        return
    name = known or LEFT
    st.subheader(plain(name), anchor=False)
    if known is None:
        st.caption("Whoever it was is in another team now; what they did for this one stays here.")
    if is_nothing(totals):
        st.caption(f"{plain(name)} did nothing here in these days.")
        return
    _tiles(figures, totals)
    usage_course(figures, "Generations by day")
    _latest(figures)


def _back() -> None:
    st.query_params.pop(PERSON, None)


def _show_nobody() -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### Nobody here", text_alignment="center")
        st.markdown(
            "There is no such person, or their figures are not yours to see.",
            text_alignment="center",
        )
        st.space("small")


def _tiles(figures: Figures, totals: dict[str, Any]) -> None:
    before = usage_totals(figures, before=True) if figures.view.compares else None
    with st.grid(6, min_column_width=145):
        calm_tiles(_FIGURES, totals, before)


def _latest(figures: Figures) -> None:
    with chart_card(
        figures,
        "Latest generations",
        Source("usage", "latest"),
        about="The latest of these days, at most 50.",
    ):
        rows = figures.rows("usage", "latest")
        if not rows:
            st.caption("No generation was begun in these days.")
            return
        table = figures.listed("latest", lambda: [_generation(row, figures) for row in rows])
        st.dataframe(
            table,
            column_order=shown_columns(table),
            hide_index=True,
            height=height_of(len(rows), 420),
            column_config=_LATEST_COLUMNS,
            placeholder="",
        )


_ENDS = {"completed": "Finished", "failed": "Failed", "canceled": "Stopped"}
_VERDICTS = {"approved": "Approved", "needs_change": "Needs a change", "rejected": "Rejected"}


def _generation(row: dict[str, Any], figures: Figures) -> dict[str, Any]:
    ended = _ENDS.get(row["status"], "Being made")
    outcome = reason_words(row["cause"]) if row["cause"] else ended
    usd = row["charge_usd"]
    return {
        "Open": address_of(row, figures),
        "When": moment_of(row["created_at"], figures.zone),
        "Title": row["title"],
        "Model": figures.name("model", row["model"]),
        "Resolution": row["resolution"] or NOTHING,
        "Length": row["duration_s"],
        "Outcome": outcome,
        "Verdict": _VERDICTS.get(row["verdict"], ""),
        "Cost": None if usd is None else float(usd),
    }


_LATEST_COLUMNS = {
    "Open": st.column_config.LinkColumn("", display_text=":material/open_in_new:", width=40),
    "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm"),
    "Title": st.column_config.TextColumn(width="medium"),
    "Model": st.column_config.TextColumn(width=150),
    "Length": st.column_config.NumberColumn(format="%d s", width=70),
    "Resolution": st.column_config.TextColumn(width=90),
    "Verdict": st.column_config.TextColumn(width=125),
    "Cost": st.column_config.NumberColumn(format="dollar", width="small"),
}
