"""What people do with finished videos: look at them, take them home, pass them on.

Each use case is one transaction that acts as that person under row-level security and leaves rows
for the analytics. What changes videos stands in `jobs/curation.py`. A video in the trash keeps its
files and its spend until the purge.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from jobs import curation
from jobs.bootstrap import Services
from jobs.gallery_filters import GalleryView, query_of
from storage.errors import RecordNotFound
from storage.models import Person, Role, Video
from storage.records import curation as curation_records
from storage.records import events

TRASH_DAYS = 30
"""Days that a video stays in the trash before it is purged."""

MIN_VIEW_S = 2.0
"""Seconds that a video has to play to count as watched."""


def may_move(person: Person, video: Video) -> bool:
    """Whether this person may trash and restore the video.

    The same rule as the policy `own_or_managed_edit`, so that a page can leave a button out.
    """
    if person.role is Role.ADMIN or video.person_id == person.id:
        return True
    return person.role is Role.MANAGER and video.team_id == person.team_id


def trash(services: Services, person: Person, video_id: UUID) -> None:
    """Move one video to the trash. Safe to repeat; `jobs.curation.trash` can be undone.

    Raises:
        RecordNotFound: there is no such video for this person.
        NotAllowed: it is a colleague's, and this person does not manage the team.
    """
    curation.trash(services, person, [video_id])


def restore(services: Services, person: Person, video_id: UUID) -> None:
    """Take one video out of the trash. Safe to repeat.

    Raises:
        RecordNotFound: there is no such video for this person.
        NotAllowed: it is a colleague's, and this person does not manage the team.
    """
    curation.restore(services, person, [video_id])


def note_view(
    services: Services, person: Person, video_id: UUID, *, played_s: float = MIN_VIEW_S
) -> None:
    """Write down that this person watched the video; nothing when it played too shortly.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    if played_s >= MIN_VIEW_S:
        _note(services, person, "viewed", [video_id], played_s=round(played_s, 1))


def note_download(
    services: Services, person: Person, ids: Collection[UUID], *, rendition: str
) -> None:
    """Write down that this person took files home; `rendition` is which one of each.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    _note(services, person, "downloaded", ids, rendition=rendition)


def note_zip(services: Services, person: Person, ids: Collection[UUID]) -> None:
    """Write down that this person took these videos home as one zip.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    _note(services, person, "zipped", ids)


def note_share(services: Services, person: Person, ids: Collection[UUID], *, how: str) -> None:
    """Write down that this person passed videos on; `how` is `link` or `copied`.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    _note(services, person, "shared", ids, how=how)


def note_compare(services: Services, person: Person, ids: Collection[UUID]) -> None:
    """Write down that this person put videos side by side.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    _note(services, person, "compared", ids)


def note_remix(services: Services, person: Person, video_id: UUID) -> None:
    """Write down that this person made a new request from a video.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    _note(services, person, "remixed", [video_id])


def note_search(services: Services, person: Person, view: GalleryView, *, found: int) -> None:
    """Write down what this person looked for, and how many videos that has."""
    with services.database.as_person(person.id) as tx:
        events.add(
            tx,
            "searched",
            person_id=person.id,
            team_id=person.team_id,
            view=query_of(view),
            found=found,
        )


def _note(
    services: Services, person: Person, kind: str, ids: Collection[UUID], **detail: object
) -> None:
    with services.database.as_person(person.id) as tx:
        if not curation_records.note(tx, person.id, kind, ids, detail):
            raise RecordNotFound("There is no such video here any more.")
