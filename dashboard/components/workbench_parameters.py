"""A field for each `$name` of the question."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from dashboard.services import services
from jobs.workbench.asking import Parameters
from jobs.workbench.parameters import Parameter, given, parameters_of

_MOST_IN_A_ROW = 4


def parameter_form(sql: str) -> Parameters:
    """Show the fields; the values that are in them."""
    wanted = parameters_of(sql)
    found: Parameters = {}
    for row in range(0, len(wanted), _MOST_IN_A_ROW):
        some = wanted[row : row + _MOST_IN_A_ROW]
        for column, parameter in zip(st.columns(_MOST_IN_A_ROW), some, strict=False):
            with column:
                found[parameter.name] = given(parameter, _field(parameter))
    return found


def _field(parameter: Parameter) -> Any:  # noqa: ANN401
    label, key = f"${parameter.name}", f"workbench_p_{parameter.kind}_{parameter.name}"
    if parameter.kind == "day":
        return st.date_input(label, _first_day(parameter.name), key=key, format="YYYY-MM-DD")
    if parameter.kind == "number":
        return st.number_input(label, value=None, key=key, placeholder="null")
    if parameter.kind == "yes":
        return st.selectbox(label, [True, False], index=None, key=key, placeholder="null")
    help = "Values with commas between them; empty is null." if parameter.kind == "list" else None
    return st.text_input(label, key=key, placeholder="null", help=help)


def _first_day(name: str) -> Any:  # noqa: ANN401
    """The last 30 days, with today."""
    today = datetime.now(services().settings.zone).date()
    begins = name.lower() in ("since", "from_day", "begin")
    return today - timedelta(days=29) if begins else today + timedelta(days=1)
