"""What the compare page reads as the person who looks: videos, their money, what is thought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from dashboard import gallery_reads
from dashboard.gallery_reads import Card, VideoFilter
from dashboard.keeping import kept_for
from dashboard.reads import LIVE_S
from dashboard.services import services
from jobs.gallery_filters import MAX_SEARCH, GalleryView
from storage.errors import RecordNotFound
from storage.models import Charge, Generation, Person, Video
from storage.postgres import Transaction
from storage.records import curation, generations, ledger, videos
from storage.records.curation import Opinion

OFFERED = 24
"""Recent videos to choose from."""


@dataclass(frozen=True)
class Compared:
    """A video that can be compared, and what this person may know of it."""

    video: Video
    opinion: Opinion
    charge: Charge | None
    """None when nothing was charged, or this person may not see it."""
    has_end_image: bool | None
    """None when this person may not see the generation."""

    @property
    def id(self) -> UUID:
        """The video's id."""
        return self.video.id


@dataclass(frozen=True)
class Unfinished:
    """A generation that has no video yet, or will never have one."""

    generation: Generation

    @property
    def id(self) -> UUID:
        """The generation's id, which its video will have."""
        return self.generation.id


@dataclass(frozen=True)
class Absent:
    """Nothing that this person may see: deleted for good, another team's, or never there."""

    id: str
    """As the address has it, which need not be an id at all."""


Place: TypeAlias = Compared | Unfinished | Absent


def places(person: Person, ids: Sequence[str]) -> list[Place]:
    """What stands behind each id of an address, in the order given."""
    if not ids:
        return []
    with services().database.as_person(person.id) as tx:
        return [_place(tx, person, asked) for asked in ids]


@kept_for(LIVE_S, most=200)
def offered(person: Person, words: str) -> tuple[Card, ...]:
    """The newest videos to choose from; those that have `words` when there are any.

    Raises:
        RecordUnavailable: try again later.
    """
    view = GalleryView(filter=VideoFilter(search=words.strip()[:MAX_SEARCH]))
    return gallery_reads.page(services(), person, view, limit=OFFERED).cards


def _place(tx: Transaction, person: Person, asked: str) -> Place:
    try:
        video_id = UUID(asked)
    except ValueError:
        return Absent(asked)
    generation = _generation(tx, video_id)
    try:
        video = videos.by_id(tx, video_id)
        opinion = curation.opinion_of(tx, person.id, video_id)
    except RecordNotFound:
        return Unfinished(generation) if generation else Absent(asked)
    return Compared(
        video=video,
        opinion=opinion,
        charge=ledger.charge_of(tx, video_id),
        has_end_image=generation.end_image is not None if generation else None,
    )


def _generation(tx: Transaction, generation_id: UUID) -> Generation | None:
    try:
        return generations.by_id(tx, generation_id)
    except RecordNotFound:
        return None
