"""The editor of the workbench: colours, completion from the tables, Ctrl+Enter.

The library comes from our own static folder (`dashboard/static/editor/`), once for each browser.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

KEY = "workbench_editor"
_GIVEN = "workbench_given"
_PRESSED = "workbench_pressed"
_HERE = Path(__file__)

_EDITOR = st.components.v2.component(
    "sql_editor",
    html='<div class="frame"><div class="loading">\nLoading the editor…</div>'
    '<div class="host"></div></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def put_sql(sql: str) -> None:
    """Write a text into the editor, in place of what is there."""
    epoch = int(st.session_state.get(_GIVEN, ("", 0))[1]) + 1
    st.session_state[_GIVEN] = (sql, epoch)
    st.session_state.pop(f"{_GIVEN}_typed", None)


def was_put() -> bool:
    """Whether this visit has written anything into the editor."""
    return _GIVEN in st.session_state


def current_sql() -> str:
    """What is in the editor, as far as it has told; right in the callback of a button, too, which
    may be called before that of the editor."""
    _take_text()
    typed = st.session_state.get(f"{_GIVEN}_typed")
    given: str = st.session_state.get(_GIVEN, ("", 0))[0]
    return given if typed is None else str(typed)


def sql_editor(tables: dict[str, dict[str, str]]) -> None:
    """Show it. `tables` are columns with types, by name."""
    given, epoch = st.session_state.get(_GIVEN, ("", 0))
    _EDITOR(
        key=KEY,
        data={
            "sql": given,
            "epoch": epoch,
            "tables": {name: list(columns.items()) for name, columns in tables.items()},
        },
        on_sql_change=_take_text,
        on_run_change=_take_run,
    )


def is_pressed() -> bool:
    """Whether its person pressed Ctrl+Enter since `forget_pressed`: in a run that the next press
    cut short, too."""
    return bool(st.session_state.get(_PRESSED, False))


def forget_pressed() -> None:
    """It has been answered. Not before: a run is cut short wherever it looks into its session."""
    st.session_state.pop(_PRESSED, None)


def _take_text() -> None:
    _note("sql")


def _take_run() -> None:
    _note("run")
    st.session_state[_PRESSED] = True


def _note(name: str) -> None:
    """Keep what the editor told, unless another text was put into it since."""
    told = st.session_state.get(KEY, {}).get(name)
    if isinstance(told, dict) and told.get("epoch") == st.session_state.get(_GIVEN, ("", 0))[1]:
        st.session_state[f"{_GIVEN}_typed"] = str(told.get("text", ""))
