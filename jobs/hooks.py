"""fal's webhooks: a signed call that a request has ended makes the watcher look at it now.

Nothing that a call says is believed beyond "look at this request": status, result and bill are
fetched as usual, so a forged or repeated call can cost one poll and nothing else.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from jobs.errors import FalUnavailable
from jobs.fal.webhooks import WebhookKeys, verify
from storage.postgres import Database
from storage.records import attempts
from storage.settings import Settings

log = structlog.get_logger(__name__)

HOOK_PATH = "/webhook/fal"
NO_KEYS_FOR_S = 30.0
"""After fal's keys could not be fetched, calls are turned away for so long without a new try."""
_REQUEST_ID = re.compile(r"[\w.:-]{1,200}", re.ASCII)


def webhook_url(settings: Settings) -> str | None:
    """Where fal is asked to call back; None when it could not, and polling alone has to do.

    fal calls public https addresses only (fal docs, Model APIs, Webhooks); the simulator any.
    """
    public = settings.public_url
    if public is None or not (public.startswith("https://") or settings.uses_simulator):
        return None
    return public.rstrip("/") + HOOK_PATH


class Hook:
    """Checks calls and tells the watcher which request to look at. Safe from many threads.

    `clock` gives seconds that never run backwards; `now` the time that signatures are checked
    against, aware.
    """

    def __init__(
        self,
        keys: WebhookKeys,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._no_keys_until: float | None = None

    def hear(self, database: Database, headers: Mapping[str, str], body: bytes) -> bool:
        """Take one call; True when a request that is still watched is now looked at sooner.

        Safe to repeat: fal delivers more than once, and a recorded call stays valid for minutes.
        Blocks.

        Raises:
            FalWebhookInvalid: it is not from fal, or too late.
            FalUnavailable: fal's keys can't be fetched now.
            RecordError: the record can't be asked now.
        """
        message = verify(headers, body, self._current_keys(), self._now())
        if not _REQUEST_ID.fullmatch(message.request_id):
            return False
        with database.as_service() as tx:
            sooner = attempts.look_soon(tx, message.request_id)
        log.info("webhook heard", request_id=message.request_id, sooner=sooner)
        return sooner

    def _current_keys(self) -> list[bytes]:
        """fal's keys; one thread fetches while the others wait for what it finds."""
        with self._lock:
            if self._no_keys_until is not None and self._clock() < self._no_keys_until:
                raise FalUnavailable("fal's webhook keys could not be fetched a moment ago.")
            try:
                keys = self._keys.current()
            except FalUnavailable:
                self._no_keys_until = self._clock() + NO_KEYS_FOR_S
                raise
            self._no_keys_until = None
            return keys
