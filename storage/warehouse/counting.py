"""Counts for the roll-ups: everything when a lake is made anew, else what changes add and take.

A roll-up is sums and nothing else, so a day of it is brought up to date by what was counted of its
changed rows before and is counted of them now, however many rows the day has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from storage.warehouse.relations import DATASETS, marts, rollups, steps

if TYPE_CHECKING:
    import duckdb

KEYS = frozenset({
    "day", "weekday", "hour", "team_id", "campaign_id", "person_id", "model", "resolution",
    "cause", "reason", "phase", "bucket",
})  # fmt: skip
"""What roll-ups are grouped by; their other columns are sums."""
CONDENSED = ("cells", "phase_buckets")
COUNTS = frozenset({"BIGINT", "INTEGER"})

_S = steps()
_TYPES: dict[str, dict[str, str]] = {}
"""Of the columns of roll-ups: the same for as long as a process lives."""


@dataclass(frozen=True)
class Change:
    """What is to be added to a roll-up; below zero where more is taken away."""

    rollup: str
    days: frozenset[date]
    """Those on which anything is another."""
    types: Mapping[str, str]
    """DuckDB's names of the types of its columns, in order."""

    @property
    def table(self) -> str:
        """Where it is."""
        return _table(self.rollup)

    def added(self, old: str | None, new: str) -> str:
        """The SELECT of the rows of `old` with those of `new` added: groups that nothing is left
        of are left out."""
        sums = (
            name if name in KEYS else f"sum({name})::{kind} as {name}"
            for name, kind in self.types.items()
        )
        left = " or ".join(f"sum({name}) > 0" for name in self._counts())
        both = f"{old} union all by name {new}" if old else new
        return f"select {', '.join(sums)} from ({both}) group by all having {left}"

    def _counts(self) -> list[str]:
        """Of these one at least counts the rows of a group."""
        return [n for n, kind in self.types.items() if n not in KEYS and kind in COUNTS]


def name_facts(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> None:
    """Name the datasets, and the views over them, as roll-ups call them."""
    for dataset, source in sources.items():
        _view(connection, dataset, f"select * from {source}")
    for mart in marts().values():
        _view(connection, mart.name, mart.query.text)


def count_changes(connection: duckdb.DuckDBPyConnection) -> Iterator[Change]:
    """Count for each roll-up what `new_<dataset>` adds and `lost_<dataset>` takes away: one after
    the other, so that what was counted is written while the next is."""
    _name_changes(connection)
    for name in rollups():
        types = _types(connection, name)
        _count(connection, name, types)
        yield Change(name, _days(connection, name), types)


def _name_changes(connection: duckdb.DuckDBPyConnection) -> None:
    """Name both as roll-ups call them: rows that are lost are found on mirrored days, so that one
    statement counts both apart."""
    for dataset in DATASETS:
        connection.execute(_S[f"mirror_{dataset}"].text)
        _view(connection, dataset, f"select * from mirrored_{dataset}")
    for mart in marts().values():
        made = mart.query.text
        if mart.name in CONDENSED:
            connection.execute(_S[f"condense_{mart.name}"].with_parts(made=_plain(made)).text)
            made = f"select * from condensed_{mart.name}"
        _view(connection, mart.name, made)


def _count(connection: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str]) -> None:
    columns = ", ".join(
        n if n in KEYS else f"sum(counts * {n})::{kind} as {n}" for n, kind in types.items()
    )
    differs = " or ".join(f"sum(counts * {n}) <> 0" for n in types if n not in KEYS)
    parts = {"made": _query(name), "columns": columns, "differs": differs}
    connection.execute(_S["net"].with_parts(table=_table(name), **parts).text)


def _days(connection: duckdb.DuckDBPyConnection, name: str) -> frozenset[date]:
    rows = connection.execute(f"select distinct day from {_table(name)}").fetchall()
    return frozenset(row[0] for row in rows)


def _table(rollup: str) -> str:
    return f"changed_{rollup}"


def _types(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    if name not in _TYPES:
        described = connection.execute(f"select * from ({_query(name)}) limit 0").description or ()
        _TYPES[name] = {column[0]: str(column[1]) for column in described}
    return _TYPES[name]


def _query(name: str) -> str:
    return _plain(rollups()[name].query.text)


def _plain(text: str) -> str:
    """A SELECT as it stands between brackets."""
    return text.strip().rstrip(";")


def _view(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> None:
    connection.execute(f"create or replace temp view {name} as {text}")
