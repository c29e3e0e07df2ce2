"""The sandbox: a process that answers SELECTs over some Parquet files and can do nothing else.

Started by `jobs/workbench/pool.py` with an empty environment and two pipes. In this order it limits
itself (rlimits, Landlock, before any thread is started), opens an engine, makes the views, and
locks the engine. Each fence alone is meant to hold; what passed the others is killed by the clock.

Nothing of the studio is imported but its three neighbours, which import nothing of it either.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import duckdb
import pyarrow as pa

from jobs.workbench.frames import packed, read_frame
from jobs.workbench.guard import Guard, without_explain
from jobs.workbench.landlock import restrict

_MB = 1024 * 1024
_BATCH = 1024
_SHOWN_AS_THEY_ARE = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "hugeint", "float", "double", "decimal"}
    | {"utinyint", "usmallint", "uinteger", "ubigint", "uhugeint", "date", "varchar"}
    | {"timestamp", "timestamp_s", "timestamp_ms", "timestamp with time zone"}
)
_READ_BY_THE_ENGINE = ("/proc/self/cgroup", "/proc/meminfo", "/sys/fs/cgroup")
"""How much of the machine is there for it; it does not start without the first."""
_PLAIN = (
    pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal,
    pa.types.is_date, pa.types.is_timestamp, pa.types.is_string, pa.types.is_large_string,
)  # fmt: skip
Told = dict[str, Any]


class RowTooLarge(ValueError):
    """A single row is larger than a whole answer may be."""


def main() -> None:
    """Answer until the pipe is closed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing that prints can spoil an answer
    first = read_frame(sys.stdin.buffer)
    if first is None:
        return
    start = json.loads(first)
    abi = close_doors(start)
    end_with_owner()
    engine = open_engine(start)
    guard = Guard([name for name, _ in start["views"]])
    _send(answers, {"ready": True, "landlock": abi})
    while (body := read_frame(sys.stdin.buffer)) is not None:
        asked = json.loads(body)
        signal.alarm(int(start["seconds"]) + 10)  # should nobody else end it
        _answer(answers, engine, guard, asked, start)
        signal.alarm(0)


def close_doors(start: Told) -> int:
    """Limit this process for good; the version of Landlock, 0 where there is none."""
    soft_limits = {
        resource.RLIMIT_AS: start["address_mb"] * _MB,
        resource.RLIMIT_FSIZE: start["disk_mb"] * _MB,
        resource.RLIMIT_NOFILE: max(256, len(start["files"]) + 128),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: start["cpu_seconds"],
    }
    for kind, most in soft_limits.items():
        resource.setrlimit(kind, (most, most))
    return restrict([start["folder"], *_READ_BY_THE_ENGINE], [start["scratch"]])


def end_with_owner() -> None:
    """Have this process killed as soon as nobody holds the other end of its pipe, whatever it does:
    the dashboard has ended, also by `kill -9`."""
    threading.Thread(target=_watch_the_pipe, daemon=True).start()


def _watch_the_pipe() -> None:
    pipe = select.poll()
    pipe.register(sys.stdin.fileno(), 0)  # the end of the other side is always told
    pipe.poll()
    os.kill(os.getpid(), signal.SIGKILL)


def open_engine(start: Told) -> duckdb.DuckDBPyConnection:
    """An engine that knows the views, and can't be told to do anything else any more."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{start['memory_mb']}MB",
        "threads": start["threads"],
        "temp_directory": start["scratch"],
        "max_temp_directory_size": f"{start['disk_mb']}MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
    }
    engine = duckdb.connect(":memory:", config=config)
    engine.execute("set enable_progress_bar = false")
    engine.execute(f"set global max_execution_time = {int(start['seconds'] * 1000)}")
    for name, text in start["views"]:
        engine.execute(f'create view "{name}" as {text}')
    paths = ", ".join("'" + path.replace("'", "''") + "'" for path in start["files"])
    engine.execute(f"set global allowed_paths = [{paths}]")
    engine.execute("set global enable_external_access = false")
    engine.execute("set global lock_configuration = true")
    return engine


def _answer(
    answers: BinaryIO, engine: duckdb.DuckDBPyConnection, guard: Guard, asked: Told, start: Told
) -> None:
    try:
        if refusal := guard.refusal(asked["sql"]):
            _send(answers, _fault("refused", refusal.happened, refusal.todo))
            return
        table, cut = _read(engine, asked, start)
        body = _as_bytes(table)
    except (duckdb.Error, pa.ArrowException, MemoryError, OSError, ValueError, RuntimeError) as exc:
        _send(answers, _fault(*_sorted(exc, start["scratch"])))
        return
    _send(answers, {"rows": table.num_rows, "cut": cut})
    answers.write(packed(body))
    answers.flush()


def _read(
    engine: duckdb.DuckDBPyConnection, asked: Told, start: Told
) -> tuple[pa.Table, str | None]:
    """The answer as far as it goes, and what cut it off: `rows`, `bytes`, or nothing."""
    explain, select = without_explain(asked["sql"])
    cursor = engine.cursor()
    try:
        text = explain + select
        parameters = {name: _value(**given) for name, given in asked["parameters"].items()}
        relation = cursor.sql(text, params=parameters) if parameters else cursor.sql(text)
        if relation is None:
            raise ValueError("The statement gives no rows.")
        with _shown(relation).to_arrow_reader(_BATCH) as reader:
            table, cut = _taken(reader, start["rows"], start["answer_mb"] * _MB)
            return (_without_path(table, start["folder"]) if explain else table), cut
    finally:
        cursor.close()


def _shown(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The same with lists, spans of time and whatever else a table can't show as DuckDB writes
    them."""
    kinds = [str(kind.id) for kind in relation.types]
    if all(kind in _SHOWN_AS_THEY_ARE for kind in kinds):
        return relation
    columns = [
        f"#{place}" if kind in _SHOWN_AS_THEY_ARE else f"#{place}::varchar as {_quoted(name)}"
        for place, (name, kind) in enumerate(zip(relation.columns, kinds, strict=True), start=1)
    ]
    return relation.project(", ".join(columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _without_path(plan: pa.Table, folder: str) -> pa.Table:
    """A plan with the names of files as the lake has them, not where they lie on this machine."""
    columns = [
        _as_texts(str(one).replace(f"{folder}/", "") for one in column.to_pylist())
        for column in plan.columns
    ]
    return pa.table(columns, names=plan.column_names)


def _taken(reader: pa.RecordBatchReader, most: int, most_bytes: int) -> tuple[pa.Table, str | None]:
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    cut = None
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if size > most_bytes or rows > most:
            cut = "rows" if rows > most else "bytes"
            break
    table = pa.Table.from_batches(batches, reader.schema)
    if size > most_bytes:
        table = _fitting(table, most_bytes)
    return _plain(table.slice(0, most)), cut


def _fitting(table: pa.Table, most_bytes: int) -> pa.Table:
    """The first rows that are no larger than this together."""
    rows = table.num_rows
    while rows and table.slice(0, rows).nbytes > most_bytes:
        rows //= 2
    if not rows:
        raise RowTooLarge
    return table.slice(0, rows)


def _plain(table: pa.Table) -> pa.Table:
    """The same with distinct names, and as text what a table on a page can't show."""
    columns: list[pa.ChunkedArray] = []
    names: list[str] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
        plain = any(fits(column.type) for fits in _PLAIN)
        columns.append(column if plain else pa.chunked_array([_texts(column)]))
    return pa.table(columns, names=names)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return _as_texts(None if value is None else str(value) for value in column.to_pylist())


def _as_texts(values: Iterable[str | None]) -> pa.Array:
    """A column of texts. Not by `pa.array`, which looks for pandas at its first list: by then no
    module can be loaded any more."""
    builder = pa.lib.StringBuilder()
    for value in values:
        builder.append(value)
    return builder.finish()


def _value(kind: str, value: Any) -> Any:  # noqa: ANN401
    if value is not None and kind == "day":
        return date.fromisoformat(value)
    return value


def _as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _sorted(exc: BaseException, scratch: str) -> tuple[str, str, str]:
    """Kind, words and advice for what went wrong; never a path of this machine."""
    if isinstance(exc, duckdb.InterruptException):
        return "too_long", "", ""
    if what := _too_large(exc, scratch):
        return "too_large", what, ""
    if isinstance(exc, duckdb.IOException | duckdb.PermissionException | OSError):
        return "refused", "The question reads or writes what it may not.", "Read the tables only."
    return "failed", str(exc).split("\n\nDid you")[0][:1500], ""


def _too_large(exc: BaseException, scratch: str) -> str:
    """Of what it takes too much: `memory`, `disk` or `row`; empty when it is something else."""
    if isinstance(exc, RowTooLarge):
        return "row"
    if isinstance(exc, duckdb.IOException) and scratch in str(exc):
        return "disk"
    if isinstance(exc, duckdb.OutOfMemoryException | MemoryError):
        return "disk" if "max_temp_directory_size" in str(exc) else "memory"
    return ""


def _fault(kind: str, happened: str, todo: str) -> Told:
    return {"fault": kind, "happened": happened, "todo": todo}


def _send(answers: BinaryIO, told: Told) -> None:
    answers.write(packed(json.dumps(told).encode()))
    answers.flush()


if __name__ == "__main__":
    main()
