"""A chart of an answer: which columns, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from dashboard import workbench_state
from dashboard.charts import MOST_SERIES, colours, figure, show_chart
from dashboard.error_frame import plain
from jobs.workbench.charts import FORMS, MOST_COLUMNS, Chart

if TYPE_CHECKING:
    import pyarrow

MOST_MARKS = 5_000
MOST_COLOURED = 20
"""Different values up to which a column is taken for colours unasked."""
_NOTHING = object()


def chart_builder(table: pyarrow.Table) -> None:
    """Fields to choose what is drawn, and the chart."""
    if not split_columns(table)[0]:
        st.caption("A chart needs a column of numbers.")
        return
    chart = _fields(table, fitting(workbench_state.chart_now(), table))
    if not chart.up:
        st.caption("Choose what goes up.")
        return
    workbench_state.note_chart(chart)
    made = drawing(table.slice(0, MOST_MARKS), chart)
    show_chart(made, key="workbench_chart", alt=chart.in_words())
    if chart.by and len(chart.up) > 1:
        st.caption(f"With a colour for each {plain(chart.by)}, only {plain(chart.up[0])} is drawn.")
    if table.num_rows > MOST_MARKS:
        st.caption(f"The first {MOST_MARKS:,} rows are drawn.")


def fitting(wanted: Chart | None, table: pyarrow.Table) -> Chart:
    """The chart as far as the answer has its columns; what is usual for the rest. The answer has a
    column of numbers."""
    usual = _usual(table)
    if wanted is None:
        return usual
    numbers, others = split_columns(table)
    across = wanted.across if wanted.across in table.column_names else usual.across
    up = tuple(name for name in wanted.up if name in numbers) or usual.up
    return Chart(wanted.form, across, up, wanted.by if wanted.by in others else None)


def _usual(table: pyarrow.Table) -> Chart:
    """A line over time, else bars; where values across repeat, a colour for each of what tells them
    apart."""
    numbers, others = split_columns(table)
    time = [name for name in others if _is_time(table, name)]
    across = (time or others or numbers)[0]
    up = [name for name in numbers if name != across] or numbers
    repeated = len(table.column(across).unique()) < table.num_rows
    rest = [name for name in others if name != across and name not in time]
    few = [name for name in rest if 1 < len(table.column(name).unique()) <= MOST_COLOURED]
    form = "Line" if time else "Stacked bars" if repeated and few else "Bars"
    return Chart(form, across, tuple(up[:1]), few[0] if repeated and few else None)


def _fields(table: pyarrow.Table, chart: Chart) -> Chart:
    """The four fields, and what they say. One that was not shown yet, or holds a column that the
    answer does not have, begins with that of the chart."""
    numbers, others = split_columns(table)
    form, across, up, by = workbench_state.CHART_FIELDS
    told = st.session_state
    _begin(form, chart.form, FORMS)
    _begin(across, chart.across, table.column_names)
    _begin(up, list(chart.up), numbers)
    _begin(by, chart.by, [*others, None])
    with st.grid(4, min_column_width=150):
        st.selectbox("Form", FORMS, key=form)
        st.selectbox("Across", [*others, *numbers], key=across)
        st.multiselect("Up", numbers, key=up, max_selections=MOST_COLUMNS)
        st.selectbox("Colour", others, index=None, placeholder="None", key=by)
    colour = told[by] if told[by] != told[across] else None
    return Chart(told[form], told[across], tuple(told[up]), colour)


def _begin(key: str, value: Any, offered: Sequence[Any]) -> None:  # noqa: ANN401
    held = st.session_state.get(key, _NOTHING)
    values = held if isinstance(held, list) else [held]
    if not all(one in offered for one in values):
        st.session_state[key] = value


def drawing(table: pyarrow.Table, chart: Chart) -> go.Figure:
    """The chart. With a column for colours, the first of those that go up in a colour for each of
    its most frequent values; the rest is drawn as Other."""
    form = chart.form
    series = _series(table, chart)
    tones = colours(list(series))
    traces = [_trace(form, name, x, y, tones[name]) for name, (x, y) in series.items()]
    dollars = all(name.endswith("_usd") for name in chart.up)
    return figure(
        traces,
        height=420,
        unit="$" if dollars else "",
        legend=len(series) > 1,
        stacked=form == "Stacked bars",
        hovermode="closest" if form == "Points" else "x unified",
    )


def split_columns(table: pyarrow.Table) -> tuple[list[str], list[str]]:
    """Columns of numbers, and the others."""
    import pyarrow as pa

    numbers = [
        field.name
        for field in table.schema
        if pa.types.is_integer(field.type)
        or pa.types.is_floating(field.type)
        or pa.types.is_decimal(field.type)
    ]
    return numbers, [name for name in table.column_names if name not in numbers]


Points = tuple[list[Any], list[Any]]


def _series(table: pyarrow.Table, chart: Chart) -> dict[str, Points]:
    x = table.column(chart.across).to_pylist()
    if chart.by is None:
        return {name: _ordered(x, _floats(table, name)) for name in chart.up}
    words = ["none" if one is None else str(one) for one in table.column(chart.by).to_pylist()]
    often = sorted(set(words), key=lambda word: (-words.count(word), word))[:MOST_SERIES]
    found: dict[str, Points] = {}
    for at, value, word in zip(x, _floats(table, chart.up[0]), words, strict=True):
        points = found.setdefault(word if word in often else "Other", ([], []))
        points[0].append(at)
        points[1].append(value)
    return {name: _ordered(*found[name]) for name in [*often, "Other"] if name in found}


def _ordered(x: list[Any], y: list[Any]) -> Points:
    """In the order of time where there is one; the order of the answer otherwise."""
    if not any(hasattr(one, "isoformat") for one in x):
        return x, y
    pairs = sorted(
        ((at, value) for at, value in zip(x, y, strict=True) if at is not None),
        key=lambda pair: pair[0],
    )
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _floats(table: pyarrow.Table, name: str) -> list[float | None]:
    return [None if one is None else float(one) for one in table.column(name).to_pylist()]


def _trace(form: str, name: str, x: list[Any], y: list[Any], tone: str) -> Any:  # noqa: ANN401
    if "ars" in form:
        return go.Bar(name=name, x=x, y=y, marker={"color": tone})
    if form == "Points":
        return go.Scatter(name=name, x=x, y=y, mode="markers", marker={"color": tone, "size": 8})
    mode = "lines" if len(x) > 1 else "markers"
    filled = {"stackgroup": "one"} if form == "Area" else {}
    return go.Scatter(name=name, x=x, y=y, mode=mode, line={"color": tone, "width": 2}, **filled)


def _is_time(table: pyarrow.Table, name: str) -> bool:
    import pyarrow as pa

    kind = table.schema.field(name).type
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))
