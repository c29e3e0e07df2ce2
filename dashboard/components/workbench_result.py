"""The answer: a table, what it took, what was left out, a chart of it, and files to take home."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import workbench_state
from dashboard.components.problem import show_problem
from dashboard.components.workbench_chart import chart_builder
from dashboard.file_names import slug
from dashboard.services import services
from dashboard.workbench_state import AS_CHART, AS_TABLE
from jobs.errors import QueryStopped
from jobs.tabular import csv_bytes, xlsx_bytes
from jobs.workbench.pool import Run
from jobs.workbench.sandbox import Answer

if TYPE_CHECKING:
    import pyarrow

MOST_SHOWN = 5_000
"""Rows that a page draws; the files have all that were read."""
MOST_XLSX_CELLS = 500_000
"""Of an Excel file: each cell takes the dashboard microseconds that other pages wait for."""
_FILES = (
    ("CSV", "csv", "text/csv"),
    (
        "Excel (XLSX)",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("Parquet", "parquet", "application/vnd.apache.parquet"),
)
_TOO_LARGE = (
    f"An Excel file has at most {MOST_XLSX_CELLS:,} cells. Choose fewer columns or rows, or take "
    "CSV or Parquet."
)


def show_result(run: Run) -> None:
    """The answer of a run that has ended, or why there is none."""
    if isinstance(run.error, QueryStopped):
        st.info(f"{run.error.happened} {run.error.todo}", icon=":material/stop_circle:")
        return
    if run.error is not None:
        show_problem(run.error)
        return
    if run.answer is None:
        return
    answer, limits = run.answer, services().workbench.limits
    rows = answer.table.num_rows
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"**{rows:,} {'row' if rows == 1 else 'rows'}** in {run.seconds:.2f} s"
        st.markdown(words, width="stretch")
        _export(answer.table, _file_name())
    if answer.cut:
        most = f"{limits.rows:,} rows" if answer.cut == "rows" else f"{limits.answer_mb} MB"
        st.warning(
            f"Only the first {rows:,} rows are here: an answer has at most {most}. Sum up, or "
            "filter.",
            icon=":material/content_cut:",
        )
    _show(answer)


def _show(answer: Answer) -> None:
    table = answer.table
    if not table.num_rows:
        with st.container(border=True):
            st.markdown("No row fits the question.")
        return
    if _is_plan(table):
        st.code(table.column(1)[0].as_py(), language=None)
        return
    workbench_state.begin_tab()
    as_table, as_chart = st.tabs([AS_TABLE, AS_CHART], key=workbench_state.TAB, on_change="rerun")
    workbench_state.note_tab()
    with as_table:
        if as_table.open:
            _show_table(table)
    with as_chart:
        if as_chart.open:
            chart_builder(table)


def _show_table(table: pyarrow.Table) -> None:
    st.dataframe(
        table.slice(0, MOST_SHOWN),
        hide_index=True,
        key="workbench_table",
        column_config=_columns(table),
    )
    if table.num_rows > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN:,} rows are drawn; the files have all of them.")


def _columns(table: pyarrow.Table) -> dict[str, Any]:
    """How columns are shown: money in dollars, days as days."""
    found: dict[str, Any] = {
        name: st.column_config.NumberColumn(name, format="$%.4f")
        for name in table.column_names
        if name.endswith("_usd")
    }
    for name in table.column_names:
        if _has_days_only(table.column(name)):
            found[name] = st.column_config.DateColumn(name, format="YYYY-MM-DD")
    return found


def _has_days_only(column: pyarrow.ChunkedArray) -> bool:
    """Whether these are times, and each is a midnight, as `date_trunc` makes them."""
    import pyarrow as pa
    import pyarrow.compute as compute

    if not pa.types.is_timestamp(column.type):
        return False
    days = compute.floor_temporal(column, unit="day")
    return bool(compute.all(compute.equal(column, days)).as_py())


def _is_plan(table: pyarrow.Table) -> bool:
    return bool(table.num_columns == 2 and table.column_names[0] == "explain_key")


def _file_name() -> str:
    """That of the kept query which was opened, as file names are written; `answer` without one."""
    opened = workbench_state.opened_query()
    return (slug(opened.query.name) if opened is not None else "") or "answer"


def _export(table: pyarrow.Table, name: str) -> None:
    with st.popover("Export", icon=":material/download:", key="workbench_export"):
        st.caption("Every row that was read. Times are UTC in Parquet, else the company's.")
        for label, ending, mime in _FILES:
            too_large = ending == "xlsx" and table.num_rows * table.num_columns > MOST_XLSX_CELLS
            st.download_button(
                label,
                partial(exported, table, ending),
                file_name=f"{name}.{ending}",
                mime=mime,
                key=f"workbench_export_{ending}",
                on_click="ignore",
                icon=":material/table:",
                width="stretch",
                disabled=too_large,
                help=_TOO_LARGE if too_large else None,
            )


def exported(table: pyarrow.Table, form: str) -> bytes:
    """The answer as a file."""
    zone = services().settings.zone
    if form == "csv":
        return csv_bytes(table, zone)
    if form == "xlsx":
        return xlsx_bytes(table, "Answer", zone)
    import pyarrow.parquet as parquet

    file = io.BytesIO()
    parquet.write_table(table, file, compression="zstd")
    return file.getvalue()
