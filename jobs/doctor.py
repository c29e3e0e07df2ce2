"""Checks every service and every invariant of the books.

A check returns what is wrong, in words; an empty list is good. The invariants are the blocks of
`sql/postgres/queries/books.sql`: each returns the rows that break it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from jobs.bells import Bell
from jobs.bootstrap import Services
from jobs.cdn_checks import cdn_checks
from jobs.checks import Check, shortened, told
from jobs.file_checks import file_checks
from jobs.warehouse_checks import warehouse_checks
from storage.errors import StudioError
from storage.records import books, events

SILENT_S = 40.0
"""A process that gave no sign of life for so long is gone: they write one every 10 s."""
NEEDED = (*(bell.value for bell in Bell), "watcher")
"""Kinds of processes without which a generation does not come to its end."""


def examine(services: Services) -> list[Check]:
    """Every check, services first. What can't be reached is a finding, never an exception."""
    named: list[tuple[str, Callable[[Services], list[str]]]] = [
        ("database answers and is migrated", _database),
        ("redis answers", _redis),
        ("file store keeps and returns a file", _store),
        ("fal accepts the key", _fal),
        ("ffmpeg runs", _ffmpeg),
        ("workers and watcher are at work", _processes),
    ]
    checks = [Check(name, _found(check, services)) for name, check in named]
    derived = [*cdn_checks(services), *file_checks(services), *warehouse_checks(services)]
    return [*checks, *derived, *_invariants(services)]


def _found(check: Callable[[Services], list[str]], services: Services) -> list[str]:
    try:
        return check(services)
    except StudioError as exc:
        return told(exc)


def _database(services: Services) -> list[str]:
    with services.database.as_service() as tx:
        missing = books.missing_migrations(tx)
    return [f"{name} is not applied: run `studio migrate`." for name in missing]


def _redis(services: Services) -> list[str]:
    return [] if services.bells.ping() else ["Redis does not answer."]


def _store(services: Services) -> list[str]:
    key = f"doctor/{uuid4()}.txt"
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        sent, back = Path(folder) / "sent", Path(folder) / "back"
        sent.write_bytes(uuid4().bytes)
        try:
            services.store.put(key, sent, "video/mp4")
            services.store.fetch(key, back)
        finally:
            services.store.delete([key])
        same = sent.read_bytes() == back.read_bytes()
    return [] if same else ["The store returned other bytes than it was given."]


def _fal(services: Services) -> list[str]:
    services.fal.probe_key()
    return []


def _ffmpeg(services: Services) -> list[str]:
    services.ffmpeg.version()
    return []


def _processes(services: Services) -> list[str]:
    with services.database.as_service() as tx:
        at_work = events.at_work(tx, within_s=SILENT_S)
    return [f"No {kind} process is at work." for kind in NEEDED if not at_work.get(kind)]


def _invariants(services: Services) -> list[Check]:
    try:
        with services.database.as_service() as tx:
            found = books.broken_invariants(tx)
    except StudioError as exc:
        return [Check("the books can be read", told(exc))]
    return [
        Check(
            broken.description.rstrip("."),
            shortened([f"{row['id']}: {row['problem']}" for row in broken.rows]),
            warning=broken.warning,
        )
        for broken in found
    ]
