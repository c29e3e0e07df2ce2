"""The SQL by which tools outside the studio find the warehouse (`sql/duckdb/outside.sql`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from storage.errors import WarehouseError
from storage.sqlfiles import Query, parse_queries
from storage.warehouse.counting import added_up
from storage.warehouse.relations import DATASETS, SMALL, marts, rollups

_FILE = "outside.sql"


def outside_statements(lake: Path) -> str:
    """What a DuckDB of one's own runs to have every relation of a lake as a view, all of one moment
    until it runs them again. Nothing in them changes anything.

    Raises:
        WarehouseError: the path has a character that SQL text can't hold as it is.
    """
    place = f"{lake.absolute()}/"
    if "'" in place:
        raise WarehouseError("The path of the warehouse has a ' in it.", todo="Move its folder.")
    found = [_statement(part, lake=place) for part in ("state", "macro", "struck")]
    for name in SMALL:
        found += [_statement(part, relation=name) for part in ("files", "relation")]
    for rollup in rollups().values():
        found.append(_statement("files", relation=rollup.name))
        rows = _blocks()["rows"].with_parts(relation=rollup.name).text
        found.append(_statement("view", relation=rollup.name, select=added_up(rollup, rows)))
    for name in DATASETS:
        found += [_statement(part, relation=name) for part in ("files", "struck_rows", "dataset")]
    for mart in marts().values():
        found.append(_statement("view", relation=mart.name, select=mart.query.text))
    return "\n\n".join(found) + "\n"


def _statement(name: str, **parts: str) -> str:
    return f"{_blocks()[name].with_parts(**parts).text};"


@cache
def _blocks() -> dict[str, Query]:
    text = (files("sql") / "duckdb" / _FILE).read_text(encoding="utf-8")
    return parse_queries(text, _FILE)
