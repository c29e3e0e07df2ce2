"""The invariants of the books, each a query that returns the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.postgres import Transaction
from storage.sqlfiles import migrations, queries

_Q = queries("books")
_NOT_INVARIANTS = frozenset({"files", "applied_migrations"})
_WARNINGS = frozenset({"unknown_outcomes", "found_after_the_end", "unverified_charges"})


@dataclass(frozen=True)
class Broken:
    """One invariant and the rows that break it (none: it holds)."""

    name: str
    description: str
    rows: list[dict[str, Any]]
    """Each with `id` and `problem`."""
    warning: bool
    """True: worth a person's look, but nothing is broken."""


def broken_invariants(tx: Transaction) -> list[Broken]:
    """Every invariant with what breaks it."""
    return [
        Broken(name, query.description, list(tx.all(query)), warning=name in _WARNINGS)
        for name, query in _Q.items()
        if name not in _NOT_INVARIANTS
    ]


def files(tx: Transaction) -> dict[str, int]:
    """Size in bytes of every file that the record says is in the store, by key."""
    return {row["key"]: row["size_bytes"] for row in tx.all(_Q["files"])}


def missing_migrations(tx: Transaction) -> list[str]:
    """Names of migrations that ship but are not applied."""
    applied = {row["name"] for row in tx.all(_Q["applied_migrations"])}
    return [name for name, _ in migrations() if name not in applied]
