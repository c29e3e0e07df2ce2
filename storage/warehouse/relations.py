"""Loads the warehouse's drawings: a file of `sql/duckdb/` for each relation, report, assertion.

The header of a relation's file is its documentation, and the data dictionary is made from it:

    -- name: cells_model
    -- What was made and spent, by model.
    -- grain: one row for each day, team and model
    -- day: the day in the company's time zone
    select ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from storage.errors import SettingsError
from storage.sqlfiles import Query, parse_queries

DATASETS = ("generations", "charges", "events")
"""Partitioned by day; the rest of the staged relations are small and rewritten whole."""
SMALL = ("people", "teams", "campaigns", "holds")

_SUM = re.compile(r"\bsum\((\w+)\)::([\w(), ]+?) as \1\b")
_COLUMN = re.compile(r"^-- (\w+): (.+)$")
_MORE = re.compile(r"^--   +(.+)$")


@dataclass(frozen=True)
class Relation:
    """One relation of the warehouse as its file describes it."""

    query: Query
    grain: str
    columns: dict[str, str]
    """What each column means, with its unit."""

    @property
    def name(self) -> str:
        """How SQL calls it."""
        return self.query.name

    @cached_property
    def sums(self) -> dict[str, str]:
        """Of a roll-up: the columns that are sums, with the names of their types. The others are
        what it is grouped by."""
        return dict(_SUM.findall(self.query.text))


@cache
def staged() -> dict[str, Relation]:
    """The relations that a sync makes from rows of the record."""
    return _relations("staging")


@cache
def rollups() -> dict[str, Relation]:
    """The relations that the lake keeps ready for the standing reports."""
    return _relations("rollups")


@cache
def marts() -> dict[str, Relation]:
    """The views that readers find beside datasets and roll-ups."""
    return _relations("marts")


@cache
def reports(page: str) -> dict[str, Query]:
    """The reports of a page, by name: one for each chart and table."""
    return {name: query for name, (query, _) in _files(f"reports/{page}").items()}


@cache
def steps() -> dict[str, Query]:
    """The statements of a sync, by name."""
    return _blocks("syncing.sql")


@cache
def reconciling() -> dict[str, Query]:
    """The statements that compare the lake with the record, by name."""
    return _blocks("reconciling.sql")


@cache
def workbench() -> dict[str, Query]:
    """What the workbench asks for itself, by name."""
    return _blocks("workbench.sql")


@cache
def workbench_starters() -> dict[str, Query]:
    """Questions that the workbench offers to begin with, by name."""
    return _blocks("workbench_starters.sql")


@cache
def asserts() -> dict[str, Query]:
    """Statements about the lake that must return no rows."""
    return {name: query for name, (query, _) in _files("asserts").items()}


def _blocks(name: str) -> dict[str, Query]:
    source = files("sql") / "duckdb" / name
    return parse_queries(source.read_text(encoding="utf-8"), name)


def _relations(folder: str) -> dict[str, Relation]:
    return {name: _relation(query, text) for name, (query, text) in _files(folder).items()}


def _files(folder: str) -> dict[str, tuple[Query, str]]:
    """Query and text of every file of a folder, by name; a file has the name of its query."""
    found: dict[str, tuple[Query, str]] = {}
    for entry in sorted((files("sql") / "duckdb" / folder).iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".sql"):
            continue
        text = entry.read_text(encoding="utf-8")
        blocks = parse_queries(text, f"{folder}/{entry.name}")
        if list(blocks) != [entry.name.removesuffix(".sql")]:
            raise SettingsError(f"{folder}/{entry.name} must hold one query of its own name.")
        found.update({name: (query, text) for name, query in blocks.items()})
    return found


def _relation(query: Query, text: str) -> Relation:
    columns: dict[str, str] = {}
    described: list[str] = []
    for line in text.splitlines()[1:]:
        if not line.startswith("--"):
            break
        if match := _COLUMN.match(line):
            columns[match[1]] = match[2]
        elif (more := _MORE.match(line)) and columns:
            columns[list(columns)[-1]] += f" {more[1]}"
        else:
            described.append(line.removeprefix("--").strip())
    grain = columns.pop("grain", "")
    if not grain:
        raise SettingsError(f"{query.name} does not say its grain.")
    return Relation(Query(query.name, " ".join(described), query.text), grain, columns)
