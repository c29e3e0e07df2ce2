"""Which days changes touch, and how many rows of them are new or gone: asked once for all datasets,
for a small pass is made of small statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from storage.warehouse.relations import steps

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Touched:
    """Rows that are new and rows that are gone, by dataset and day."""

    days: Mapping[str, Mapping[date, tuple[int, int]]]

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(new + gone for days in self.days.values() for new, gone in days.values())

    def gained(self, dataset: str) -> dict[date, int]:
        """The days that are touched, and how many rows are new to each."""
        return {day: new for day, (new, _) in self.days.get(dataset, {}).items()}

    def loses(self, dataset: str) -> bool:
        """Whether a row is gone."""
        return any(gone for _, gone in self.days.get(dataset, {}).values())

    def reaches_before(self, dataset: str, day: date) -> bool:
        """Whether an earlier day is touched."""
        return any(one < day for one in self.days.get(dataset, {}))


@dataclass(frozen=True)
class Known:
    """What is known of the changes that a connection holds."""

    touched: Touched
    held: frozenset[str] | None = None
    """Datasets of which the lake has rows that are among the changes, after `Lake.hold`; None: it
    was not called."""
    unchanged: frozenset[str] = field(default_factory=frozenset)
    """Small relations that keep their files."""


def touched_by_changes(connection: duckdb.DuckDBPyConnection) -> Touched:
    """What `new_<dataset>` and `gone_<dataset>` touch."""
    days: dict[str, dict[date, tuple[int, int]]] = {}
    for dataset, day, new, gone in connection.execute(steps()["touched"].text).fetchall():
        days.setdefault(dataset, {})[day] = (new, gone)
    return Touched(days)
