"""How far the CDN has followed the record (`sql/postgres/queries/cdn.sql`).

Whoever works at the CDN takes a row up first, for `LEASE_S`; when it dies, another may do so after
that time. A copy is made, replaced and removed by one process at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.objects.cdn import Copy
from storage.postgres import Database, Transaction
from storage.sqlfiles import queries

_Q = queries("cdn")

LEASE_S = 1800.0
"""Longer than one file takes: a process that has been at it for so long is gone."""


@dataclass(frozen=True)
class Missing:
    """A file that the CDN does not have as it is."""

    key: str
    cdn_key: str
    sha256: str
    content_type: str
    tries: int
    former_sha256: str | None
    """Of what the CDN has in its place; None when it has nothing."""


@dataclass(frozen=True)
class Leaving:
    """A copy that is to go."""

    key: str
    cdn_key: str
    sha256: str | None
    """None when no copy was ever finished."""
    tries: int


@dataclass(frozen=True)
class Purge:
    """An address that the caches have to forget."""

    id: int
    url: str
    tries: int


@dataclass(frozen=True)
class Trouble:
    """What did not work so far."""

    subject: str
    what: str
    """`copying`, `leaving` or `purge`."""
    tries: int
    problem: str


class RecordedCopies:
    """What `storage.objects.cdn.CdnStore` needs to know, from the record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> Copy | None:
        """The copy of the file under `key`; None when there is none, or of another version."""
        with self._database.as_service() as tx:
            row = tx.one_or_none(_Q["find"], key=key)
        return Copy(row["cdn_key"], row["sha256"]) if row else None

    def release(self, keys: Sequence[str]) -> None:
        """Say that the copies of these files are to go."""
        with self._database.as_service() as tx:
            tx.run(_Q["release"], keys=[*keys])


def release_trashed(tx: Transaction, since: datetime) -> int:
    """Copies of videos that went to the trash since then are to go; how many."""
    return tx.run(_Q["release_trashed"], since=since)


def release_unnamed(tx: Transaction) -> int:
    """Copies of files that no video names are to go; how many."""
    return tx.run(_Q["release_unnamed"])


def claim_missing(tx: Transaction, since: datetime, limit: int) -> list[Missing]:
    """Take up files that the CDN lacks, of videos that changed since then, newest first."""
    rows = tx.all(_Q["claim_missing"], since=since, limit=limit, lease_s=LEASE_S)
    return [Missing(**row) for row in rows]


def note_copied(tx: Transaction, missing: Missing) -> None:
    """The CDN has this file now."""
    tx.run(_Q["note_copied"], key=missing.key, sha256=missing.sha256)


def claim_leaving(tx: Transaction, limit: int) -> list[Leaving]:
    """Take up copies that are to go."""
    return [Leaving(**row) for row in tx.all(_Q["claim_leaving"], limit=limit, lease_s=LEASE_S)]


def note_gone(tx: Transaction, key: str) -> None:
    """The CDN does not have this copy any more."""
    tx.run(_Q["note_gone"], key=key)


def postpone(tx: Transaction, key: str, problem: str, wait_s: float) -> None:
    """Try this copy again after a while."""
    tx.run(_Q["postpone"], key=key, problem=problem, wait_s=wait_s)


def ask_purge(tx: Transaction, urls: Sequence[str]) -> None:
    """The caches have to forget these addresses."""
    if urls:
        tx.run(_Q["ask_purge"], urls=[*urls])


def claim_purges(tx: Transaction, limit: int) -> list[Purge]:
    """Take up addresses to purge."""
    return [Purge(**row) for row in tx.all(_Q["claim_purges"], limit=limit, lease_s=LEASE_S)]


def note_purged(tx: Transaction, purges: Sequence[Purge]) -> None:
    """The caches have forgotten these."""
    tx.run(_Q["note_purged"], ids=[purge.id for purge in purges])


def postpone_purges(tx: Transaction, purges: Sequence[Purge], problem: str, wait_s: float) -> None:
    """Try these again after a while."""
    ids = [purge.id for purge in purges]
    tx.run(_Q["postpone_purges"], ids=ids, problem=problem, wait_s=wait_s)


def troubles(tx: Transaction) -> list[Trouble]:
    """What did not work so far, the worst first."""
    return [Trouble(**row) for row in tx.all(_Q["troubles"])]


def ready_keys(tx: Transaction) -> set[str]:
    """Keys in the bucket of every copy whose address is given out."""
    return {row["cdn_key"] for row in tx.all(_Q["ready_keys"])}


def copy_again(tx: Transaction, cdn_keys: Sequence[str]) -> int:
    """These copies are gone from the bucket; how many of them are made again."""
    return tx.run(_Q["copy_again"], cdn_keys=[*cdn_keys])
