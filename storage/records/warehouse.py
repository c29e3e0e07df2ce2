"""Whether the record was written to since a moment that the warehouse knows."""

from __future__ import annotations

from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("warehouse")


def any_since(tx: Transaction, watermark: str) -> bool:
    """Whether anything that the warehouse is made of was written at or after this `xid8`."""
    return bool(tx.one(_Q["changed"], since=watermark)["changed"])
