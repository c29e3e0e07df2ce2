"""The frame around one chart or table: its question, what it counts, and its SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import streamlit as st

from dashboard import drawn_once
from dashboard.figures import Figures
from dashboard.roles import pages_for
from jobs.analytics import WORKBENCH_ROLES, Filters, as_sql, fill_report
from storage.models import Role

WORKBENCH = "workbench"
MOST_KEPT = 2_000
"""Questions of all sessions, written out once each."""


@dataclass(frozen=True)
class Source:
    """The report behind a chart, as it was asked."""

    page: str
    name: str
    filters: Filters | None = None
    """None: those of the view."""
    by: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


@contextmanager
def chart_card(figures: Figures, title: str, source: Source, *, about: str = "") -> Iterator[None]:
    """A card with a title, a hint, and a link that opens the chart's question as SQL.

    It is as high as its neighbour in a row of columns.
    """
    with st.container(border=True, height="stretch"):
        card_head(figures, f"**{title}**", source, about=about)
        yield


def card_head(figures: Figures, words: str, source: Source, *, about: str = "") -> None:
    """The first row of a card: its title in Markdown and the link to its question."""
    sql = sql_of(figures, source) if may_open_sql(figures.person.role) else ""

    def draw() -> None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(words, help=about or None, width="stretch")
            sql_link(figures, source)

    drawn_once.show(repr((words, about, sql, figures.view.demo, figures.person.role)), draw)


def sql_link(figures: Figures, source: Source) -> None:
    """A link to the workbench with the report and its values, for those who have the page."""
    if not may_open_sql(figures.person.role):
        return
    entry = next(page for page in pages_for(figures.person.role) if page.name == WORKBENCH)
    query = {"sql": sql_of(figures, source)} | ({"demo": "1"} if figures.view.demo else {})
    st.page_link(
        entry.file,
        label="SQL",
        icon=":material/code:",
        query_params=query,
        help="Open as SQL: the question behind this chart, in the workbench.",
        width="content",
    )


def sql_of(figures: Figures, source: Source) -> str:
    """The report with its values, as it is asked in the workbench."""
    filters = source.filters or figures.view.filters
    return _written(source.page, source.name, filters, source.by, tuple(source.more.items()))


@lru_cache(maxsize=MOST_KEPT)
def _written(
    page: str, name: str, filters: Filters, by: str | None, more: tuple[tuple[str, Any], ...]
) -> str:
    return as_sql(fill_report(page, name, filters, by=by, **dict(more)))


def may_open_sql(role: Role) -> bool:
    """Whether a role has the workbench."""
    return role in WORKBENCH_ROLES and any(page.name == WORKBENCH for page in pages_for(role))
