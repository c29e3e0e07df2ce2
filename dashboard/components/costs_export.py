"""The ledger of the period as a file, to be charged on: one row for each charge."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.components.drawer import drawer
from dashboard.figures import Figures
from dashboard.services import services
from jobs.analytics import run_report
from jobs.tabular import csv_bytes, xlsx_bytes

MOST_ROWS = {"csv": 200_000, "xlsx": 50_000}
"""A file is made in the dashboard's memory, and takes it some seconds."""
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def costs_export(figures: Figures) -> None:
    """A button with both forms. A file is made only when it is asked for."""
    with drawer("Export", icon=":material/download:", key="costs_export") as is_open:
        if not is_open:
            return
        st.markdown("**Chargeback:** one row for each charge and correction of these days.")
        number = figures.rows("costs", "totals")[0]["charges"]
        for label, ending, mime, make in _forms(figures):
            if number > MOST_ROWS[ending]:
                st.caption(
                    f"{label} holds {MOST_ROWS[ending]:,} rows, and these are {number:,}: choose "
                    "a shorter period or a filter."
                )
                continue
            st.download_button(
                label,
                make,
                file_name=f"{file_name(figures)}.{ending}",
                mime=mime,
                key=f"costs_export_{ending}",
                on_click="ignore",
                icon=":material/table:",
                width="stretch",
            )


def file_name(figures: Figures) -> str:
    """Which days it has, and that a demo is none of the company's money."""
    period = figures.view.period
    demo = "demo-" if figures.view.demo else ""
    return f"{demo}costs-{period.since.isoformat()}-to-{period.last.isoformat()}"


def _forms(figures: Figures) -> list[tuple[str, str, str, Callable[[], bytes]]]:
    return [
        ("CSV", "csv", "text/csv", lambda: exported(figures, "csv")),
        ("Excel (XLSX)", "xlsx", _XLSX, lambda: exported(figures, "xlsx")),
    ]


def exported(figures: Figures, form: str) -> bytes:
    """The file's contents."""
    view = figures.view
    table = run_report(
        services(), figures.person, "costs", "chargeback", view.filters, demo=view.demo
    )
    if form == "csv":
        return csv_bytes(table, figures.zone)
    return xlsx_bytes(table, "Charges", figures.zone)
