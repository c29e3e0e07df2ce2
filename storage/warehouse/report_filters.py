"""Loads the conditions that filters add to reports (`sql/duckdb/report_filters.sql`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from storage.sqlfiles import Query, parse_queries

_FILE = "report_filters.sql"


@cache
def report_filters() -> dict[str, Query]:
    """A condition for each filter, by the name of its parameter."""
    text = (files("sql") / "duckdb" / _FILE).read_text(encoding="utf-8")
    return parse_queries(text, _FILE)
