"""Checks every service and every invariant of the books.

A check returns what is wrong, in words; an empty list is good. The invariants are the blocks of
`sql/postgres/queries/books.sql`: each returns the rows that break it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from jobs.bells import Bell
from jobs.bootstrap import Services
from storage.errors import StudioError
from storage.records import books, events

SILENT_S = 40.0
"""A process that gave no sign of life for so long is gone: they write one every 10 s."""
NEEDED = (*(bell.value for bell in Bell), "watcher")
"""Kinds of processes without which a generation does not come to its end."""
SHOWN = 5
"""Rows of a broken invariant that are told; the rest is counted."""


@dataclass(frozen=True)
class Check:
    """One check and what it found."""

    name: str
    problems: list[str]
    warning: bool = False
    """True: worth a person's look, but nothing is broken."""

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return self.warning or not self.problems


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
    return [*checks, *_file_checks(services), *_invariants(services)]


def _found(check: Callable[[Services], list[str]], services: Services) -> list[str]:
    try:
        return check(services)
    except StudioError as exc:
        return _told(exc)


def _told(exc: StudioError) -> list[str]:
    return [f"{exc.happened} {exc.todo}".strip()]


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


def _file_checks(services: Services) -> list[Check]:
    """Files in the record against files in the store, both ways, from one listing."""
    name = "every file of the record is in the store"
    try:
        # The record first: what it names was stored before, so nothing is missed in between.
        with services.database.as_service() as tx:
            recorded = books.files(tx)
        stored = {
            found.key: found.size_bytes
            for folder in ("videos", "inputs")
            for found in services.store.list(folder)
        }
    except StudioError as exc:
        return [Check(name, _told(exc))]
    unknown = sorted(stored.keys() - recorded.keys())
    return [
        Check(name, _shortened(_lost_files(recorded, stored))),
        Check(
            "the record knows every video in the store",
            # Inputs are kept before a request is admitted, so some belong to nothing. A video may
            # be on its way into the record, which is why this is no more than worth a look.
            _shortened([f"{k} belongs to no video." for k in unknown if k.startswith("videos/")]),
            warning=True,
        ),
    ]


def _lost_files(recorded: dict[str, int], stored: dict[str, int]) -> list[str]:
    problems = [f"{key} is missing." for key in sorted(recorded.keys() - stored.keys())]
    for key in sorted(recorded.keys() & stored.keys()):
        if recorded[key] != stored[key]:
            problems.append(f"{key} has {stored[key]} bytes, the record says {recorded[key]}.")
    return problems


def _invariants(services: Services) -> list[Check]:
    try:
        with services.database.as_service() as tx:
            found = books.broken_invariants(tx)
    except StudioError as exc:
        return [Check("the books can be read", _told(exc))]
    return [
        Check(
            broken.description.rstrip("."),
            _shortened([f"{row['id']}: {row['problem']}" for row in broken.rows]),
            warning=broken.warning,
        )
        for broken in found
    ]


def _shortened(problems: list[str]) -> list[str]:
    more = len(problems) - SHOWN
    return [*problems[:SHOWN], f"… and {more} more."] if more > 0 else problems
