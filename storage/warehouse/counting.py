"""Counts for the roll-ups: everything when a lake is made anew, else what changes add and take.

A roll-up is sums and nothing else, so a day of it is brought up to date by what was counted of its
changed rows before and is counted of them now, however many rows the day has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from storage.warehouse.relations import DATASETS, Relation, marts, steps

if TYPE_CHECKING:
    import duckdb

CONDENSED = ("cells", "phase_buckets")
COUNTED: Mapping[str, str] = {
    "generations": (
        "day, weekday, hour, team_id, campaign_id, person_id, model, resolution, duration_s,"
        " status, cause, verdict, verified, reused, estimate_usd, charge_usd, our_queue_s,"
        " fal_queue_s, inference_s, store_s, total_s"
    ),
    "charges": (
        "day, team_id, campaign_id, person_id, model, resolution, duration_s, cause, amount_usd"
    ),
    "events": "day, team_id, person_id, kind",
}
"""By dataset, the columns that roll-ups count: few and narrow beside all that there are."""
COUNTS = ("generations", "charges", "events", "n")
"""What a group of a roll-up is there for: where none of these is left, nothing is."""

_S = steps()


@dataclass(frozen=True)
class Change:
    """What is to be added to a roll-up."""

    rollup: Relation
    rows: str
    """The SELECT of what was counted, with `counts`: below zero where it is taken away."""
    days: frozenset[date]
    """Those on which anything may be another."""

    def with_earlier(self, earlier: str, days: Iterable[date]) -> Change:
        """This one with the rows of an `earlier` change of these days."""
        rows = f"{self.rows} union all by name {_once(earlier)}"
        return replace(self, rows=rows, days=self.days.union(days))

    def net(self, condition: str = "true") -> str:
        """The SELECT of what it comes to on some days, where that is anything."""
        differs = _any_of("sum(counts * {}) <> 0", self.rollup.sums)
        return _grouped(self.rollup, self._on(condition), "counts * ", differs)

    def added(self, old: str | None, condition: str) -> str:
        """The SELECT of the rows of `old` with it added on some days."""
        rows = self._on(condition)
        if old:
            rows = f"{_once(old)} union all by name {rows}"
        return _grouped(self.rollup, rows, "counts * ", _is_left(self.rollup, "counts * "))

    def counted(self, connection: duckdb.DuckDBPyConnection) -> Change:
        """The same, counted once for those who ask more than once, with the days that are really
        others."""
        table = f"changed_{self.rollup.name}"
        connection.execute(f"create or replace table {table} as {self.net()}")
        days = connection.execute(f"select distinct day from {table}").fetchall()
        return replace(self, rows=_once(table), days=frozenset(row[0] for row in days))

    def _on(self, condition: str) -> str:
        return f"select * from ({self.rows}) where {condition}"


def added_up(rollup: Relation, rows: str) -> str:
    """The SELECT of the rows of a roll-up with all that was added to them and taken away: groups
    that nothing is left of are left out."""
    return _grouped(rollup, rows, "", _is_left(rollup, ""))


def _grouped(rollup: Relation, rows: str, weight: str, having: str) -> str:
    columns = (
        f"sum({weight}{name})::{rollup.sums[name]} as {name}" if name in rollup.sums else name
        for name in rollup.columns
    )
    return f"select {', '.join(columns)} from ({rows}) group by all having {having}"


def _is_left(rollup: Relation, weight: str) -> str:
    counts = [name for name in COUNTS if name in rollup.sums]
    return _any_of(f"sum({weight}{{}}) > 0", counts)


def _any_of(condition: str, names: Iterable[str]) -> str:
    return " or ".join(condition.format(name) for name in names)


def _once(source: str) -> str:
    return f"select *, 1 as counts from {source}"


def name_facts(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> None:
    """Name the datasets, and the views over them, as roll-ups call them."""
    for dataset, source in sources.items():
        _view(connection, dataset, f"select * from {source}")
    for mart in marts().values():
        _view(connection, mart.name, mart.query.text)


def change_of(rollup: Relation, days: frozenset[date]) -> Change:
    """What `new_<dataset>` adds to a roll-up and `lost_<dataset>` takes away, which `name_changes`
    has named, on these days."""
    made = _plain(rollup.query.text)
    return Change(rollup, _plain(_S["counted_apart"].with_parts(made=made).text), days)


def name_changes(connection: duckdb.DuckDBPyConnection, losing: Collection[str]) -> frozenset[date]:
    """Name what is new and what is lost as roll-ups call them: rows that are lost are found on
    mirrored days, so that one statement counts both apart. The days of both. `losing`: datasets of
    which rows are lost. The views of `CONDENSED` are left to `condense`."""
    for dataset in DATASETS:
        step = _S["mirror" if dataset in losing else "mirror_new"]
        connection.execute(step.with_parts(dataset=dataset, counted=COUNTED[dataset]).text)
        _view(connection, dataset, f"select * from mirrored_{dataset}")
    for mart in marts().values():
        if mart.name not in CONDENSED:
            _view(connection, mart.name, mart.query.text)
    days = connection.execute(_S["changed_days"].text).fetchall()
    return frozenset(row[0] for row in days)


def condense(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make the view of `CONDENSED` with this name one over rows that are added up."""
    made = _plain(marts()[name].query.text)
    connection.execute(_S[f"condense_{name}"].with_parts(made=made).text)
    _view(connection, name, f"select * from condensed_{name}")


def _plain(text: str) -> str:
    """A SELECT as it stands between brackets."""
    return text.strip().rstrip(";")


def _view(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> None:
    connection.execute(f"create or replace view {name} as {text}")
