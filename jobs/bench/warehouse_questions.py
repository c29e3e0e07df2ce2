"""What `studio bench warehouse` asks: reports as pages ask them, and scans beside all roll-ups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Any
from uuid import UUID

from jobs.analytics import Filters, fill_report
from storage.sqlfiles import Query, parse_queries
from storage.warehouse.relations import DATASETS, marts, reports

EXPORTS = frozenset({"costs_chargeback"})
"""Reports of every row: files to download, not charts."""
PERIOD = timedelta(days=365)
MONTH = timedelta(days=30)
_PARTS: dict[str, Any] = {
    "grain": "month",
    "reason": "timeout",
    "phase": "total",
    "median_s": 60.0,
    "part": "good",
}
"""Parameters of single reports; one that needs another is told as skipped."""
_OF_ONE_PERSON = {"usage_waiting": MONTH, "usage_latest": PERIOD, "usage_favourites": MONTH}
"""Reports that pages ask for one person only, and the time they ask about."""
_PARAMETER = re.compile(r"\$(\w+)")


class Kind(StrEnum):
    """When a question is asked."""

    REPORT = "report"
    """By a page that is opened."""
    DETAIL = "detail"
    """By somebody who opens a list behind a chart or has few generations: it reads their rows."""
    SCAN = "adhoc"
    """By an analyst."""


@dataclass(frozen=True)
class Question:
    """One statement for DuckDB; `<page>_<report>` or `adhoc_<name>`."""

    name: str
    query: Query
    parameters: dict[str, Any]
    kind: Kind

    @property
    def exact_name(self) -> str:
        """The question that this one answers; from a roll-up within a per cent or exactly."""
        return self.name.removesuffix("_about")

    @property
    def reads_facts(self) -> bool:
        """Whether it reads a row of each generation, charge or event."""
        facts = {*DATASETS, *marts()}
        return bool(facts & set(re.findall(r"(?:from|join) (\w+)", self.query.text)))


def questions(until: date, person: UUID) -> list[Question]:
    """Everything, about the year before `until`; `person`: whom reports of one person are about."""
    found = [_standing(page, name, until, person) for page, name in _reports()]
    return [*(question for question in found if question is not None), *_scans(until)]


def skipped(asked: list[Question]) -> list[str]:
    """Reports that are not among these."""
    names = {question.name for question in asked}
    return sorted({f"{page}_{name}" for page, name in _reports()} - names)


def _scans(until: date) -> list[Question]:
    source = files("sql") / "duckdb" / "bench_adhoc.sql"
    found = parse_queries(source.read_text(encoding="utf-8"), "bench_adhoc.sql")
    parameters = {"since": until - PERIOD, "until": until}
    return [
        Question(f"adhoc_{name}", query, parameters, Kind.SCAN) for name, query in found.items()
    ]


def _reports() -> Iterator[tuple[str, str]]:
    folder = files("sql") / "duckdb" / "reports"
    for page in sorted(entry.name for entry in folder.iterdir() if entry.is_dir()):
        if page != "shared":
            yield from ((page, name) for name in reports(page))


def _standing(page: str, name: str, until: date, person: UUID) -> Question | None:
    query = reports(page)[name]
    full_name = f"{page}_{name}"
    by = "team" if "/*by*/" in query.text else None
    of_one = full_name in _OF_ONE_PERSON
    since = until - _OF_ONE_PERSON.get(full_name, PERIOD)
    filters = Filters(since, until, people=(person,) if of_one else ())
    needed = set(_PARAMETER.findall(query.text)) - filters.parameters().keys()
    if full_name in EXPORTS or not needed <= _PARTS.keys():
        return None
    filled = fill_report(page, name, filters, by=by, **{part: _PARTS[part] for part in needed})
    behind = name.endswith("behind") or f"{name}_about" in reports(page)
    kind = Kind.DETAIL if behind else Kind.REPORT
    return Question(full_name, filled.query, filled.parameters, kind)
