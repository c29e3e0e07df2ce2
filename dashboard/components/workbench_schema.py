"""The tables that can be asked, with what each column means."""

from __future__ import annotations

from functools import lru_cache, partial

import streamlit as st

from dashboard import analytics_reads, drawn_once
from dashboard.analytics_reads import Lens
from dashboard.components.sql_editor import current_sql
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.whoami import current_person
from dashboard.workbench_state import open_sql
from jobs.workbench.asking import meaning, schema

Schema = dict[str, dict[str, tuple[str, str]]]
_FIRST = ("generations", "charges", "events", "people", "teams", "campaigns", "holds")


@lru_cache(maxsize=8)
def schema_of(published: str, demo: bool) -> Schema:
    """The tables of one publication of a lake. All callers share them: only read.

    Raises:
        WarehouseMissing: there is no lake yet.
    """
    del published  # it names the publication, so that the next one is read anew
    return schema(services(), demo=demo)


def known_schema(lens: Lens) -> Schema:
    """The tables as this person finds them, facts first."""
    found = schema_of(lens.published, lens.demo)
    return {name: found[name] for name in sorted(found, key=_place)}


@st.fragment
def schema_browser(tables: Schema, demo: bool) -> None:
    """A list of tables that open. What is looked for and opened here runs the list alone."""
    current_person()
    fresh = analytics_reads.freshness(demo=demo)
    st.markdown("**Tables**", help="Times are in UTC; `day` is the company's. Money is in USD.")
    wanted = st.text_input(
        "Find a column",
        key="workbench_find",
        placeholder="Find a table or column",
        label_visibility="collapsed",
        icon=":material/search:",
    )
    shown = _matching(tables, wanted.strip().lower())
    with st.container(height=520, border=False, gap="small", key="workbench_tables"):
        for name, columns in shown.items():
            _table(name, columns, opened=bool(wanted) and len(shown) <= 3)
        if not shown:
            st.caption("No table and no column is called that.")
    st.caption(f"As of {fresh.published_at:%d %b %Y, %H:%M} UTC.")


def _table(name: str, columns: dict[str, tuple[str, str]], *, opened: bool) -> None:
    """One of them; what it holds is sent while it is open."""
    panel = st.expander(
        f"`{name}`", expanded=opened, key=f"workbench_table_{name}", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        st.caption(plain(meaning(name)))
        st.button(
            "Look at ten rows",
            key=f"workbench_look_{name}",
            type="tertiary",
            icon=":material/table_rows:",
            on_click=_look,
            args=(name,),
        )
        drawn_once.show(f"columns {columns}", partial(_columns, columns))


def _columns(columns: dict[str, tuple[str, str]]) -> None:
    lines = [
        f"`{column}` :small[:gray[{plain(kind.lower())}]]"
        + (f"  \n:small[{plain(words)}]" if words else "")
        for column, (kind, words) in columns.items()
    ]
    st.markdown("\n\n".join(lines))


def _look(name: str) -> None:
    addition = f"from {name}\nlimit 10\n"
    if current_sql().strip() != addition.strip():
        open_sql(addition)
        st.rerun()  # not this list alone: the editor, too


def _matching(tables: Schema, wanted: str) -> Schema:
    if not wanted:
        return tables
    found: Schema = {}
    for name, columns in tables.items():
        fits = {column: told for column, told in columns.items() if wanted in column.lower()}
        if wanted in name or fits:
            found[name] = columns if wanted in name else fits
    return found


def _place(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
