"""What the watcher does for the CDN: copies that are missing, copies that are too many, and caches.

Four rules over the record, each of which may be killed at any moment and is then done anew. What
the CDN should have is not written down anywhere: it follows from the record (ready renditions of
videos that are not in the trash, but not the originals). What it has, and what its caches have
still to forget, are rows (`storage.records.cdn`). A row is written before its file is put and
removed after its file is gone; a purge is asked for in the transaction that says so. So nothing
is forgotten, and no cache is emptied before what is behind it has changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from jobs.bootstrap import Services
from storage.errors import CdnError, CdnUnavailable, ObjectStoreError, StudioError
from storage.objects.cdn import Cdn
from storage.objects.cloudflare import URLS_PER_CALL
from storage.records import cdn as record
from storage.records.cdn import Leaving, Missing, Purge

log = structlog.get_logger(__name__)

CDN_S = 2.0
"""How often the watcher looks."""
RECENT = timedelta(days=1)
LISTED_EVERY_S = 24 * 3600.0
"""The bucket is listed so often: a thousand files a request, which cost."""
WHOLE_EVERY_S = 3600.0
"""Everything is compared so often, for what a look at recent changes can't see: an upgrade, a
record restored from a backup, a rendition that was made long after its video."""
FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
PER_RUN = 16
PER_WHOLE_RUN = 64
AT_ONCE = 4
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 3600.0


@dataclass
class CdnUpkeep:
    """The rules, and when everything was compared and listed last (monotonic seconds)."""

    services: Services
    compared_at: float = -math.inf
    listed_at: float = -math.inf

    async def run(self) -> None:
        """Every rule once, beside the event loop; nothing without a CDN."""
        if self.services.cdn is not None:
            await asyncio.to_thread(self.once, self.services.cdn)

    def once(self, cdn: Cdn) -> None:
        """Every rule once.

        Raises:
            RecordError: the record can't be reached.
        """
        whole = time.monotonic() - self.compared_at >= WHOLE_EVERY_S
        since = FIRST_MOMENT if whole else datetime.now(UTC) - RECENT
        with self.services.database.as_service() as tx:
            record.release_trashed(tx, since)
            if whole:
                record.release_unnamed(tx)
        if time.monotonic() - self.listed_at >= LISTED_EVERY_S:
            find_lost(self.services, cdn)
            self.listed_at = time.monotonic()
        remove_leaving(self.services, cdn)
        copied = copy_missing(self.services, cdn, since, PER_WHOLE_RUN if whole else PER_RUN)
        purge_caches(self.services, cdn)
        if whole and copied == 0:
            self.compared_at = time.monotonic()


def find_lost(services: Services, cdn: Cdn) -> int:
    """Have copies made again that somebody removed from the bucket; how many."""
    with services.database.as_service() as tx:
        counted_on = record.ready_keys(tx)
    try:
        lost = counted_on - {found.key for found in cdn.bucket.list("videos")}
    except ObjectStoreError as exc:
        log.warning("the CDN can't be listed", error=str(exc))
        return 0
    if lost:
        log.warning("copies are gone from the CDN", files=len(lost))
    with services.database.as_service() as tx:
        return record.copy_again(tx, sorted(lost))


def copy_missing(services: Services, cdn: Cdn, since: datetime, limit: int = PER_RUN) -> int:
    """Put what the CDN lacks of the videos that changed since then; how many were taken up."""
    with services.database.as_service() as tx:
        missing = record.claim_missing(tx, since, limit)
    _each(missing, lambda one: _copy(services, cdn, one))
    return len(missing)


def _copy(services: Services, cdn: Cdn, missing: Missing) -> None:
    try:
        _put_copy(services, cdn, missing)
    except ObjectStoreError as exc:
        _postpone(services, missing, exc)
        return
    with services.database.as_service() as tx:
        record.note_copied(tx, missing)
        if cdn.public and missing.former_sha256:
            former = cdn.public.cached(missing.cdn_key, missing.former_sha256)
            record.ask_purge(tx, former)


def _put_copy(services: Services, cdn: Cdn, missing: Missing) -> None:
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = services.store.local_path(missing.key)
        if path is None:
            path = Path(folder) / "file"
            services.store.fetch(missing.key, path)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 != missing.sha256:
            # It is being replaced just now, or damaged; in either case it gets no copy.
            raise ObjectStoreError(f"{missing.key!r} is not the file that the record names.")
        cdn.bucket.put(missing.cdn_key, path, missing.content_type)


def remove_leaving(services: Services, cdn: Cdn) -> None:
    """Remove copies that are to go, and ask for their purge."""
    with services.database.as_service() as tx:
        leaving = record.claim_leaving(tx, PER_RUN)
    _each(leaving, lambda one: _remove(services, cdn, one))


def _remove(services: Services, cdn: Cdn, leaving: Leaving) -> None:
    try:
        cdn.bucket.delete([leaving.cdn_key])
    except ObjectStoreError as exc:
        _postpone(services, leaving, exc)
        return
    with services.database.as_service() as tx:
        record.note_gone(tx, leaving.key)
        if cdn.public:
            record.ask_purge(tx, cdn.public.cached(leaving.cdn_key, leaving.sha256))


def purge_caches(services: Services, cdn: Cdn) -> None:
    """Let the caches forget what they were asked to; without a public address there are none."""
    if cdn.public is None:
        return
    with services.database.as_service() as tx:
        purges = record.claim_purges(tx, URLS_PER_CALL)
    # What was refused goes alone the next time: one address of a former domain stops no other.
    fresh = [purge for purge in purges if purge.tries == 0]
    for together in (fresh, *([purge] for purge in purges if purge.tries)):
        if together:
            _purge(services, cdn.public.cloudflare.purge, together)


def _purge(
    services: Services, purge: Callable[[Sequence[str]], None], purges: Sequence[Purge]
) -> None:
    try:
        purge([one.url for one in purges])
    except CdnError as exc:
        tries = max(one.tries for one in purges)
        asked_s = exc.retry_after_s if isinstance(exc, CdnUnavailable) else None
        log.warning("not purged", addresses=len(purges), tries=tries + 1, error=str(exc))
        with services.database.as_service() as tx:
            record.postpone_purges(tx, purges, _told(exc), max(asked_s or 0, _wait_s(tries)))
        return
    with services.database.as_service() as tx:
        record.note_purged(tx, purges)


def _postpone(services: Services, one: Missing | Leaving, exc: ObjectStoreError) -> None:
    log.warning("the CDN did not follow", key=one.key, tries=one.tries + 1, error=str(exc))
    with services.database.as_service() as tx:
        record.postpone(tx, one.key, _told(exc), _wait_s(one.tries))


def _each(work: Sequence[Missing] | Sequence[Leaving], do: Callable[..., None]) -> None:
    """Do it to each, a few at once; the first exception gets out when all have ended."""
    if work:
        with ThreadPoolExecutor(AT_ONCE, "cdn") as pool:
            list(pool.map(do, work))


def _wait_s(tries: int) -> float:
    """Seconds until the next try: twice as long after each."""
    return min(FIRST_WAIT_S * 2.0 ** min(tries, 20), LONGEST_WAIT_S)


def _told(exc: StudioError) -> str:
    return f"{exc.happened} {exc.todo}".strip()
