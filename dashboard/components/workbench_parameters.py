"""A field for each `$name` of the question."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import streamlit as st

from dashboard.services import services
from jobs.workbench.asking import Parameters
from jobs.workbench.parameters import Parameter, given, parameters_of

_MOST_IN_A_ROW = 4


def parameter_form(sql: str) -> None:
    """Show the fields."""
    wanted = parameters_of(sql)
    for row in range(0, len(wanted), _MOST_IN_A_ROW):
        some = wanted[row : row + _MOST_IN_A_ROW]
        for column, parameter in zip(st.columns(_MOST_IN_A_ROW), some, strict=False):
            with column:
                _field(parameter)


def parameter_values(sql: str) -> Parameters:
    """What is in the fields by now; also right in a callback, before the page is drawn anew."""
    found: Parameters = {}
    for parameter in parameters_of(sql):
        value = st.session_state.get(_key(parameter))
        if value is None and parameter.kind == "day" and _key(parameter) not in st.session_state:
            value = _first_day(parameter.name)
        found[parameter.name] = given(parameter, value)
    return found


def _key(parameter: Parameter) -> str:
    return f"workbench_p_{parameter.kind}_{parameter.name}"


def _field(parameter: Parameter) -> None:
    label, key = f"${parameter.name}", _key(parameter)
    if parameter.kind == "day":
        st.date_input(label, _first_day(parameter.name), key=key, format="YYYY-MM-DD")
    elif parameter.kind == "number":
        st.number_input(label, value=None, key=key, placeholder="null")
    elif parameter.kind == "yes":
        st.selectbox(label, [True, False], index=None, key=key, placeholder="null")
    else:
        commas = "Values with commas between them; empty is null."
        listed = commas if parameter.kind == "list" else None
        st.text_input(label, key=key, placeholder="null", help=listed)


def _first_day(name: str) -> date:
    """The last 30 days, with today."""
    today = datetime.now(services().settings.zone).date()
    begins = name.lower() in ("since", "from_day", "begin")
    return today - timedelta(days=29) if begins else today + timedelta(days=1)
