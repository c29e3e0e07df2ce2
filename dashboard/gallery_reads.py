"""What the gallery reads, as the person who looks: row-level security decides what that is."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from jobs.bootstrap import Services
from storage.errors import RecordNotFound
from storage.models import Charge, Person, RenditionState, Video
from storage.records import generations, ledger, videos
from storage.records.videos import PageStart

PAGE_SIZE = 24
MOST_COUNTED = 100
"""Generations of the queue that the count of those still being made looks at."""


@dataclass(frozen=True)
class Filters:
    """Which videos are shown."""

    mine: bool = False
    trashed: bool = False
    search: str = ""
    """Words looked for in titles and tags; empty for all."""


@dataclass(frozen=True)
class News:
    """What a look every few seconds finds out."""

    newest: UUID | None
    """The newest video of the view, whatever the search; None when there is none."""
    being_made: int
    """Generations not finished yet, at most `MOST_COUNTED`."""


@dataclass(frozen=True)
class Details:
    """What the lightbox says about a video beyond the video itself."""

    sent_prompt: str | None
    """As fal got it; None when this person may not see the generation."""
    estimate_usd: Decimal | None
    """None when this person may not see the generation."""
    charge: Charge | None
    """None when nothing was charged, or this person may not see it."""


def page(
    services: Services,
    person: Person,
    filters: Filters,
    after: Video | None = None,
    limit: int = PAGE_SIZE,
) -> list[Video]:
    """The newest `limit` videos, or the newest of those older than `after`."""
    with services.database.as_person(person.id) as tx:
        return videos.page(
            tx,
            person_id=person.id,
            mine=filters.mine,
            trashed=filters.trashed,
            search=filters.search,
            before=PageStart(after.created_at, after.id) if after else None,
            limit=limit,
        )


def news(services: Services, person: Person, filters: Filters) -> News:
    """Whether there is something new; cheap enough for every few seconds."""
    with services.database.as_person(person.id) as tx:
        newest = videos.page(
            tx, person_id=person.id, mine=filters.mine, trashed=filters.trashed, limit=1
        )
        queue = generations.team_queue(tx, mine=filters.mine, limit=MOST_COUNTED)
    unfinished = [row for row in queue if row["finished_at"] is None]
    return News(newest[0].id if newest else None, len(unfinished))


def video(services: Services, person: Person, video_id: UUID) -> Video | None:
    """One video, in the trash or not; None when there is none that this person may see."""
    found = again(services, person, [video_id])
    return found[0] if found else None


def again(services: Services, person: Person, ids: Collection[UUID]) -> list[Video]:
    """The videos as they are by now; those that are gone are left out."""
    found = []
    with services.database.as_person(person.id) as tx:
        for video_id in ids:
            with suppress(RecordNotFound):
                found.append(videos.by_id(tx, video_id))
    return found


def details(services: Services, person: Person, video_id: UUID) -> Details:
    """The generation behind a video and its money, as far as this person may see them."""
    with services.database.as_person(person.id) as tx:
        charge = ledger.charge_of(tx, video_id)
        try:
            generation = generations.by_id(tx, video_id)
        except RecordNotFound:
            return Details(None, None, charge)
    return Details(generation.sent_prompt, generation.estimate_usd, charge)


def is_pending(video: Video) -> bool:
    """Whether renditions of the video are still being made."""
    return any(one.state is RenditionState.PENDING for one in video.renditions.values())
