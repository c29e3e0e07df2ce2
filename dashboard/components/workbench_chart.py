"""A chart of an answer: which columns, and how they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.charts import MOST_SERIES, colours, figure, show_chart

if TYPE_CHECKING:
    import pyarrow

FORMS = ("Bars", "Stacked bars", "Line", "Area", "Points")
MOST_MARKS = 5_000


def chart_builder(table: pyarrow.Table) -> None:
    """Fields to choose what is drawn, and the chart."""
    numbers, others = split_columns(table)
    if not numbers:
        st.caption("A chart needs a column of numbers.")
        return
    axes = [*others, *numbers]
    time = [name for name in others if _is_time(table, name)]
    first, second, third, fourth = st.columns(4)
    form = first.selectbox(
        "Form",
        FORMS,
        index=FORMS.index("Line") if time else 0,
        key="workbench_form",
    )
    across = second.selectbox(
        "Across", axes, index=axes.index(time[0]) if time else 0, key="workbench_x"
    )
    drawn = third.multiselect(
        "Up", numbers, default=[one for one in numbers if one != across][:1], key="workbench_y"
    )
    by = fourth.selectbox("Colour", others, index=None, placeholder="None", key="workbench_by")
    if not drawn:
        st.caption("Choose what goes up.")
        return
    few = table.slice(0, MOST_MARKS)
    made = drawing(few, form, across, drawn, None if by == across else by)
    show_chart(made, key="workbench_chart", alt=f"{', '.join(drawn)} by {across}")
    if table.num_rows > MOST_MARKS:
        st.caption(f"The first {MOST_MARKS:,} rows are drawn.")


def drawing(
    table: pyarrow.Table, form: str, across: str, drawn: list[str], by: str | None
) -> go.Figure:
    """The chart. With `by`, the first of `drawn` in a colour for each of its most frequent values;
    the rest is drawn as Other."""
    series = _series(table, across, drawn, by)
    tones = colours(list(series))
    traces = [_trace(form, name, x, y, tones[name]) for name, (x, y) in series.items()]
    dollars = all(name.endswith("_usd") for name in drawn)
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


def _series(
    table: pyarrow.Table, across: str, drawn: list[str], by: str | None
) -> dict[str, Points]:
    x = table.column(across).to_pylist()
    if by is None:
        return {name: _ordered(x, _floats(table, name)) for name in drawn}
    words = ["none" if one is None else str(one) for one in table.column(by).to_pylist()]
    often = sorted(set(words), key=lambda word: (-words.count(word), word))[:MOST_SERIES]
    found: dict[str, Points] = {}
    for at, value, word in zip(x, _floats(table, drawn[0]), words, strict=True):
        points = found.setdefault(word if word in often else "Other", ([], []))
        points[0].append(at)
        points[1].append(value)
    return {name: _ordered(*points) for name, points in found.items()}


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
