"""The baseline of `studio bench warehouse`: the lake's rows in Postgres, and the same questions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import RowFactory, dict_row, tuple_row
from pydantic import SecretStr

from jobs.bench.gallery_rows import MEMORY
from jobs.bench.warehouse_questions import Question
from storage.embedded.folder import DataFolder
from storage.embedded.postgres import EmbeddedPostgres
from storage.migrate import migrate
from storage.postgres import mapped_errors
from storage.sqlfiles import queries
from storage.warehouse.inventing import write_csv

_Q = queries("bench_warehouse")

TABLES = ("generations", "charges", "events", "people", "teams", "campaigns")
_RECORD = (
    "look_there",
    "skip_triggers",
    "forget_words",
    "undress",
    "fill_people",
    "fill_generations",
    "fill_attempts",
    "fill_charges",
    "fill_videos",
    "fill_events",
    "dress",
    "plain_lengths",
    "vacuum_record",
)
QUICK_MS = 2000.0
"""What takes less is asked again, and the quicker counts, for it finds everything in memory."""
_LOADING = {**MEMORY, "fsync": "off", "full_page_writes": "off", "wal_level": "minimal"}
_LOADING |= {"max_wal_senders": "0", "work_mem": "64MB", "maintenance_work_mem": "256MB"}


@contextmanager
def filled_postgres(folder: Path, lake: Path, time_zone: str) -> Iterator[SecretStr]:
    """The address of a Postgres that has the lake's relations as tables beside a record without
    rows, analysed and with indexes.

    Raises:
        ServiceStartFailed: it did not come up.
    """
    data = DataFolder(folder / "postgres")
    data.prepare()
    postgres = EmbeddedPostgres(data.postgres, data.log("postgres"), settings=_LOADING)
    try:
        postgres.start()
        migrate(postgres.url, company="Bench", time_zone=time_zone)
        with connected(postgres.url) as connection:
            _fill(connection, folder / "rows.csv", lake)
        yield postgres.url
    finally:
        postgres.stop()


@dataclass(frozen=True)
class Asked:
    """What Postgres made of one question."""

    took_ms: float
    rows: list[dict[str, Any]] | None
    """None: patience was at an end, and it would have taken longer than `took_ms`."""


def ask_postgres(url: SecretStr, asked: Sequence[Question], patience_s: float) -> dict[str, Asked]:
    """The answers to all questions that there are in Postgres' words too, by the name of those."""
    with connected(url, row_factory=dict_row) as connection:
        connection.execute(_Q["look_there"].text)
        connection.execute(_Q["end_after"].with_parts(s=str(patience_s)).text)
        exact = {question.exact_name: question for question in asked}
        found: dict[str, Asked] = {}
        for name, question in exact.items():
            # What it has no room to answer is left out, and says nothing of the others.
            with suppress(psycopg.OperationalError):
                if name in _Q:
                    found[name] = _answer(connection, name, question.parameters)
        return found


def _answer(connection: psycopg.Connection[Any], name: str, parameters: dict[str, Any]) -> Asked:
    first = _once(connection, name, parameters)
    if first.rows is None or first.took_ms > QUICK_MS:
        return first
    again = _once(connection, name, parameters)
    return Asked(min(first.took_ms, again.took_ms), first.rows)


def _once(connection: psycopg.Connection[Any], name: str, parameters: dict[str, Any]) -> Asked:
    began = time.perf_counter()
    rows = None
    with suppress(psycopg.errors.QueryCanceled):
        rows = connection.execute(_Q[name].text, parameters).fetchall()
    return Asked((time.perf_counter() - began) * 1000, rows)


@contextmanager
def connected(
    url: SecretStr, *, row_factory: RowFactory[Any] = tuple_row
) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the server's owner, each statement a transaction."""
    with (
        mapped_errors(),
        psycopg.connect(
            url.get_secret_value(), autocommit=True, row_factory=row_factory
        ) as connection,
    ):
        yield connection


def fill_record(url: SecretStr) -> None:
    """Write the same rows into the record, with the indexes that a sync looks into: after
    everything was asked, for it takes what is in memory."""
    with connected(url) as connection:
        for step in _RECORD:
            connection.execute(_Q[step].text)


def _fill(connection: psycopg.Connection[Any], rows: Path, lake: Path) -> None:
    connection.execute(_Q["make_tables"].text)
    for table in TABLES:
        write_csv(lake, table, rows)
        statement = _Q["copy_in"].with_parts(dataset=table).text
        with rows.open("rb") as file, connection.cursor().copy(statement) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        rows.unlink()
    for step in ("make_indexes", "make_views"):
        connection.execute(_Q[step].text)
    for table in ("generations", "charges", "events"):
        connection.execute(_Q[f"vacuum_{table}"].text)
