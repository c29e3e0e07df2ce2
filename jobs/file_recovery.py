"""What the watcher puts right about files: missing ones, left-over ones, and the end of the trash.

Each rule is one function, may be killed at any moment and is then done anew. None believes a store
that may not be the record's own (`jobs.file_store`), and none removes a file that the record does
not know to be left over: a generation that has ended and names no such file. Files of generations
that the record does not know are told by `studio doctor` and kept, because a record that was
restored from a backup knows too little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog

from jobs.bootstrap import Services
from jobs.collecting import without_file
from jobs.errors import UnforeseenFault
from jobs.export_building import tend_exports
from jobs.failing import fail_paid
from jobs.file_store import trouble_with_store
from jobs.leases import LEASE_S
from jobs.library import TRASH_DAYS
from jobs.log_words import about
from jobs.rendering import ALL_TRIES
from jobs.temp_folders import remove_left_folders
from storage.errors import ObjectNotFound, ObjectStoreError
from storage.models import Rendition, RenditionKind, RenditionState
from storage.objects.base import ObjectStore, StoredObject
from storage.postgres import Transaction
from storage.records import events, files, generations, videos
from storage.records.files import Ended, Round
from storage.records.generations import MAX_DEATHS

log = structlog.get_logger(__name__)

LEFT_OVER_AFTER = timedelta(hours=24)
"""Longer than any step takes, tried again and again: nobody is busy with a file that old."""
UNNAMED_AFTER = timedelta(days=TRASH_DAYS)
"""An image is kept before its request is admitted. One that was refused may be sent once more."""
RENDER_AGAIN_AFTER = timedelta(hours=1)
"""What failed several times within two minutes needs more than a minute to get well."""
INPUTS_EVERY = timedelta(hours=24)
PER_RUN = 200
"""Generations whose files are compared at a time: 200 listings are seconds at a far store."""
PURGES_PER_RUN = 50
KEYS_PER_QUERY = 500

MADE_FROM_WEB = frozenset(
    {RenditionKind.P480, RenditionKind.P360, RenditionKind.PREVIEW, RenditionKind.POSTER}
)
LOST = "Its file is gone from the store, and nothing is left to make it from."

Stopping = Callable[[], bool]


def never() -> bool:
    """For callers that nobody stops."""
    return False


@dataclass(frozen=True)
class Findings:
    """Where the files of one ended generation differ from the record."""

    missing: list[Rendition]
    found: list[Rendition]
    """Said to be lost, and there again."""
    left_over: list[StoredObject]

    def __bool__(self) -> bool:
        return bool(self.missing or self.found or self.left_over)


def mend_files(services: Services, stopping: Stopping = never) -> None:
    """Every rule about files, once. `stopping` says whether to end between two of their steps.

    What a store that is down leaves undone is done the next time.
    """
    remove_left_folders()
    render_again(services)
    give_up_renders(services)
    end_deadly_collects(services)
    try:
        _mend_store(services, stopping)
    except ObjectStoreError as exc:
        log.warning("files are not looked after", why=str(exc))


def _mend_store(services: Services, stopping: Stopping) -> None:
    trouble = trouble_with_store(services, mark=True)
    if trouble is not None:
        log.error("files are not looked after", why=trouble)
        return
    purge_trash(services, stopping)
    compare_files(services, stopping)
    remove_unnamed_inputs(services, stopping)
    tend_exports(services)


def render_again(services: Services) -> int:
    """Renditions that could not be made are tried again, hours apart; how many videos.

    Those that are pending without a worker need no rule: the sweep rings for them.
    """
    with services.database.as_service() as tx:
        count = files.render_again(
            tx, wait_s=RENDER_AGAIN_AFTER.total_seconds(), most_tries=ALL_TRIES
        )
    if count:
        log.info("failed renditions are tried again", videos=count)
    return count


def give_up_renders(services: Services) -> int:
    """Renditions whose workers died each time are failed: the video plays all the same."""
    problem = "Making it stopped the worker each time."
    with services.database.as_service() as tx:
        count = files.give_up_renders(tx, most_tries=ALL_TRIES, problem=problem)
    if count:
        log.error("renditions given up, their workers died", videos=count)
    return count


def end_deadly_collects(services: Services) -> int:
    """A video whose collecting killed worker after worker is charged and failed; how many."""
    count = 0
    while _end_deadly_collect(services):
        count += 1
    return count


def _end_deadly_collect(services: Services) -> bool:
    with services.database.as_service() as tx:
        lease = files.claim_deadly(tx, most_deaths=MAX_DEATHS, lease_s=LEASE_S)
        if lease is None:
            return False
        generation = generations.by_id(tx, lease.generation_id)
        with about(generation.id, person_id=generation.person_id):
            died = RuntimeError(f"{MAX_DEATHS} workers died while they collected it")
            fail_paid(tx, lease, generation, UnforeseenFault(died), None)
    return True


# --- the files of ended generations, compared with the record ---


def compare_files(services: Services, stopping: Stopping = never) -> int:
    """Compare the next ended generations with the store and mend what differs; how many did.

    A round goes over all of them, a part at each run; where it was stands in the record.
    """
    with services.database.as_service() as tx:
        after_id = files.progress(tx, Round.VIDEOS).after_id
        ids = files.next_ended(tx, after_id, PER_RUN)
    mended, last = 0, after_id
    for generation_id in ids:
        if stopping():
            break
        mended += mend_generation(services, generation_id)
        last = generation_id
    else:
        last = last if len(ids) == PER_RUN else None
    with services.database.as_service() as tx:
        files.note_round(tx, Round.VIDEOS, last)
    return mended


def mend_generation(services: Services, generation_id: UUID) -> bool:
    """Mend the files of one ended generation; whether anything was to be mended."""
    with services.database.as_service() as tx:
        ended = files.ended(tx, generation_id)
    if ended is None or not look_at(services.store, ended):
        return False
    # Something differs: look again while nobody can begin to render, trash or purge it.
    with services.database.as_service() as tx:
        ended = files.ended(tx, generation_id, lock=True)
        findings = look_at(services.store, ended) if ended else None
        if ended is None or not findings:
            return False
        with about(ended.id, person_id=ended.person_id):
            _mend(tx, services.store, ended, findings)
    return True


def look_at(store: ObjectStore, ended: Ended) -> Findings:
    """Compare the files of one ended generation with the store."""
    if ended.busy or ended.broken:
        return Findings([], [], [])
    stored = {found.key: found for found in store.list(f"videos/{ended.id}")}
    named = {r.key: r for r in ended.renditions.values() if r.key and not ended.purging}
    oldest = datetime.now(UTC) - LEFT_OVER_AFTER
    return Findings(
        missing=[
            rendition
            for key, rendition in named.items()
            if rendition.state is RenditionState.READY and not _is_whole(store, rendition, stored)
        ],
        found=[
            rendition
            for key, rendition in named.items()
            if rendition.state is RenditionState.FAILED
            and key in stored
            and stored[key].size_bytes == rendition.size_bytes
        ],
        left_over=[
            found for key, found in stored.items() if key not in named and found.updated_at < oldest
        ],
    )


def _is_whole(store: ObjectStore, rendition: Rendition, stored: dict[str, StoredObject]) -> bool:
    """Whether a file is there with its size; the store is asked twice before it is called gone."""
    key = str(rendition.key)
    if key in stored and stored[key].size_bytes == rendition.size_bytes:
        return True
    try:
        return store.stat(key).size_bytes == rendition.size_bytes
    except ObjectNotFound:
        return False


def _mend(tx: Transaction, store: ObjectStore, ended: Ended, findings: Findings) -> None:
    for rendition in findings.found:
        files.mark_found(tx, rendition)
        _tell(tx, ended, "file_found", rendition)
    if findings.missing:
        _make_or_mourn(tx, ended, findings.missing)
    if findings.left_over:
        _remove(tx, store, Round.VIDEOS, findings.left_over)


def _make_or_mourn(tx: Transaction, ended: Ended, missing: list[Rendition]) -> None:
    """Files that can be made again become pending; of the others the record says that they are
    gone. Nothing is put in their place."""
    gone = {rendition.kind for rendition in missing}
    for rendition in missing:
        if _can_be_made(rendition.kind, ended, gone):
            pending = without_file(ended.id, rendition.kind, RenditionState.PENDING)
            videos.put_rendition(tx, pending)
            log.warning("missing file is made again", key=rendition.key)
        else:
            files.mark_lost(tx, rendition, LOST)
            _tell(tx, ended, "file_lost", rendition)
    files.forget_tries(tx, ended.id)


def _can_be_made(kind: RenditionKind, ended: Ended, gone: set[RenditionKind]) -> bool:
    def there(source: RenditionKind) -> bool:
        rendition = ended.renditions.get(source)
        return (
            rendition is not None and rendition.state is RenditionState.READY and source not in gone
        )

    has_original = there(RenditionKind.ORIGINAL)
    if kind is RenditionKind.WEB:
        return has_original
    return kind in MADE_FROM_WEB and (has_original or there(RenditionKind.WEB))


def _tell(tx: Transaction, ended: Ended, kind: str, rendition: Rendition) -> None:
    events.add(
        tx,
        kind,
        person_id=ended.person_id,
        team_id=ended.team_id,
        generation_id=ended.id,
        rendition=rendition.kind.value,
        key=rendition.key,
    )
    log.error(kind.replace("_", " "), key=rendition.key)


def _remove(
    tx: Transaction, store: ObjectStore, rule: Round, left_over: list[StoredObject]
) -> None:
    for found in left_over:
        log.info("left-over file removed", key=found.key, size_bytes=found.size_bytes)
    store.delete([found.key for found in left_over])
    files.note_removed(tx, rule, len(left_over))


# --- start and end images that nothing names ---


def remove_unnamed_inputs(services: Services, stopping: Stopping = never) -> int:
    """Remove old images that no request came of, once a day; how many."""
    now, removed = datetime.now(UTC), 0
    with services.database.as_service() as tx:
        ended_at = files.progress(tx, Round.INPUTS).ended_at
    if ended_at is not None and now - ended_at < INPUTS_EVERY:
        return 0
    old = (f for f in services.store.list("inputs") if f.updated_at < now - UNNAMED_AFTER)
    while some := list(islice(old, KEYS_PER_QUERY)):
        if stopping():
            return removed
        with services.database.as_service() as tx:
            unnamed = files.unnamed_inputs(tx, [found.key for found in some])
        removed += sum(_remove_unnamed(services, key) for key in unnamed)
    with services.database.as_service() as tx:
        files.note_round(tx, Round.INPUTS, None)
    return removed


def _remove_unnamed(services: Services, key: str) -> bool:
    """Remove one image, unless somebody names it meanwhile, or sends it again."""
    with services.database.as_service() as tx:
        if not files.take_input(tx, key) or not files.unnamed_inputs(tx, [key]):
            return False
        found = _old(services.store, key)
        if found is not None:
            _remove(tx, services.store, Round.INPUTS, [found])
        return found is not None


def _old(store: ObjectStore, key: str) -> StoredObject | None:
    try:
        found = store.stat(key)
    except ObjectNotFound:
        return None
    return found if found.updated_at < datetime.now(UTC) - UNNAMED_AFTER else None


# --- the end of the trash ---


def purge_trash(services: Services, stopping: Stopping = never) -> int:
    """Remove for good what was in the trash for 30 days; how many videos.

    First the record takes a video out of everybody's reach, then its files go (and with them, at
    the store, what a CDN keeps of them), then what the record says of the files. Generation, spend
    and history stay.
    """
    with services.database.as_service() as tx:
        ids = files.begin_purges(tx, trash_days=TRASH_DAYS, limit=PURGES_PER_RUN)
    purged = 0
    for video_id in ids:
        if stopping():
            break
        purged += _purge(services, video_id)
    return purged


def _purge(services: Services, video_id: UUID) -> bool:
    with about(video_id):
        try:
            _remove_files(services, video_id)
        except ObjectStoreError as exc:
            log.warning("not purged, trying again", error=str(exc))
            return False
        with services.database.as_service() as tx:
            belonged = files.end_purge(tx, video_id)
            if belonged is None:
                return False
            events.add(
                tx, "purged", person_id=belonged[0], team_id=belonged[1], generation_id=video_id
            )
        log.info("purged")
    return True


def _remove_files(services: Services, video_id: UUID) -> None:
    with services.database.as_service() as tx:
        named = [r.key for r in videos.renditions_of(tx, video_id).values() if r.key]
    # Also what the record does not name (yet): a worker may have died just before.
    stored = [found.key for found in services.store.list(f"videos/{video_id}")]
    services.store.delete(sorted({*named, *stored}))
