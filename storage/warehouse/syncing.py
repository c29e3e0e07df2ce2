"""One pass that brings the lake up to the record.

A pass reads what changed since the lake's watermark and publishes it with the next watermark, in
one rename: whatever kills it, the next pass reads the same changes again, and applying them twice
changes nothing. A lake of another record, another zone or with a file missing is made anew.

Rewriting an old month because somebody rated one of its videos costs as much as the month is large:
such corrections wait for each other. What is new never waits for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from pydantic import SecretStr

from storage.errors import WarehouseError
from storage.warehouse.corrections import WAITING, Corrections
from storage.warehouse.lake import Lake, Marks
from storage.warehouse.manifest import Manifest, reading
from storage.warehouse.pulling import Horizon, Line, Pull, Wanted, stage
from storage.warehouse.relations import DATASETS, SMALL, steps
from storage.warehouse.touched import Known, touched_by_changes

_S = steps()


@dataclass(frozen=True)
class Pass:
    """What one pass did."""

    manifest: Manifest
    whole: bool
    """True: the lake was made anew."""
    rows: int
    """Rows written or removed; 0: nothing was another than before."""

    @property
    def waiting(self) -> int:
        """Corrections of old months that are put off."""
        return self.manifest.rows(WAITING)


def sync(
    url: SecretStr,
    folder: Path,
    *,
    whole: bool = False,
    corrections: bool = False,
    still_mine: Callable[[], None] = lambda: None,
    now: datetime | None = None,
    line: Line | None = None,
) -> Pass:
    """Bring the lake up to the record.

    `whole`: make it anew. `corrections`: put nothing off. `still_mine` raises when the caller's
    lock is lost; it is asked before anything is published. `line`: one to the record that is open;
    else one is opened for this pass.

    Raises:
        RecordUnavailable: Postgres can't be read.
        WarehouseBusy: somebody else has published meanwhile.
        WarehouseError: the lake can't be read or written.
    """
    lake, now = Lake(folder), now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    old = None if whole else _usable(lake)
    with _line(url, line) as open_line, _mapped_errors(), ExitStack() as scratch:
        with open_line.looking() as pull:
            horizon = pull.horizon()
            old = old if old and _continues(old, horizon) else None
            working = open_line.scratch.working(folder, whole=old is None)
            connection = scratch.enter_context(working)
            waiting = Corrections(connection, lake, now, at_once=corrections)
            _read(pull, connection, waiting, old)
        unchanged = open_line.unchanged(old.publication, pull.small) if old else frozenset()
        stage(connection, whole=old is None, unchanged=unchanged)
        known = _compared(connection, lake, old, waiting, now)
        still_mine()
        done = _publish(connection, lake, old, horizon, now, replace(known, unchanged=unchanged))
        open_line.note(done.manifest.publication, pull.small)
        return done


def _read(
    pull: Pull, into: duckdb.DuckDBPyConnection, waiting: Corrections, old: Manifest | None
) -> None:
    """Everything, or what an earlier state has to learn."""
    if old is None:
        pull.everything(into)
    else:
        pull.changes(into, Wanted(old.watermark, waiting.due(old)))


@contextmanager
def _line(url: SecretStr, line: Line | None) -> Iterator[Line]:
    """The one that is open, or one for this pass."""
    if line is not None:
        yield line
        return
    with closing(Line(url)) as own:
        yield own


def _usable(lake: Lake) -> Manifest | None:
    try:
        return lake.manifest() if lake.is_whole() else None
    except WarehouseError:
        return None


def _continues(old: Manifest, horizon: Horizon) -> bool:
    """Whether the lake is an earlier state of this record."""
    same = (old.system_id, old.time_zone) == (horizon.system_id, horizon.time_zone)
    return same and not old.demo and int(old.watermark) <= int(horizon.next)


def _publish(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    old: Manifest | None,
    horizon: Horizon,
    now: datetime,
    known: Known,
) -> Pass:
    marks = Marks(horizon.watermark, horizon.system_id, horizon.time_zone)
    rows = known.touched.rows
    if (
        old is not None
        and not rows
        and all(
            name in known.unchanged or _is_same(connection, lake, old, name)
            for name in (*SMALL, WAITING)
        )
    ):
        return Pass(lake.confirm(marks, now=now) or old, whole=False, rows=0)
    manifest = lake.publish(
        connection, marks, whole=old is None, now=now, beside=(WAITING,), known=known
    )
    return Pass(manifest, old is None, rows)


def _compared(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    old: Manifest | None,
    waiting: Corrections,
    now: datetime,
) -> Known:
    """Leave only what is really another, and does not wait: a pass reads what may have changed,
    often twice."""
    if old is None:
        # A lake that is made anew has nothing to lose.
        for dataset in DATASETS:
            _run(connection, "forget_gone", dataset=dataset)
        return Known(touched_by_changes(connection))
    touched = waiting.settle()
    losing = [dataset for dataset in DATASETS if touched.loses(dataset)]
    for dataset in losing:
        _run(connection, "keep_what_is_back", dataset=dataset)
    held = lake.hold(connection, old, now, touched)
    return Known(touched_by_changes(connection) if held or losing else touched, held)


def _is_same(connection: duckdb.DuckDBPyConnection, lake: Lake, old: Manifest, name: str) -> bool:
    """Whether a small relation is what the lake has."""
    new = name if name == WAITING else f"new_{name}"
    known = reading(lake.folder, old.relations[name])
    return _run(connection, "differing", new=new, known=known).fetchone() == (0,)


def _run(
    connection: duckdb.DuckDBPyConnection, step: str, **parts: str
) -> duckdb.DuckDBPyConnection:
    return connection.execute(_S[step].with_parts(**parts).text)


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as exc:
        raise WarehouseError(
            f"The warehouse could not be brought up to date: {exc}",
            todo="What is published stays. `studio warehouse rebuild` makes it anew.",
        ) from exc
