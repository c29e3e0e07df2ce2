"""Makes a history up: rows of every dataset, as many as wanted, the same for the same seed.

They are left in a DuckDB connection under the names that `Lake.publish` takes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import WarehouseError
from storage.sqlfiles import Query, parse_queries

if TYPE_CHECKING:
    import duckdb
    import pyarrow

MEMORY = "1GB"


@dataclass(frozen=True)
class History:
    """What is made up."""

    generations: int
    months: int
    seed: int
    until: datetime
    """The moment that the history has come to; aware."""
    time_zone: str


@contextmanager
def invented(
    folder: Path, history: History, choices: pyarrow.Table
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that has the history as `new_generations`, `new_charges` and so on.

    `choices` are the settings that generations may have, with their weights. What does not fit into
    memory goes into `folder`, and is gone after the block.

    Raises:
        WarehouseError: DuckDB could not make it.
    """
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="inventing-", dir=folder))
    try:
        with duckdb.connect(str(scratch / "rows.duckdb"), config=_config(scratch)) as connection:
            _invent(connection, history, choices)
            yield connection
    except duckdb.Error as exc:
        raise WarehouseError(f"The demo history could not be made: {exc}") from exc
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _config(scratch: Path) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": MEMORY,
        "temp_directory": str(scratch / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def _invent(
    connection: duckdb.DuckDBPyConnection, history: History, choices: pyarrow.Table
) -> None:
    connection.execute("set enable_progress_bar = false")
    given = {
        "seed": history.seed,
        "generations": history.generations,
        "months": history.months,
        "until_at": history.until.astimezone(UTC).replace(tzinfo=None),
        "zone": history.time_zone,
    }
    for name, value in given.items():
        connection.execute(f"set variable {name} = ?", [value])
    connection.register("given_choices", choices)
    connection.execute("create or replace table demo_choices as from given_choices")
    for step in _steps().values():
        connection.execute(step.text)


@cache
def _steps() -> dict[str, Query]:
    """The statements, in order."""
    source = files("sql") / "duckdb" / "demo.sql"
    return parse_queries(source.read_text(encoding="utf-8"), "demo.sql")
