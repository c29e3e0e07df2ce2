"""Counts for the roll-ups: everything when a lake is made anew, else what changes add and take.

A roll-up is sums and nothing else, so a day of it is brought up to date by what was counted of its
changed rows before and is counted of them now, however many rows the day has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from storage.warehouse.relations import DATASETS, Relation, marts, rollups, steps

if TYPE_CHECKING:
    import duckdb

CONDENSED = ("cells", "phase_buckets")
COUNTS = ("generations", "charges", "events", "n")
"""What a group of a roll-up is there for: where none of these is left, nothing is."""

_S = steps()


@dataclass(frozen=True)
class Change:
    """What is to be added to a roll-up; below zero where more is taken away."""

    rollup: str
    days: frozenset[date]
    """Those on which anything is another."""

    @property
    def table(self) -> str:
        """Where it is."""
        return _table(self.rollup)

    def on(self, condition: str) -> str:
        """The SELECT of it on some days."""
        return f"select * from {self.table} where {condition}"

    def with_earlier(self, earlier: str | None, condition: str = "true") -> str:
        """The SELECT of it on some days and of `earlier` changes together, as one change."""
        both = _both(earlier, self.on(condition))
        return _grouped(self._relation, both, "sum({}) <> 0", self._relation.sums)

    def added(self, old: str | None, new: str) -> str:
        """The SELECT of the rows of `old` with those of `new` added."""
        return added_up(self._relation, _both(old, new))

    @property
    def _relation(self) -> Relation:
        return rollups()[self.rollup]


def added_up(rollup: Relation, rows: str) -> str:
    """The SELECT of the rows of a roll-up with all that was added to them and taken away: groups
    that nothing is left of are left out."""
    counts = [name for name in COUNTS if name in rollup.sums]
    return _grouped(rollup, rows, "sum({}) > 0", counts)


def _grouped(rollup: Relation, rows: str, stays: str, by: Iterable[str]) -> str:
    columns = (
        f"sum({name})::{rollup.sums[name]} as {name}" if name in rollup.sums else name
        for name in rollup.columns
    )
    having = " or ".join(stays.format(name) for name in by)
    return f"select {', '.join(columns)} from ({rows}) group by all having {having}"


def _both(old: str | None, new: str) -> str:
    return f"{old} union all by name {new}" if old else new


def name_facts(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> None:
    """Name the datasets, and the views over them, as roll-ups call them."""
    for dataset, source in sources.items():
        _view(connection, dataset, f"select * from {source}")
    for mart in marts().values():
        _view(connection, mart.name, mart.query.text)


def count_change(connection: duckdb.DuckDBPyConnection, rollup: Relation) -> Change:
    """Count for a roll-up what `new_<dataset>` adds and `lost_<dataset>` takes away, which
    `name_changes` has named."""
    _count(connection, rollup)
    return change_of(connection, rollup.name)


def change_of(connection: duckdb.DuckDBPyConnection, rollup: str) -> Change:
    """What is counted for a roll-up."""
    rows = connection.execute(f"select distinct day from {_table(rollup)}").fetchall()
    return Change(rollup, frozenset(row[0] for row in rows))


def name_changes(connection: duckdb.DuckDBPyConnection) -> None:
    """Name what is new and what is lost as roll-ups call them: rows that are lost are found on
    mirrored days, so that one statement counts both apart."""
    for dataset in DATASETS:
        connection.execute(_S[f"mirror_{dataset}"].text)
        _view(connection, dataset, f"select * from mirrored_{dataset}")
    for mart in marts().values():
        made = mart.query.text
        if mart.name in CONDENSED:
            connection.execute(_S[f"condense_{mart.name}"].with_parts(made=_plain(made)).text)
            made = f"select * from condensed_{mart.name}"
        _view(connection, mart.name, made)


def _count(connection: duckdb.DuckDBPyConnection, rollup: Relation) -> None:
    sums = rollup.sums
    columns = ", ".join(
        f"sum(counts * {name})::{sums[name]} as {name}" if name in sums else name
        for name in rollup.columns
    )
    differs = " or ".join(f"sum(counts * {name}) <> 0" for name in sums)
    parts = {"made": _plain(rollup.query.text), "columns": columns, "differs": differs}
    connection.execute(_S["net"].with_parts(table=_table(rollup.name), **parts).text)


def _table(rollup: str) -> str:
    return f"changed_{rollup}"


def _plain(text: str) -> str:
    """A SELECT as it stands between brackets."""
    return text.strip().rstrip(";")


def _view(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> None:
    connection.execute(f"create or replace view {name} as {text}")
