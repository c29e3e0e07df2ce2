"""What a lake has, to compare with another or with the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from storage.warehouse.reader import EVERYTHING, WarehouseReader
from storage.warehouse.relations import DATASETS, SMALL, rollups
from storage.warehouse.syncing import sync
from tests.integration.record.record_rows import sql

Rows = dict[str, list[tuple[str, ...]]]


def ask(folder: Path, text: str) -> list[dict[str, Any]]:
    """The rows of one SELECT over the lake."""
    return WarehouseReader(folder).rows(sql(text), EVERYTHING)


def rows_of(folder: Path) -> Rows:
    """Every row of every relation, in an order that says nothing about files."""
    reader = WarehouseReader(folder)
    names = (*DATASETS, *SMALL, *rollups())
    return {name: _sorted(reader.rows(sql(f"select * from {name}"), EVERYTHING)) for name in names}


def rebuilt(url: SecretStr, folder: Path) -> Rows:
    """What a lake has that is made anew from the record."""
    sync(url, folder)
    return rows_of(folder)


def _sorted(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return sorted(tuple(map(_plain, row.values())) for row in rows)


def _plain(value: object) -> str:
    """Sums of floats depend on their order in the last digits."""
    return f"{value:.6f}" if isinstance(value, float) else str(value)
