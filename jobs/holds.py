"""Holds that nothing can charge any more."""

from __future__ import annotations

import structlog

from storage.postgres import Transaction
from storage.records import ledger

log = structlog.get_logger(__name__)


def release_expired(tx: Transaction) -> int:
    """Free holds past their end whose generation has ended; how many.

    An unfinished generation keeps its hold however old it is: fal may still bill it, and a lost
    answer may still be found. Ending a generation frees its hold in the same statement, so this
    finds something only after the record was restored or mended by hand.
    """
    released = ledger.release_expired(tx)
    if released:
        log.warning("holds of finished generations freed", holds=released)
    return released
