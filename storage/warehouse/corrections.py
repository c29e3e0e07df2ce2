"""Corrections of old months, which wait for each other: a month is rewritten as a whole.

What waits is a relation of the lake that no reader sees, so it is published with the watermark that
has passed it, and nothing is lost.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb

from storage.warehouse.lake import Lake
from storage.warehouse.manifest import Manifest, first_daily, reading
from storage.warehouse.relations import DATASETS, steps
from storage.warehouse.touched import Touched, touched_by_changes

CORRECTIONS_WAIT = timedelta(minutes=10)
"""How long a change of an old month waits for others, at most."""
MOST_WAITING = 50_000
WAITING = "waiting"

_S = steps()


class Corrections:
    """What waited, in the connection of one pass."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, lake: Lake, now: datetime, *, at_once: bool
    ) -> None:
        self._connection = connection
        self._lake = lake
        self._now = now
        self._at_once = at_once
        connection.execute(_S["make_waiting"].text)

    def due(self, old: Manifest) -> dict[str, frozenset[str]]:
        """Ids, by dataset, of what waited in the lake and is to be read again now."""
        if kept := old.relations.get(WAITING):
            known = reading(self._lake.folder, kept)
            self._connection.execute(_S["load_waiting"].with_parts(known=known).text)
        self._at_once = self._at_once or self._is_due()
        if not self._at_once:
            return {}
        rows = self._connection.execute(_S["waiting_again"].text).fetchall()
        return {dataset: frozenset(keys) for dataset, keys in rows}

    def settle(self) -> Touched:
        """Apply what waited, or take what has to wait out of what is applied. What is touched
        then."""
        if self._at_once:
            for dataset in DATASETS:
                self._connection.execute(_S["apply_gone"].with_parts(dataset=dataset).text)
            self._connection.execute(_S["forget_waiting"].text)
            return touched_by_changes(self._connection)
        touched = touched_by_changes(self._connection)
        daily_from = first_daily(self._now)
        old = [name for name in DATASETS if touched.reaches_before(name, daily_from)]
        for dataset in old:
            self._put_off(dataset, daily_from)
        return touched_by_changes(self._connection) if old else touched

    def _is_due(self) -> bool:
        since, n = self._connection.execute(_S["waiting_since"].text).fetchall()[0]
        if since is None:
            return False
        return bool(n > MOST_WAITING or since.replace(tzinfo=UTC) <= self._now - CORRECTIONS_WAIT)

    def _put_off(self, dataset: str, daily_from: date) -> None:
        noted = {"daily_from": daily_from, "now": self._now.astimezone(UTC).replace(tzinfo=None)}
        for rows in ("new", "gone"):
            put_off, leave_out = _S[f"put_off_{rows}"], _S[f"leave_out_{rows}"]
            self._connection.execute(put_off.with_parts(dataset=dataset).text, noted)
            self._connection.execute(
                leave_out.with_parts(dataset=dataset).text, {"daily_from": daily_from}
            )
