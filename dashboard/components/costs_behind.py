"""What stands behind a part of a chart: rows of the ledger or generations, with ways to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.cause_words import reason_words
from dashboard.components.chart_card import Source, card_head
from dashboard.components.money_words import dollars
from dashboard.components.status_badge import LOOKS
from dashboard.components.usage_words import counted
from dashboard.error_frame import plain
from dashboard.figures import Figures
from dashboard.roles import GALLERY, QUEUE, PageEntry, pages_for
from dashboard.tables import height_of, shown_columns
from jobs.analytics import Filters
from storage.models import GenerationStatus, Role

MOST_ROWS = 200
_KINDS = {"charge": "Charge", "adjustment": "Correction"}


@dataclass(frozen=True)
class Behind:
    """Which part of a chart was chosen."""

    words: str
    filters: Filters
    reason: str | None = None
    """A reason of waste, which generations stand behind."""
    part: str | None = None
    """What came of generations, as in the report `made_behind`. Neither: rows of the ledger."""

    @property
    def source(self) -> Source:
        """The report that lists it."""
        if self.reason is not None:
            return Source("costs", "waste_behind", self.filters, more={"reason": self.reason})
        if self.part is not None:
            return Source("costs", "made_behind", self.filters, more={"part": self.part})
        return Source("costs", "charges_behind", self.filters)


def show_behind(figures: Figures, behind: Behind, place: str) -> None:
    """A card with the rows of what was chosen; `place` tells the cards of a page apart."""
    with st.container(border=True, key=f"costs_behind_{place}"):
        list_behind(figures, behind, f"Behind it: {behind.words}")


def list_behind(figures: Figures, behind: Behind, title: str) -> None:
    """The rows with their sum, and their question as SQL."""
    source = behind.source
    rows = figures.rows("costs", source.name, behind.filters, **source.more)
    card_head(figures, f"**{plain(title)}**", source)
    if not rows:
        st.caption("Nothing was charged there.")
        return
    st.caption(_sum_words(rows, behind).replace("$", r"\$"))
    table = figures.listed("behind", lambda: [_shown(row, figures) for row in rows], behind)
    st.dataframe(
        table,
        hide_index=True,
        height=height_of(len(rows), 400),
        column_config=_COLUMNS,
        placeholder="",
        column_order=shown_columns(table),
    )


def _sum_words(rows: list[dict[str, Any]], behind: Behind) -> str:
    number, usd = rows[0]["all_rows"], rows[0]["all_usd"]
    one = "row" if behind.part is None and behind.reason is None else "generation"
    words = f"{counted(number, one)}, {dollars(usd)} together"
    return f"{words}; the {MOST_ROWS} dearest are shown." if number > MOST_ROWS else f"{words}."


def _shown(row: dict[str, Any], figures: Figures) -> dict[str, Any]:
    return {
        "Open": address_of(row, figures),
        "When": moment_of(row["created_at"], figures.zone),
        "Title": row["title"] or row.get("note") or "",
        "Person": row["person"] or "",
        "Model": figures.name("model", row["model"]),
        "Resolution": row["resolution"] or "",
        "Length": row["duration_s"],
        "Outcome": _outcome(row),
        "Amount": float(row["amount_usd"]),
    }


def _outcome(row: dict[str, Any]) -> str:
    if row.get("kind") == "adjustment":
        return _KINDS["adjustment"]
    if row["cause"]:
        return reason_words(row["cause"])
    return LOOKS[GenerationStatus(row["status"])].words if row["status"] else ""


_COLUMNS = {
    "Open": st.column_config.LinkColumn("", display_text=":material/open_in_new:", width=40),
    "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm"),
    "Length": st.column_config.NumberColumn(format="%d s", width="small"),
    "Resolution": st.column_config.TextColumn(width="small"),
    "Amount": st.column_config.NumberColumn(format="dollar", width="small"),
}


def address_of(row: dict[str, Any], figures: Figures) -> str | None:
    """Where the generation is to be seen; None for a correction of none, and for a made-up one."""
    id = row["generation_id"]
    if id is None or figures.view.demo:
        return None
    if row["status"] == "completed" and _has(GALLERY, figures.person.role):
        return f"/{GALLERY.name}?video={id}"
    return f"/{QUEUE.name}?generation={id}" if _has(QUEUE, figures.person.role) else None


def _has(page: PageEntry, role: Role) -> bool:
    return page in pages_for(role)


def moment_of(at: datetime, zone: ZoneInfo) -> datetime:
    """A time of the lake, which is naive UTC, on the company's clock."""
    return at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
