"""What the gallery reads, as the person who looks: row-level security decides what that is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from jobs.bootstrap import Services
from jobs.curation import MOST_AT_ONCE
from jobs.gallery_filters import GENERATION_STATUSES, GalleryView, Status
from storage.errors import RecordNotFound
from storage.models import Charge, Person, RenditionState, Role, Video
from storage.postgres import Transaction
from storage.records import gallery, generations, ledger, videos
from storage.records.gallery import (
    MOST_COUNTED,
    MOST_IN_GROUP,
    Card,
    Group,
    Head,
    Named,
    Page,
    Plan,
    Sort,
    UnfinishedCard,
    Verdict,
    VideoFilter,
)

__all__ = [
    "MOST_COUNTED",
    "MOST_IN_GROUP",
    "Card",
    "Group",
    "Head",
    "Named",
    "Sort",
    "UnfinishedCard",
    "Verdict",
    "VideoFilter",
]
"""Words of the record that pages and components need; they don't import the record themselves."""

PAGE_SIZE = 60
"""Cards of a page: full rows of one to six columns."""
GROUPS_OF_PAGE = 12
CARDS_OF_GROUP = 6
"""The newest of a group; the others are shown when it is opened."""
MOST_UNFINISHED = 200
MOST_MADE = 100
"""Generations of the queue that the count of those still being made looks at."""
MOST_TAGS = 200


@dataclass(frozen=True)
class Grouped:
    """A group with its newest videos."""

    head: Head | None
    """None: the videos that are in no group."""
    count: int
    """Videos in it; above `MOST_IN_GROUP`, or `MOST_COUNTED` of those in none, there are more."""
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class GroupPage:
    """Some groups, newest first."""

    groups: tuple[Grouped, ...]
    next: Head | None
    """What the next page begins behind; None when this is the last one."""


@dataclass(frozen=True)
class Facets:
    """What the filters offer."""

    teams: tuple[Named, ...]
    """For administrators only: others have one."""
    campaigns: tuple[Named, ...]
    people: tuple[Named, ...]
    models: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class News:
    """What a look every few seconds finds out."""

    newest: UUID | None
    """The newest video of the view, whatever its filters; None when there is none."""
    being_made: int
    """Generations not finished yet, at most `MOST_MADE`."""


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
    view: GalleryView,
    after: UUID | None = None,
    limit: int = PAGE_SIZE,
) -> Page:
    """The first cards of the view, or those right behind a video.

    Raises:
        RecordNotFound: the video `after` is not there any more.
    """
    with planning(services, person, view) as (tx, planned):
        key = gallery.key_of(tx, after) if after else None
        return gallery.page(tx, planned, view.sort, limit=limit, after=key)


def among(
    services: Services, person: Person, view: GalleryView, ids: Collection[UUID]
) -> tuple[Card, ...]:
    """Those of these videos that the view has, as they are by now."""
    with planning(services, person, view) as (tx, planned):
        return gallery.among(tx, planned, ids)


def count(services: Services, person: Person, view: GalleryView) -> int:
    """How many videos the view has; above `MOST_COUNTED` there are more."""
    with planning(services, person, view) as (tx, planned):
        return gallery.count(tx, planned)


def count_of_day(services: Services, person: Person, view: GalleryView, day: date) -> int:
    """How many videos of the view are of one day in the company's time zone."""
    one_day = replace(view.filter, since=day, until=day)
    return count(services, person, replace(view, filter=one_day))


def first_ids(services: Services, person: Person, view: GalleryView) -> list[UUID]:
    """All videos of the view, at most as many as can be changed at once."""
    with planning(services, person, view) as (tx, planned):
        return gallery.all_ids(tx, planned, view.sort, limit=MOST_AT_ONCE)


def groups(
    services: Services, person: Person, view: GalleryView, after: Head | None = None
) -> GroupPage:
    """The first groups of the view with their videos, or those right behind a group.

    Raises:
        ValueError: the view is not grouped by campaign, image or batch.
    """
    if view.group is None:
        raise ValueError("The view has no groups.")
    with planning(services, person, view) as (tx, planned):
        heads = gallery.heads(tx, planned, view.group, limit=GROUPS_OF_PAGE + 1, after=after)
        shown = heads[:GROUPS_OF_PAGE]
        reader = _reader(services, person)
        found = [_grouped(tx, reader, person, view, head) for head in shown]
        if len(heads) <= GROUPS_OF_PAGE and view.group is Group.CAMPAIGN:
            found += _in_none(tx, reader, person, view)
    return GroupPage(tuple(found), shown[-1] if len(heads) > GROUPS_OF_PAGE else None)


def within(view: GalleryView, group_key: UUID | None) -> GalleryView:
    """The view of one of its groups; None for the videos that are in no campaign."""
    wanted = view.filter
    if view.group is Group.IMAGE:
        inside = replace(wanted, family_id=group_key)
    elif view.group is Group.BATCH:
        inside = replace(wanted, batch_id=group_key)
    elif group_key is None:
        inside = replace(wanted, no_campaign=True, campaign_ids=())
    else:
        inside = replace(wanted, campaign_ids=(group_key,), no_campaign=False)
    return replace(view, filter=inside, group=None)


def unfinished(services: Services, person: Person, view: GalleryView) -> list[UnfinishedCard]:
    """The reader's own generations that the view is of, at most `MOST_UNFINISHED`."""
    statuses = GENERATION_STATUSES[view.status]
    with services.database.as_person(person.id) as tx:
        return gallery.unfinished(tx, _reader(services, person), statuses, limit=MOST_UNFINISHED)


def facets(services: Services, person: Person) -> Facets:
    """What the filters of this person offer: what their videos have."""
    with planning(services, person, GalleryView()) as (tx, planned):
        return Facets(
            teams=tuple(gallery.teams(tx)) if person.role is Role.ADMIN else (),
            campaigns=tuple(gallery.campaigns_in_use(tx, planned)),
            people=tuple(gallery.people_in_use(tx, planned)),
            models=tuple(gallery.models_in_use(tx, planned)),
            tags=tuple(tag for tag, _ in gallery.recent_tags(tx, planned, limit=MOST_TAGS)),
        )


def news(services: Services, person: Person, view: GalleryView) -> News:
    """Whether there is something new; cheap enough for every few seconds."""
    trashed = view.status is Status.TRASHED
    base = GalleryView(view.status, VideoFilter(trashed=trashed), mine=view.mine)
    with planning(services, person, base) as (tx, planned):
        newest = gallery.all_ids(tx, planned, Sort.NEWEST, limit=1)
        queue = generations.team_queue(tx, mine=view.mine, limit=MOST_MADE)
    unfinished_rows = [row for row in queue if row["finished_at"] is None]
    return News(newest[0] if newest else None, len(unfinished_rows))


def video(services: Services, person: Person, video_id: UUID) -> Video | None:
    """One video, in the trash or not; None when there is none that this person may see."""
    with services.database.as_person(person.id) as tx, suppress(RecordNotFound):
        return videos.by_id(tx, video_id)
    return None


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


@contextmanager
def planning(
    services: Services, person: Person, view: GalleryView
) -> Iterator[tuple[Transaction, Plan]]:
    """A transaction as this person, and the view as the plan of its questions."""
    with services.database.as_person(person.id) as tx:
        yield tx, gallery.plan(tx, _reader(services, person), view.of(person.id))


def _reader(services: Services, person: Person) -> gallery.Reader:
    return gallery.reader_of(person, services.settings.time_zone)


def _grouped(
    tx: Transaction, reader: gallery.Reader, person: Person, view: GalleryView, head: Head
) -> Grouped:
    inside = within(view, head.group_key)
    planned = gallery.plan(tx, reader, inside.of(person.id))
    cards = gallery.page(tx, planned, view.sort, limit=CARDS_OF_GROUP).cards
    return Grouped(head, head.count, cards)


def _in_none(
    tx: Transaction, reader: gallery.Reader, person: Person, view: GalleryView
) -> list[Grouped]:
    if view.filter.campaign_ids:
        return []
    planned = gallery.plan(tx, reader, within(view, None).of(person.id))
    cards = gallery.page(tx, planned, view.sort, limit=CARDS_OF_GROUP).cards
    return [Grouped(None, gallery.count(tx, planned), cards)] if cards else []
