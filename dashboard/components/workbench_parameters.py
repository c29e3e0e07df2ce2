"""A field for each `$name` of the question."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import streamlit as st

from dashboard.services import services
from jobs.workbench.asking import Parameters
from jobs.workbench.parameters import Parameter, given, parameters_of

_MOST_IN_A_ROW = 4
_KEPT = "workbench_values"
"""Values by the key of their field: what a browser's field forgets while it is not shown."""


def parameter_form(sql: str) -> None:
    """Show the fields."""
    if wanted := parameters_of(sql):
        with st.grid(_MOST_IN_A_ROW, min_column_width=150):
            for parameter in wanted:
                _field(parameter)


def parameter_values(sql: str) -> Parameters:
    """What is in the fields by now; also right in a callback, before the page is drawn anew."""
    return {one.name: given(one, _value(one)) for one in parameters_of(sql)}


def changed_values(sql: str) -> Parameters:
    """What is in the fields and was not there to begin with."""
    return {
        one.name: told
        for one in parameters_of(sql)
        if (told := given(one, _value(one))) != given(one, _of_fresh_field(one))
    }


def put_values(values: Parameters) -> None:
    """Write the values of a question into its fields; those of a question before are forgotten."""
    for key in [key for key in st.session_state if str(key).startswith("workbench_p_")]:
        del st.session_state[key]
    st.session_state[_KEPT] = {
        _key(Parameter(name, value["kind"])): _of_field(value["kind"], value["value"])
        for name, value in values.items()
    }


def _value(parameter: Parameter) -> Any:  # noqa: ANN401
    key = _key(parameter)
    kept = st.session_state.get(_KEPT, {})
    if key in st.session_state:
        return st.session_state[key]
    if key in kept:
        return kept[key]
    return _of_fresh_field(parameter)


def _of_fresh_field(parameter: Parameter) -> Any:  # noqa: ANN401
    return _first_day(parameter.name) if parameter.kind == "day" else None


def _key(parameter: Parameter) -> str:
    return f"workbench_p_{parameter.kind}_{parameter.name}"


def _field(parameter: Parameter) -> None:
    label, key = f"${parameter.name}", _key(parameter)
    if key not in st.session_state:
        st.session_state[key] = _of_empty_field(parameter.kind, _value(parameter))
    if parameter.kind == "day":
        st.date_input(label, None, key=key, format="YYYY-MM-DD")
    elif parameter.kind == "number":
        st.number_input(label, value=None, key=key, placeholder="null")
    elif parameter.kind == "yes":
        st.selectbox(label, [True, False], index=None, key=key, placeholder="null")
    elif parameter.kind == "list":
        st.multiselect(
            label, [], key=key, accept_new_options=True, placeholder="null, or type and Enter"
        )
    else:
        st.text_input(label, key=key, placeholder="null")
    st.session_state.setdefault(_KEPT, {})[key] = st.session_state[key]


def _of_field(kind: str, value: Any) -> Any:  # noqa: ANN401
    """A value as its field holds it."""
    return date.fromisoformat(value) if kind == "day" and value is not None else value


def _of_empty_field(kind: str, value: Any) -> Any:  # noqa: ANN401
    if value is not None:
        return value
    return [] if kind == "list" else "" if kind == "text" else None


def _first_day(name: str) -> date:
    """The last 30 days, with today."""
    today = datetime.now(services().settings.zone).date()
    begins = name.lower() in ("since", "from_day", "begin")
    return today - timedelta(days=29) if begins else today + timedelta(days=1)
