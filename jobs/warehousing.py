"""Brings the warehouse up to the record: the use cases behind the terminal and the watcher.

The warehouse is derived: whatever goes wrong here stops no generation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from pydantic import SecretStr

from jobs.bootstrap import LIVE, Services
from storage.errors import SettingsError, StudioError, WarehouseBusy, WarehouseError
from storage.postgres import Database
from storage.records import warehouse as record
from storage.warehouse.lake import GRACE_S, Lake
from storage.warehouse.manifest import Manifest
from storage.warehouse.turn import own_turn

# Many import this, few sync: DuckDB, Arrow and ADBC are imported at the first pass.
if TYPE_CHECKING:
    from storage.warehouse.pulling import Line
    from storage.warehouse.syncing import Pass

log = structlog.get_logger(__name__)

COLLECTED_EVERY = 20
"""Looking through the whole folder for files that nobody needs is not for every pass."""
CONFIRMED_EVERY = timedelta(minutes=1)
"""So often the lake says that it is up to date when nothing changes."""
MENDING_WAITS_S = 60.0


def sync_warehouse(services: Services, *, corrections: bool = False, wait_s: float = 0.0) -> Pass:
    """Bring the warehouse up to the record; the first time, and when it is another's, whole.

    `corrections`: changes of old months don't wait for others. `wait_s`: how long to wait for
    another process that is at it.

    Raises:
        WarehouseBusy: another process is at it.
        WarehouseError: the lake can't be read or written.
        RecordUnavailable: Postgres can't be read.
    """
    folder = live_folder(services)
    return sync_folder(_url(services), folder, corrections=corrections, wait_s=wait_s)


def rebuild_warehouse(services: Services, *, wait_s: float = 0.0) -> Pass:
    """Make the warehouse anew from the record. Readers have the old one until the end.

    `wait_s`: how long to wait for another process that is at it.

    Raises:
        WarehouseBusy: another process is at it.
        WarehouseError: the lake can't be written, or contradicts itself.
        RecordUnavailable: Postgres can't be read.
    """
    return sync_folder(_url(services), live_folder(services), whole=True, wait_s=wait_s)


def live_folder(services: Services) -> Path:
    """Where the lake of real generations is."""
    return services.settings.warehouse_folder / LIVE


def _url(services: Services) -> SecretStr:
    if services.settings.database_url is None:
        raise SettingsError("No database is configured.")
    return services.settings.database_url


def sync_folder(
    url: SecretStr,
    folder: Path,
    *,
    whole: bool = False,
    corrections: bool = False,
    wait_s: float = 0.0,
    line: Line | None = None,
) -> Pass:
    """One pass over the lake in `folder`, when nobody else is at it; see `sync_warehouse`.

    `line`: one to the record that stays open, for those who sync again and again.
    """
    from storage.warehouse.syncing import sync

    turn = line.turn.own(wait_s=wait_s) if line else own_turn(url, wait_s=wait_s)
    with turn as still_mine:
        done = sync(
            url,
            folder,
            whole=whole,
            corrections=corrections,
            still_mine=still_mine,
            line=line,
        )
        if done.whole or (done.rows and done.manifest.number % COLLECTED_EVERY == 0):
            Lake(folder).collect_garbage(GRACE_S)
    if done.whole:
        _check(folder, done)
    return done


def _check(folder: Path, done: Pass) -> None:
    """A lake that was made anew is checked before anybody relies on it for long."""
    from storage.warehouse.checking import Checking

    broken = [rule for rule in Checking(folder, done.manifest).with_itself() if rule.rows]
    if broken:
        what, problem = broken[0].rows[0]
        raise WarehouseError(
            f"The new warehouse contradicts itself: {broken[0].rule} {what}: {problem}.",
            todo="It is a mistake of the studio: `studio doctor` has the whole list.",
        )


def line_to(url: SecretStr) -> Line:
    """A line to the record for `keep_warehouse`, which opens it when it is needed."""
    from storage.warehouse.pulling import Line

    return Line(url)


def keep_warehouse(
    database: Database, url: SecretStr, folder: Path, line: Line | None = None
) -> bool:
    """A pass if one is due. False: something went wrong, which is logged; try again later."""
    try:
        if _is_due(database, folder, datetime.now(UTC)):
            done = sync_folder(url, folder, line=line)
            log.debug("warehouse synced", rows=done.rows, whole=done.whole, waiting=done.waiting)
    except WarehouseBusy:
        log.debug("somebody else syncs the warehouse")
    except StudioError as exc:
        log.warning("the warehouse was not synced", error=str(exc))
        return False
    except Exception:
        log.exception("the warehouse was not synced")
        return False
    return True


def mend_warehouse(url: SecretStr, folder: Path) -> bool:
    """Look for contradictions as the doctor does, and make a lake anew that has one.

    True: it had. What can't be looked at now is logged; the next look is for it.
    """
    try:
        found = _found_wrong(url, folder)
        if found:
            log.error("the warehouse is wrong and is made anew", problems=found)
            sync_folder(url, folder, whole=True, wait_s=MENDING_WAITS_S)
    except StudioError as exc:
        log.warning("the warehouse was not checked or not mended", error=str(exc))
        return False
    return bool(found)


def _found_wrong(url: SecretStr, folder: Path) -> list[str]:
    from storage.warehouse.checking import Checking

    manifest = Lake(folder).manifest()
    if manifest is None:
        return []
    checking = Checking(folder, manifest)
    rules = [*checking.with_itself(), checking.with_record(url)]
    return [f"{rule.rule} {what}: {problem}" for rule in rules for what, problem in rule.rows[:1]]


def _is_due(database: Database, folder: Path, now: datetime) -> bool:
    """Whether something was written, or may have changed unwritten: names, and money set aside."""
    manifest = _manifest(folder)
    if manifest is None or now - manifest.published_at > CONFIRMED_EVERY:
        return True
    with database.as_service() as tx:
        return record.any_since(tx, manifest.watermark)


def _manifest(folder: Path) -> Manifest | None:
    """The lake's state; None when there is none or it can't be read: then it is made anew."""
    try:
        return Lake(folder).manifest()
    except WarehouseError:
        return None
