"""`studio warehouse`: the lake brought up to date, made anew, asked and looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dashboard.cli.attached import attached_services
from dashboard.cli.output import show_json
from jobs.bootstrap import DEMO, LIVE
from jobs.warehousing import rebuild_warehouse, sync_warehouse
from storage.embedded.folder import DataFolder
from storage.errors import StudioError, WarehouseMissing
from storage.settings import load_settings
from storage.sqlfiles import Query
from storage.warehouse.corrections import WAITING
from storage.warehouse.dictionary import dictionary_text
from storage.warehouse.outside import outside_statements
from storage.warehouse.reader import EVERYTHING, WarehouseReader
from storage.warehouse.syncing import Pass

WAIT_S = 30.0
"""For the watcher's pass, should one be at work."""
WIDEST = 60
"""Characters of a column of a table; `--json` cuts nothing."""
_PARAMETER = re.compile(r"\$([a-z_]\w*)")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
demo = click.option("--demo", is_flag=True, help="The demo history instead of the real one.")


@click.group()
def warehouse() -> None:
    """The DuckDB side: what costs, latency and usage are read from."""


@warehouse.command()
@click.option(
    "--all", "corrections", is_flag=True, help="Also changes of old months, which wait otherwise."
)
@as_json
def sync(corrections: bool, as_json: bool) -> None:
    """Bring it up to the record now; the watcher does so every few seconds."""
    with attached_services() as services:
        _show_pass(sync_warehouse(services, corrections=corrections, wait_s=WAIT_S), as_json)


@warehouse.command()
@as_json
def rebuild(as_json: bool) -> None:
    """Make it anew from the record and check it. Readers have the old one until the end."""
    with attached_services() as services:
        _show_pass(rebuild_warehouse(services, wait_s=WAIT_S), as_json)


@warehouse.command()
@click.argument("statement")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A value for $NAME.")
@demo
@as_json
def sql(statement: str, given: Sequence[str], demo: bool, as_json: bool) -> None:
    """Ask it in DuckDB's SQL, with everybody's rows; the record is not touched.

    The relations are described in docs/warehouse.md. --json prints one object for each row.
    """
    query = Query("sql", "Asked in the terminal.", statement.strip().rstrip(";"))
    rows = _reader(demo).rows(query, EVERYTHING, **_parameters(statement, given))
    if as_json:
        for row in rows:
            show_json(row)
    else:
        _show_table(rows)


@warehouse.command()
@demo
def views(demo: bool) -> None:
    """Print the SQL that a DuckDB of your own runs to read it while the studio runs.

    `studio warehouse views > lake.sql`, then `duckdb -init lake.sql`; `.read lake.sql` there shows
    what is new. docs/analysts.md has the same for notebooks and BI tools.
    """
    click.echo(outside_statements(_reader(demo).folder), nl=False)


@warehouse.command()
@demo
@as_json
def status(demo: bool, as_json: bool) -> None:
    """How fresh and how large it is."""
    reader = _reader(demo)
    manifest = reader.manifest()
    rows = {name: manifest.rows(name) for name in sorted(manifest.relations)}
    found = {
        "folder": str(reader.folder),
        "published_at": manifest.published_at,
        "number": manifest.number,
        "watermark": manifest.watermark,
        "time_zone": manifest.time_zone,
        "files": len(manifest.files()),
        "bytes": sum(file.bytes for kept in manifest.relations.values() for file in kept),
        "corrections_waiting": manifest.rows(WAITING),
    }
    if as_json:
        show_json({**found, "rows": rows})
        return
    for name, value in found.items():
        click.echo(f"{name:20} {value}")
    for name, n in rows.items():
        click.echo(f"  {name:18} {n:,} rows")


def _reader(demo: bool) -> WarehouseReader:
    """A reader that needs no running studio: only the folder."""
    settings = load_settings()
    settings = settings.model_copy(update={"data_dir": DataFolder(settings.data_dir).path})
    folder: Path = settings.warehouse_folder / (DEMO if demo else LIVE)
    reader = WarehouseReader(folder)
    if not reader.exists():
        raise WarehouseMissing(
            f"There is no warehouse in {folder}.",
            todo="`studio demo` makes a demo history."
            if demo
            else "`studio up` makes it, and so does `studio warehouse sync`.",
        )
    return reader


def _parameters(statement: str, given: Sequence[str]) -> dict[str, str]:
    values = dict(word.split("=", 1) for word in given if "=" in word)
    for name in _PARAMETER.findall(statement):
        if name not in values:
            raise StudioError(f"${name} has no value.", todo=f"Add --set {name}=VALUE.")
    return values


def _show_pass(done: Pass, as_json: bool) -> None:
    manifest = done.manifest
    if as_json:
        show_json(
            {
                "whole": done.whole,
                "rows": done.rows,
                "corrections_waiting": done.waiting,
                "generations": manifest.rows("generations"),
                "published_at": manifest.published_at,
                "watermark": manifest.watermark,
            }
        )
        return
    how = "made anew" if done.whole else "brought up to date"
    click.echo(f"The warehouse was {how}: {done.rows:,} rows written or removed.")
    click.echo(f"It has {manifest.rows('generations'):,} generations.")
    if done.waiting:
        click.echo(
            f"{done.waiting:,} changes of old months wait; `studio warehouse sync --all` "
            "writes them now."
        )


def _show_table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        click.echo("No rows.")
        return
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell[:WIDEST].ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


@warehouse.command()
def dictionary() -> None:
    """Print what every table and column means, as Markdown."""
    click.echo(dictionary_text(), nl=False)
