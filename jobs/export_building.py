"""The export step: one zip with videos, their sidecars and a manifest, from store to store.

The zip is written to the worker's disk as it is made, a video at a time, so memory holds a piece
of one file at most. The person's own rights decide what is in it, asked for when it is built. A
builder that dies loses its lease, and the next one begins anew under the same key.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import structlog
from zipstream import ZipStream  # type: ignore[import-untyped] # it ships no types

from jobs.bootstrap import Services
from jobs.edges import step_edge
from jobs.errors import DiskUnusable, IllegalTransition
from jobs.export_contents import MANIFEST, Entry, manifest, sidecar
from jobs.exports import KEPT_S, entries_of, key_of
from jobs.leases import LEASE_S, kept_alive
from jobs.steps import Step, reached
from storage.errors import ObjectNotFound, ObjectRefused, ObjectStoreError, StudioError
from storage.records import exports
from storage.records.exports import BuildLease, PackedFile

log = structlog.get_logger(__name__)

MAX_TRIES = 4
WAIT_S = 15.0
SPARE_BYTES = 256 * 1024 * 1024
"""Room on the worker's disk that a zip must leave."""
TELL_EVERY_S = 0.5
EXPIRED_PER_RUN = 200
LEFT_AFTER = timedelta(seconds=KEPT_S) + timedelta(days=1)
"""No row can still name a zip that old."""
DEADLY = "Building it stopped the worker each time. Try again with fewer videos."


def build_next(services: Services) -> bool:
    """Build the zip that has waited longest; False when there is none."""
    with services.database.as_service() as tx:
        lease = exports.claim(tx, lease_s=LEASE_S, most_tries=MAX_TRIES)
    if lease is None:
        return False
    reached(Step.EXPORT_CLAIMED)
    with (
        structlog.contextvars.bound_contextvars(export=str(lease.id), person=str(lease.person_id)),
        kept_alive(lambda lease_s: _renew(services, lease, lease_s)),
        step_edge(lambda fault: _not_built(services, lease, fault)),
    ):
        try:
            _build(services, lease)
        except (DiskUnusable, ObjectStoreError) as exc:
            _not_built(services, lease, exc)
    return True


def _renew(services: Services, lease: BuildLease, lease_s: float) -> bool:
    with services.database.as_service() as tx:
        return exports.renew(tx, lease, lease_s=lease_s)


def _build(services: Services, lease: BuildLease) -> None:
    with services.database.as_person(lease.person_id) as tx:
        entries = entries_of(services, tx, lease.video_ids, lease.rendition, lease.name_template)
    with tempfile.TemporaryDirectory(prefix="studio-") as name:
        folder = Path(name)
        _check_disk(folder, entries)
        path = folder / "videos.zip"
        with path.open("wb") as target:
            writer = _Writer(services, lease, folder, target)
            missing = writer.write(entries)
        reached(Step.EXPORT_WRITTEN)
        services.store.put(key_of(lease.id), path, "application/zip")
        reached(Step.EXPORT_PUT)
        _finish(services, lease, path.stat().st_size, missing)


def _check_disk(folder: Path, entries: Iterable[Entry]) -> None:
    """Room for the zip, and once more for it in a store on the same disk."""
    size_bytes = sum(e.content.file.size_bytes for e in entries if e.content and e.content.file)
    if shutil.disk_usage(folder).free < 2 * size_bytes + SPARE_BYTES:
        raise DiskUnusable(
            f"The disk has no room for a zip of {size_bytes:,} bytes.",
            todo="Make room on the disk of the worker, or choose fewer videos.",
        )


def _finish(services: Services, lease: BuildLease, size_bytes: int, missing: list[UUID]) -> None:
    with services.database.as_service() as tx:
        kept = exports.finish(tx, lease, size_bytes=size_bytes, missing_ids=missing, kept_s=KEPT_S)
        if not kept:
            raise _taken_over()
    reached(Step.EXPORT_COMMITTED)
    log.info("zip built", size_bytes=size_bytes, missing=len(missing))


@dataclass
class _Writer:
    """Writes one zip, file by file."""

    services: Services
    lease: BuildLease
    folder: Path
    target: BinaryIO
    stream: ZipStream = field(default_factory=ZipStream)
    told_at: float = 0.0

    def write(self, entries: list[Entry]) -> list[UUID]:
        """Everything; the ids of videos that are only in the manifest."""
        packed = []
        for done, entry in enumerate(entries, start=1):
            packed.append(self._pack(entry))
            self._tell(done)
        zone = self.services.settings.zone
        self._add(MANIFEST, manifest(packed, zone))
        self.target.writelines(self.stream.finalize())
        return [entry.id for entry in packed if entry.problem]

    def _pack(self, entry: Entry) -> Entry:
        """The video and its sidecar; the entry, with the reason when there is no such file."""
        if entry.problem or entry.content is None or entry.content.file is None:
            return entry
        file, fetched = entry.content.file, self.folder / "video"
        try:
            path = self.services.store.local_path(file.key)
            if path is None:
                self.services.store.fetch(file.key, fetched)
            if problem := _damage(path or fetched, file):
                return _without_file(entry, problem)
            self.stream.add_path(path or fetched, entry.file_name, recurse=False)
            self.target.writelines(self.stream.all_files())
        except ObjectNotFound:
            return _without_file(entry, "This file is missing in the store.")
        finally:
            fetched.unlink(missing_ok=True)
        self._add(f"{entry.name}.json", sidecar(entry, entry.content, self.services.settings.zone))
        return entry

    def _add(self, name: str, data: bytes) -> None:
        self.stream.add(data, name)
        self.target.writelines(self.stream.all_files())

    def _tell(self, done: int) -> None:
        """How far it is, a few times a second; ends the step when the lease is lost."""
        if time.monotonic() - self.told_at < TELL_EVERY_S:
            return
        self.told_at = time.monotonic()
        with self.services.database.as_service() as tx:
            if not exports.note_done(tx, self.lease, done):
                raise _taken_over()


def _damage(path: Path, file: PackedFile) -> str | None:
    """What is wrong with a file; None when it is the one that the record names."""
    with path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return None if sha256 == file.sha256 else "This file is damaged in the store."


def _without_file(entry: Entry, problem: str) -> Entry:
    return replace(entry, name=None, problem=problem)


def _taken_over() -> IllegalTransition:
    return IllegalTransition("The zip is not wanted any more, or another worker builds it.")


def _not_built(services: Services, lease: BuildLease, error: StudioError) -> None:
    tries = lease.tries + 1
    log.warning("zip not built", tries=tries, error=str(error))
    with services.database.as_service() as tx:
        # What the store refuses once it will never take.
        if tries < MAX_TRIES and not isinstance(error, ObjectRefused):
            exports.postpone(tx, lease, wait_s=WAIT_S)
        else:
            exports.fail(tx, lease, _told(error))


def _told(error: StudioError) -> str:
    return f"{error.happened} {error.todo}".strip()


# --- what the watcher puts right ---


def tend_exports(services: Services) -> None:
    """End what no worker survives, and remove what is over, in the store and in the record.

    Raises:
        ObjectStoreError: the store can't be reached; what is left is done the next time.
    """
    with services.database.as_service() as tx:
        deadly = exports.fail_deadly(tx, most_tries=MAX_TRIES, problem=DEADLY)
        expired = exports.expired(tx, limit=EXPIRED_PER_RUN)
    if deadly:
        log.error("zips given up, their builders died", zips=deadly)
    services.store.delete([key_of(export_id) for export_id in expired])
    with services.database.as_service() as tx:
        exports.forget(tx, expired)
    _remove_left_over(services)


def _remove_left_over(services: Services) -> None:
    """Zips whose builder died between the store and the record, or that nobody waited for."""
    oldest = datetime.now(UTC) - LEFT_AFTER
    left = [found.key for found in services.store.list("exports") if found.updated_at < oldest]
    for key in left:
        log.info("left-over zip removed", key=key)
    services.store.delete(left)
