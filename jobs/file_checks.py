"""The doctor's checks of files: what the rules of `jobs.file_recovery` have to do, and what they
can not do. Everything is compared from one listing of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from jobs.bootstrap import Services
from jobs.checks import Check, shortened, told
from jobs.file_recovery import LEFT_OVER_AFTER, UNNAMED_AFTER
from jobs.file_store import trouble_with_store
from jobs.library import TRASH_DAYS
from storage.errors import StudioError
from storage.objects.base import StoredObject
from storage.records import books, files

MISSING = "every file of the record is in the store"
EXTRA = "the record knows every file in the store"
OWN_STORE = "the file store is this record's own"
LOST = "no file of a video is lost for good"
TRASH = "the trash is emptied in time"
LATE_DAYS = 1
"""The watcher purges every few minutes; a day more means that it can't."""


@dataclass(frozen=True)
class _Listing:
    """What the record names and what the store holds, by key."""

    recorded: dict[str, int]
    """Size in bytes."""
    stored: dict[str, StoredObject]
    settled: dict[UUID, bool]
    """Generations with files; whether each has all it will have. Unknown ones are missing here."""


def file_checks(services: Services) -> list[Check]:
    """Every check of files; what can't be reached is the one finding."""
    try:
        listing = _list(services)
        return [
            Check(MISSING, _missing(listing)),
            # No more than a look: the watcher removes what is left over, and keeps the rest.
            Check(EXTRA, [*_left_over(listing), *_unnamed(services, listing)], warning=True),
            Check(OWN_STORE, _own_store(services)),
            Check(LOST, shortened(_lost_for_good(services))),
            Check(TRASH, _late_purges(services), warning=True),
        ]
    except StudioError as exc:
        return [Check(MISSING, told(exc))]


def _list(services: Services) -> _Listing:
    # The record first: what it names was stored before, so nothing is missed in between.
    with services.database.as_service() as tx:
        recorded = books.files(tx)
    stored = {
        found.key: found for folder in ("videos", "inputs") for found in services.store.list(folder)
    }
    unnamed = stored.keys() - recorded.keys()
    ids = {found for key in unnamed if (found := generation_of(key))}
    with services.database.as_service() as tx:
        # What a worker has put meanwhile may be named by now.
        recorded |= books.files(tx) if unnamed else {}
        settled = files.known_generations(tx, list(ids))
    return _Listing(recorded, stored, settled)


def generation_of(key: str) -> UUID | None:
    """The generation that a video's file belongs to by its name; None for other files."""
    folder, _, rest = key.partition("/")
    try:
        return UUID(rest.partition("/")[0]) if folder == "videos" else None
    except ValueError:
        return None


def _missing(listing: _Listing) -> list[str]:
    recorded, stored = listing.recorded, listing.stored
    problems = [f"{key} is missing." for key in sorted(recorded.keys() - stored.keys())]
    for key in sorted(recorded.keys() & stored.keys()):
        if recorded[key] != stored[key].size_bytes:
            problems.append(
                f"{key} has {stored[key].size_bytes} bytes, the record says {recorded[key]}."
            )
    if not problems:
        return []
    head = f"{_files(len(problems))}: the watcher has those made again that can be."
    return [head, *shortened(problems)]


def _left_over(listing: _Listing) -> list[str]:
    """Files of videos that no rendition names, by what becomes of them."""
    left, foreign = [], []
    for key in sorted(listing.stored.keys() - listing.recorded.keys()):
        if not key.startswith("videos/"):
            continue
        settled = listing.settled.get(generation_of(key) or UUID(int=0))
        if settled is None:
            foreign.append(listing.stored[key])
        elif settled:
            left.append(listing.stored[key])
    hours = LEFT_OVER_AFTER.total_seconds() / 3600
    return [
        *_counted(left, f"left over; the watcher removes what is older than {hours:.0f} hours"),
        *_counted(foreign, "of no generation that this record knows; kept"),
    ]


def _unnamed(services: Services, listing: _Listing) -> list[str]:
    """Old images that no request came of."""
    oldest = datetime.now(UTC) - UNNAMED_AFTER
    old = [
        key
        for key, found in listing.stored.items()
        if key.startswith("inputs/") and key not in listing.recorded and found.updated_at < oldest
    ]
    with services.database.as_service() as tx:
        unnamed = files.unnamed_inputs(tx, old)
    found = [listing.stored[key] for key in sorted(unnamed)]
    return _counted(found, "of no request; the watcher removes them within a day")


def _counted(found: list[StoredObject], words: str) -> list[str]:
    if not found:
        return []
    megabytes = sum(one.size_bytes for one in found) / 1e6
    head = f"{_files(len(found))} ({megabytes:,.1f} MB) {words}:"
    return [head, *shortened([one.key for one in found])]


def _files(count: int) -> str:
    return f"{count:,} file" if count == 1 else f"{count:,} files"


def _own_store(services: Services) -> list[str]:
    trouble = trouble_with_store(services)
    return [trouble] if trouble else []


def _lost_for_good(services: Services) -> list[str]:
    with services.database.as_service() as tx:
        lost = files.lost(tx)
    if not lost:
        return []
    head = (
        f"{_files(len(lost))}: put each back from a backup under its name, or move its video to "
        "the trash."
    )
    return [head, *(f"{key}: {problem}" for key, problem in lost.items())]


def _late_purges(services: Services) -> list[str]:
    with services.database.as_service() as tx:
        due = files.purges_due(tx, trash_days=TRASH_DAYS + LATE_DAYS)
    problems = []
    if due.half_deleted:
        problems.append(f"{due.half_deleted:,} half-deleted: the watcher goes on with them.")
    if due.overdue:
        problems.append(
            f"{due.overdue:,} in the trash for more than {TRASH_DAYS + LATE_DAYS} days: "
            "look into the watcher's log."
        )
    return problems
