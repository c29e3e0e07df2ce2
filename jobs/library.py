"""What people do with finished videos: look at them, throw them away, take them back.

Each use case is one transaction that acts as that person under row-level security. A video in the
trash keeps its files and its spend until the purge.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from jobs.bootstrap import Services
from jobs.errors import NotAllowed
from storage.models import Person, Role, Video
from storage.postgres import Transaction
from storage.records import events, videos

TRASH_DAYS = 30
"""Days that a video stays in the trash before it is purged."""


def may_move(person: Person, video: Video) -> bool:
    """Whether this person may trash and restore the video.

    The same rule as the policy `own_or_managed_edit`, so that a page can leave a button out.
    """
    if person.role is Role.ADMIN or video.person_id == person.id:
        return True
    return person.role is Role.MANAGER and video.team_id == person.team_id


def trash(services: Services, person: Person, video_id: UUID) -> None:
    """Move a video to the trash. Safe to repeat.

    Raises:
        RecordNotFound: there is no such video for this person.
        NotAllowed: it is a colleague's, and this person does not manage the team.
    """
    _move(services, person, video_id, videos.trash, "trashed")


def restore(services: Services, person: Person, video_id: UUID) -> None:
    """Take a video out of the trash. Safe to repeat.

    Raises:
        RecordNotFound: there is no such video for this person.
        NotAllowed: it is a colleague's, and this person does not manage the team.
    """
    _move(services, person, video_id, videos.restore, "restored")


def note_view(services: Services, person: Person, video_id: UUID) -> None:
    """Write down that this person opened the video.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    with services.database.as_person(person.id) as tx:
        _add_event(tx, "viewed", person, videos.by_id(tx, video_id))


def _move(
    services: Services,
    person: Person,
    video_id: UUID,
    change: Callable[[Transaction, UUID], bool],
    kind: str,
) -> None:
    with services.database.as_person(person.id) as tx:
        video = videos.by_id(tx, video_id)
        if not may_move(person, video):
            raise NotAllowed(
                f"This video belongs to {video.person_name}.",
                todo="Ask them or a manager of the team.",
            )
        # False: it is already there, and then nothing happened that is worth an event.
        if change(tx, video_id):
            _add_event(tx, kind, person, video)


def _add_event(tx: Transaction, kind: str, person: Person, video: Video) -> None:
    events.add(tx, kind, person_id=person.id, team_id=video.team_id, generation_id=video.id)
