"""Keeps the warehouse up to the record: by the watcher every few seconds, and by hand.

The warehouse is derived. Whatever goes wrong here is logged and tried again, and stops no
generation.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from jobs.bootstrap import LIVE, Services
from storage.errors import SettingsError, StudioError, WarehouseBusy, WarehouseError
from storage.records import warehouse as record
from storage.warehouse.lake import GRACE_S, Lake
from storage.warehouse.manifest import Manifest
from storage.warehouse.syncing import Pass, sync
from storage.warehouse.turn import own_turn

log = structlog.get_logger(__name__)

WAREHOUSE_S = 2.0
"""How often the watcher looks whether something was written."""
CONFIRMED_EVERY = timedelta(minutes=1)
"""So often the lake says that it is up to date when nothing changes."""


def sync_warehouse(services: Services, *, corrections: bool = False) -> Pass:
    """Bring the warehouse up to the record; the first time, and when it is another's, whole.

    `corrections`: changes of old months don't wait for others.

    Raises:
        WarehouseBusy: another process is at it.
        WarehouseError: the lake can't be read or written.
        RecordUnavailable: Postgres can't be read.
    """
    return _sync(services, whole=False, corrections=corrections)


def rebuild_warehouse(services: Services) -> Pass:
    """Make the warehouse anew from the record. Readers have the old one until the end.

    Raises:
        WarehouseBusy: another process is at it.
        WarehouseError: the lake can't be written.
        RecordUnavailable: Postgres can't be read.
    """
    return _sync(services, whole=True, corrections=True)


def live_folder(services: Services) -> Path:
    """Where the lake of real generations is."""
    return services.settings.warehouse_folder / LIVE


def _sync(services: Services, *, whole: bool, corrections: bool) -> Pass:
    url = services.settings.database_url
    if url is None:
        raise SettingsError("No database is configured.")
    folder = live_folder(services)
    with own_turn(url) as still_mine:
        done = sync(url, folder, whole=whole, corrections=corrections, still_mine=still_mine)
        Lake(folder).collect_garbage(GRACE_S)
    return done


@dataclass
class WarehouseUpkeep:
    """The watcher's chore: a pass when something was written, in a thread of its own.

    A whole copy may take minutes. The thread is a daemon: a watcher that is told to stop doesn't
    wait for it, because a pass may be killed at any moment.
    """

    services: Services
    _thread: threading.Thread | None = None

    async def run(self) -> None:
        """Begin a pass unless the last one is still at it."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=keep_warehouse, args=(self.services,), name="warehouse", daemon=True
            )
            self._thread.start()


def keep_warehouse(services: Services) -> None:
    """A pass if one is due. What goes wrong is logged; the next one tries again."""
    try:
        if _is_due(services, datetime.now(UTC)):
            done = sync_warehouse(services)
            log.debug("warehouse synced", rows=done.rows, whole=done.whole, waiting=done.waiting)
    except WarehouseBusy:
        log.debug("somebody else syncs the warehouse")
    except Exception as exc:
        log.warning("the warehouse was not synced", error=str(exc), exc_info=not _foreseen(exc))


def _foreseen(exc: Exception) -> bool:
    return isinstance(exc, StudioError)


def _is_due(services: Services, now: datetime) -> bool:
    """Whether something was written, or may have changed unwritten: names, and money set aside."""
    manifest = _manifest(services)
    if manifest is None or now - manifest.published_at > CONFIRMED_EVERY:
        return True
    with services.database.as_service() as tx:
        return record.any_since(tx, manifest.watermark)


def _manifest(services: Services) -> Manifest | None:
    """The lake's state; None when there is none or it can't be read: then it is made anew."""
    try:
        return Lake(live_folder(services)).manifest()
    except WarehouseError:
        return None
