"""Looks for contradictions: of the lake with itself, and with the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pydantic import SecretStr

from storage.errors import WarehouseError
from storage.warehouse.corrections import WAITING
from storage.warehouse.manifest import Manifest, reading
from storage.warehouse.pulling import Wanted, looking
from storage.warehouse.reader import EVERYTHING, view_texts
from storage.warehouse.relations import asserts, reconciling

UNTIL_CORRECTED = frozenset({"assert_charges_have_generations", "assert_costs_equal_charges"})
"""What can't hold while corrections of old months wait: a new charge of an old generation is there
before the generation's own row says so."""


@dataclass(frozen=True)
class Contradiction:
    """One rule and the rows that break it (none: it holds)."""

    rule: str
    rows: list[tuple[str, str]]
    """What it is about, and what is wrong with it."""


class Checking:
    """The state of one manifest, opened to be checked."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._manifest = manifest
        self._connection = duckdb.connect()
        self._connection.execute("set enable_progress_bar = false")
        with _mapped_errors():
            for name, text in view_texts(folder, manifest, EVERYTHING):
                self._connection.execute(f'create view "{name}" as {text}')

    def with_itself(self) -> list[Contradiction]:
        """Every assertion of `sql/duckdb/asserts` with what breaks it."""
        waits = self._manifest.rows(WAITING) > 0
        return [
            Contradiction(query.description, self._rows(query.text))
            for name, query in asserts().items()
            if not (waits and name in UNTIL_CORRECTED)
        ]

    def with_record(self, url: SecretStr) -> Contradiction:
        """Where counts and sums are not those of the record, as far as the lake has read it.

        Raises:
            RecordUnavailable: Postgres can't be read.
        """
        wanted = Wanted(self._manifest.watermark, self._waiting())
        with looking(url) as pull:
            left_out = pull.totals(self._connection, wanted)
        given = {name: list(ids) for name, ids in left_out.again.items()}
        query = reconciling()["differences"]
        return Contradiction(query.description, self._rows(query.text, given))

    def _waiting(self) -> dict[str, frozenset[str]]:
        keys: dict[str, set[str]] = defaultdict(set)
        if kept := self._manifest.relations.get(WAITING):
            query = reconciling()["waiting"].with_parts(waiting=reading(self._folder, kept))
            for dataset, key in self._rows(query.text):
                keys[dataset].add(key)
        return {dataset: frozenset(ids) for dataset, ids in keys.items()}

    def _rows(self, text: str, given: dict[str, list[str]] | None = None) -> list[tuple[str, str]]:
        with _mapped_errors():
            return [(row[0], row[1]) for row in self._connection.execute(text, given).fetchall()]


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as exc:
        raise WarehouseError(
            f"The warehouse can't be checked: {exc}", todo="Run `studio warehouse rebuild`."
        ) from exc
