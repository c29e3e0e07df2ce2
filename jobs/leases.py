"""Keeps a worker's lease alive while it works, so that another worker takes over when it dies."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from storage.errors import RecordError

log = structlog.get_logger(__name__)

LEASE_S = 30.0
"""A dead worker's generation is free again after this."""
BEAT_S = 8.0
"""Three beats may be lost before a living worker loses its lease."""


@contextmanager
def kept_alive(renew: Callable[[float], bool]) -> Iterator[None]:
    """Call `renew` every `BEAT_S` seconds for the length of a `with` block.

    A lost lease is only logged: every write of the worker names its token and so changes nothing.
    """
    stop = threading.Event()
    carried = contextvars.copy_context()  # what log lines carry; a thread begins without
    beater = threading.Thread(
        target=carried.run, args=(_beat, renew, stop), daemon=True, name="lease"
    )
    beater.start()
    try:
        yield
    finally:
        stop.set()
        beater.join()


def _beat(renew: Callable[[float], bool], stop: threading.Event) -> None:
    while not stop.wait(BEAT_S):
        try:
            if not renew(LEASE_S):
                log.warning("lease lost")
                return
        except RecordError as exc:
            log.warning("lease not renewed", error=str(exc))
