"""The baseline of `studio bench warehouse`: the lake's rows in Postgres, and the same questions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
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
    "skip_triggers",
    "forget_words",
    "fill_people",
    "fill_generations",
    "fill_attempts",
    "fill_charges",
    "fill_videos",
    "fill_events",
    "plain_lengths",
    "analyze_record",
)
TIMES = 2
"""How often each question is asked; the quicker counts, for it finds everything in memory."""
_LOADING = {**MEMORY, "fsync": "off", "full_page_writes": "off", "wal_level": "minimal"}
_LOADING |= {"max_wal_senders": "0", "work_mem": "64MB", "maintenance_work_mem": "256MB"}


@contextmanager
def filled_postgres(folder: Path, lake: Path, time_zone: str) -> Iterator[SecretStr]:
    """The address of a Postgres with a record of the same rows as a lake, and beside the record
    with the lake's relations as tables, analysed and with indexes.

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


def ask_postgres(url: SecretStr, asked: Sequence[Question]) -> dict[str, float]:
    """Milliseconds of each question that there is in Postgres' words too."""
    with connected(url) as connection:
        connection.execute(_Q["look_there"].text)
        return {
            question.name: min(_once_ms(connection, question) for _ in range(TIMES))
            for question in asked
            if question.exact_name in _Q
        }


def _once_ms(connection: psycopg.Connection[Any], question: Question) -> float:
    began = time.perf_counter()
    connection.execute(_Q[question.exact_name].text, question.parameters).fetchall()
    return (time.perf_counter() - began) * 1000


@contextmanager
def connected(url: SecretStr) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the server's owner, each statement a transaction."""
    with mapped_errors(), psycopg.connect(url.get_secret_value(), autocommit=True) as connection:
        yield connection


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
    for step in _RECORD:
        connection.execute(_Q[step].text)
