"""Makes a history up: rows of every dataset, as many as wanted, the same for the same seed.

They are left in a DuckDB connection under the names that `Lake.publish` takes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import WarehouseError
from storage.sqlfiles import Query, parse_queries
from storage.warehouse.lake import Lake
from storage.warehouse.manifest import reading

if TYPE_CHECKING:
    import duckdb
    import pyarrow

MEMORY = "2GB"
_NO_BAR = "set enable_progress_bar = false"
"""DuckDB draws it on stdout, where commands print their JSON."""


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
    connection.execute(_NO_BAR)
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
    for step in _queries("demo.sql").values():
        connection.execute(step.text)


@cache
def _queries(file: str) -> dict[str, Query]:
    """The statements of a file, in order."""
    source = files("sql") / "duckdb" / file
    return parse_queries(source.read_text(encoding="utf-8"), file)


@contextmanager
def busy_while(lake: Lake, number: int, since: date) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with changes of the lake as `Lake.publish` takes them: a thousand generations
    more, and two hundred that were made from `since` on and are judged now. Other numbers give
    other ones.
    """
    import duckdb

    manifest = lake.manifest()
    if manifest is None:
        raise WarehouseError(f"There is no lake in {lake.folder}.")
    read = {
        f"{name}_files": reading(lake.folder, files) for name, files in manifest.relations.items()
    }
    given = {"round": str(number), "since": since}
    with duckdb.connect() as connection:
        connection.execute(_NO_BAR)
        for step in _queries("bench_refresh.sql").values():
            text = step.with_parts(**read).text
            used = {name: value for name, value in given.items() if f"${name}" in text}
            connection.execute(text, used)
        yield connection


def write_csv(lake: Path, relation: str, file: Path) -> None:
    """Write a relation of the lake as CSV without a header, as Postgres' COPY reads it."""
    import duckdb

    manifest = Lake(lake).manifest()
    if manifest is None:
        raise WarehouseError(f"There is no lake in {lake}.")
    source = reading(lake, manifest.relations[relation])
    with duckdb.connect() as connection:
        connection.execute(_NO_BAR)
        connection.execute(f"copy (from {source}) to '{file}' (format csv, header false)")
