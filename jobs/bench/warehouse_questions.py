"""What `studio bench warehouse` asks: every standing report, and scans beside all roll-ups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from jobs.analytics import Filters, fill_report
from storage.sqlfiles import Query, parse_queries
from storage.warehouse.relations import DATASETS, reports

EXPORTS = frozenset({"costs_chargeback"})
"""Reports of every row: files to download, not charts."""
PERIOD = timedelta(days=365)
_PARTS: dict[str, Any] = {"grain": "month", "reason": "timeout", "phase": "total"}
"""Parameters of single reports; one that needs another is told as skipped."""
_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Question:
    """One statement for DuckDB; `<page>_<report>` or `adhoc_<name>`."""

    name: str
    query: Query
    parameters: dict[str, Any]

    @property
    def exact_name(self) -> str:
        """The question that this one answers; from a roll-up within a per cent or exactly."""
        return self.name.removesuffix("_about")

    @property
    def reads_facts(self) -> bool:
        """Whether it reads a row of each generation, charge or event."""
        facts = {*DATASETS, "cells"}
        return bool(facts & set(re.findall(r"(?:from|join) (\w+)", self.query.text)))


def standing(until: date) -> list[Question]:
    """Every report that can be asked, of the year before `until`."""
    found = [_standing(page, name, until) for page, name in _reports()]
    return [question for question in found if question is not None]


def skipped(until: date) -> list[str]:
    """Reports that are not asked."""
    asked = {question.name for question in standing(until)}
    return sorted({f"{page}_{name}" for page, name in _reports()} - asked)


def adhoc(until: date) -> list[Question]:
    """The scans."""
    source = files("sql") / "duckdb" / "bench_adhoc.sql"
    found = parse_queries(source.read_text(encoding="utf-8"), "bench_adhoc.sql")
    parameters = {"since": until - PERIOD, "until": until}
    return [Question(f"adhoc_{name}", query, parameters) for name, query in found.items()]


def _reports() -> Iterator[tuple[str, str]]:
    folder = files("sql") / "duckdb" / "reports"
    for page in sorted(entry.name for entry in folder.iterdir() if entry.is_dir()):
        if page != "shared":
            yield from ((page, name) for name in reports(page))


def _standing(page: str, name: str, until: date) -> Question | None:
    query = reports(page)[name]
    by = "team" if "/*by*/" in query.text else None
    filters = Filters(until - PERIOD, until)
    needed = set(_PARAMETER.findall(query.text)) - filters.parameters().keys()
    full_name = f"{page}_{name}"
    if full_name in EXPORTS or not needed <= _PARTS.keys():
        return None
    filled = fill_report(page, name, filters, by=by, **{part: _PARTS[part] for part in needed})
    return Question(full_name, filled.query, filled.parameters)
