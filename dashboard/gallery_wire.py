"""Cards as the browser gets them: with the first page, and from the route for all further ones.

A list of entries, each a card or the head of a group, and a cursor for what comes behind it. The
cursor names a card or a group, never a number of rows.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard import gallery_reads
from dashboard.gallery_reads import Card, Group, Grouped, Head, Sort, UnfinishedCard
from jobs.bootstrap import Services
from jobs.gallery_filters import GalleryView
from storage.errors import RecordNotFound
from storage.models import GenerationStatus, Person

Wire: TypeAlias = dict[str, Any]

MOST_AGAIN = 120
"""Cards that a browser may look at again in one request."""

_STATUS_WORDS = {
    GenerationStatus.FAILED: "Failed",
    GenerationStatus.CANCELED: "Stopped",
    GenerationStatus.RUNNING: "Being made",
    GenerationStatus.UNKNOWN: "Being looked for",
}


def first(services: Services, person: Person, view: GalleryView) -> Wire:
    """The first page of a view."""
    return _page(services, person, view, "")


def behind(services: Services, person: Person, view: GalleryView, cursor: str) -> Wire:
    """The page behind a cursor.

    Raises:
        RecordNotFound: what the cursor names is not there, or it is no cursor.
    """
    try:
        return _page(services, person, view, cursor)
    except ValueError as exc:
        raise RecordNotFound("There is no such place in the gallery.") from exc


def again(services: Services, person: Person, view: GalleryView, ids: list[UUID]) -> list[Wire]:
    """Cards as they are now; those that left the view are missing."""
    zone = services.settings.zone
    return [_card(card, zone) for card in gallery_reads.among(services, person, view, ids)]


def _page(services: Services, person: Person, view: GalleryView, cursor: str) -> Wire:
    if not view.shows_videos:
        made = gallery_reads.unfinished(services, person, view)
        return {"entries": [_unfinished(one) for one in made], "next": None, "counts": {}}
    read = _groups if is_grouped(view) else _cards
    return read(services, person, view, cursor)


def is_grouped(view: GalleryView) -> bool:
    """Whether groups are shown with their newest videos; days are no such groups."""
    return view.group not in (None, Group.DAY)


def _cards(services: Services, person: Person, view: GalleryView, cursor: str) -> Wire:
    page = gallery_reads.page(services, person, view, UUID(cursor) if cursor else None)
    entries = [_card(card, services.settings.zone) for card in page.cards]
    counts = {}
    if entries and page.has_more and is_by_day(view):
        day = entries[-1]["day"]
        counts[day] = gallery_reads.count_of_day(services, person, view, date.fromisoformat(day))
    last = entries[-1]["id"] if entries and page.has_more else None
    return {"entries": entries, "next": last, "counts": counts}


def is_by_day(view: GalleryView) -> bool:
    """Whether the cards come in days; any other order mixes them."""
    return view.group is Group.DAY and view.sort in (Sort.NEWEST, Sort.OLDEST)


def _groups(services: Services, person: Person, view: GalleryView, cursor: str) -> Wire:
    page = gallery_reads.groups(services, person, view, _head_of(cursor) if cursor else None)
    zone = services.settings.zone
    entries: list[Wire] = []
    for one in page.groups:
        entries += [_head(view, one), *(_card(card, zone) for card in one.cards)]
    return {"entries": entries, "next": _cursor_of(page.next), "counts": {}}


def _head(view: GalleryView, group: Grouped) -> Wire:
    key = str(group.head.group_key) if group.head else ""
    most = gallery_reads.MOST_IN_GROUP if group.head else gallery_reads.MOST_COUNTED
    return {
        "kind": "head",
        "id": f"group:{key}",
        "group": key,
        "title": _title_of(view, group),
        "count": min(group.count, most),
        "and_more": group.count > most,
    }


def _title_of(view: GalleryView, group: Grouped) -> str:
    newest = group.cards[0] if group.cards else None
    if group.head is None:
        return "No campaign"
    if view.group is Group.CAMPAIGN:
        return newest.campaign_name or "" if newest else ""
    words = "Product image of" if view.group is Group.IMAGE else "Batch of"
    return f"{words} “{newest.title}”" if newest else words.removesuffix(" of")


def _cursor_of(head: Head | None) -> str | None:
    return f"{head.newest_at.isoformat()}~{head.newest_id}~{head.group_key}" if head else None


def _head_of(cursor: str) -> Head:
    at, newest_id, group_key = cursor.split("~")
    return Head(UUID(group_key), UUID(newest_id), datetime.fromisoformat(at), 0)


def _card(card: Card, zone: ZoneInfo) -> Wire:
    address = f"/app/static/media/{card.id}"
    return {
        "kind": "card",
        "id": str(card.id),
        "title": card.title,
        "person": card.person_name,
        "campaign": card.campaign_name,
        "at": card.created_at.isoformat(),
        "day": card.created_at.astimezone(zone).date().isoformat(),
        "duration_s": float(card.duration_s),
        "ratio": card.width / card.height,
        "poster": f"{address}/poster" if card.has_poster else None,
        "preview": f"{address}/preview" if card.has_preview else None,
        "processing": card.is_pending,
        "rating": float(card.rating) if card.rating is not None else None,
        "favourite": card.favourite,
        "verdict": card.verdict,
    }


def _unfinished(made: UnfinishedCard) -> Wire:
    return {
        "kind": "generation",
        "id": str(made.id),
        "title": made.title,
        "campaign": made.campaign_name,
        "at": made.created_at.isoformat(),
        "status": _STATUS_WORDS.get(made.status, "Waiting"),
        "failed": made.status is GenerationStatus.FAILED,
        "problem": made.problem,
    }
