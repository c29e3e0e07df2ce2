"""What the lightbox reads, as the person who looks: row-level security decides what that is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from jobs.bootstrap import Services
from jobs.gallery_filters import GalleryView
from jobs.remixing import source_of
from storage.errors import RecordNotFound
from storage.models import Campaign, Charge, Generation, Person, Video
from storage.postgres import Transaction
from storage.records import campaigns, curation, gallery, generations, ledger, videos
from storage.records.curation import Opinion, VerdictEntry
from storage.records.gallery import Card
from storage.records.generations import HistoryEntry

STRIP_REACH = 4
"""Thumbnails on either side of the open video."""

MOST_TAGS = 40
"""Tags that the team uses and that are proposed."""


@dataclass(frozen=True)
class Making:
    """How a video was made, for those who may see its generation."""

    generation: Generation
    history: list[HistoryEntry]


@dataclass(frozen=True)
class VideoStory:
    """A video and everything that this person may know of it."""

    video: Video
    opinion: Opinion
    verdicts: list[VerdictEntry]
    """First to last."""
    making: Making | None
    """None when this person may not see the generation."""
    charge: Charge | None
    """None when nothing was charged, or this person may not see it."""


@dataclass(frozen=True)
class Neighbourhood:
    """The videos around an open one, in the order of the view it was opened from."""

    previous: UUID | None
    next: UUID | None
    strip: tuple[Card | Video, ...]
    """A few on either side and the video itself."""


@dataclass(frozen=True)
class Choices:
    """What a person can choose from for a video."""

    campaigns: list[Campaign]
    """Open ones of the video's team, by name."""
    tags: list[str]
    """Tags of the latest videos, most used first."""
    has_end_image: bool
    """Whether the video was made from a start and an end image."""


def story(services: Services, person: Person, video_id: UUID) -> VideoStory | None:
    """One video, in the trash or not; None when there is none that this person may see."""
    with services.database.as_person(person.id) as tx:
        try:
            video = videos.by_id(tx, video_id)
            opinion = curation.opinion_of(tx, person.id, video_id)
        except RecordNotFound:
            return None
        return VideoStory(
            video=video,
            opinion=opinion,
            verdicts=curation.verdicts_of(tx, video_id),
            making=_making(tx, video_id),
            charge=ledger.charge_of(tx, video_id),
        )


def around(services: Services, person: Person, view: GalleryView, video: Video) -> Neighbourhood:
    """The neighbours of a video in a view, whether or not the view has the video itself.

    Raises:
        RecordNotFound: the video is not there any more.
    """
    reader = gallery.reader_of(person, services.settings.time_zone)
    with services.database.as_person(person.id) as tx:
        planned = gallery.plan(tx, reader, view.of(person.id))
        key = gallery.key_of(tx, video.id)
        near = gallery.neighbours(tx, planned, view.sort, key)
        before = gallery.page(tx, planned, view.sort, limit=STRIP_REACH, before=key).cards
        after = gallery.page(tx, planned, view.sort, limit=STRIP_REACH, after=key).cards
    return Neighbourhood(near.previous, near.next, (*before, video, *after))


def choices(services: Services, person: Person, video: Video) -> Choices:
    """What there is to choose from for a video."""
    reader = gallery.reader_of(person, services.settings.time_zone)
    has_end_image = False
    with suppress(RecordNotFound):
        has_end_image = source_of(services, person, video.id).end_image is not None
    with services.database.as_person(person.id) as tx:
        planned = gallery.plan(tx, reader, gallery.VideoFilter())
        tags = [tag for tag, _ in gallery.recent_tags(tx, planned, limit=MOST_TAGS)]
        found = [one for one in campaigns.open_campaigns(tx) if one.team_id == video.team_id]
    return Choices(found, tags, has_end_image)


def _making(tx: Transaction, video_id: UUID) -> Making | None:
    with suppress(RecordNotFound):
        return Making(generations.by_id(tx, video_id), generations.history(tx, video_id))
    return None
