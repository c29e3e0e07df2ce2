"""A lake of a few rows that tests change step by step, with the columns of a real one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import duckdb

from storage.warehouse.lake import Lake, Marks
from storage.warehouse.manifest import Manifest, reading
from storage.warehouse.relations import DATASETS, SMALL

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MARKS = Marks(watermark="1", system_id="test", time_zone="UTC")
TEAM = UUID(int=7)


@dataclass(frozen=True)
class Made:
    """A generation and its charge."""

    day: date
    usd: Decimal = Decimal(1)
    verdict: str | None = None


Changes = Mapping[int, Made | None]
"""What becomes of generations, by number; None: it is gone."""


class SmallLake:
    """A lake in `folder`, written from changes. `template` is a lake to take the columns from."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.lake = Lake(folder)
        self.rows: dict[int, Made] = {}
        self._template = template

    def publish(self, changes: Changes, *, now: datetime = NOW) -> Manifest:
        """Publish these changes."""
        with self._connection() as connection:
            for number, made in changes.items():
                before = self.rows.pop(number, None)
                if before is not None and (made is None or made.day != before.day):
                    self._remove(connection, number, before)
                if made is not None:
                    self.rows[number] = made
                    self._add(connection, number, made)
            return self.lake.publish(connection, MARKS, now=now)

    def publish_whole(self, rows: Mapping[int, Made], *, now: datetime = NOW) -> Manifest:
        """Publish these rows and no others."""
        with self._connection() as connection:
            for number, made in rows.items():
                self._add(connection, number, made)
            return self.lake.publish(connection, MARKS, whole=True, now=now)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection, template = duckdb.connect(), Lake(self._template)
        manifest = template.manifest()
        assert manifest is not None
        for name in (*DATASETS, *SMALL):
            source = reading(self._template, manifest.relations[name])
            connection.execute(f"create table new_{name} as select * from {source} limit 0")
        for name in DATASETS:
            kind = "bigint" if name == "events" else "uuid"
            connection.execute(f"create table gone_{name} (id {kind}, day date)")
        return connection

    def _add(self, connection: duckdb.DuckDBPyConnection, number: int, made: Made) -> None:
        connection.execute(
            "insert into new_generations by name select $id::uuid as id, $day::date as day,"
            " $day::timestamp as created_at, $usd as charge_usd, $usd as estimate_usd,"
            " $verdict as verdict, 'completed' as status, 5.0 as duration_s, 9.5 as total_s,"
            " 'pro' as model, '720p' as resolution, 10 as hour, 1 as weekday, $team as team_id",
            _values(number, made) | {"verdict": made.verdict, "team": TEAM},
        )
        connection.execute(
            "insert into new_charges by name select $id::uuid as id, $day::date as day,"
            " $day::timestamp as created_at, $usd as amount_usd, 'charge' as kind",
            _values(number, made),
        )

    def _remove(self, connection: duckdb.DuckDBPyConnection, number: int, made: Made) -> None:
        for dataset in ("generations", "charges"):
            connection.execute(
                f"insert into gone_{dataset} values (?, ?)", [UUID(int=number), made.day]
            )


def _values(number: int, made: Made) -> dict[str, object]:
    return {"id": UUID(int=number), "day": made.day, "usd": made.usd}


def made_on(days: Iterable[date]) -> dict[int, Made]:
    """One generation for each day."""
    return {number: Made(day) for number, day in enumerate(days, start=1)}
