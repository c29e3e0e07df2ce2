"""Pages of the gallery (`sql/postgres/queries/gallery.sql`).

Every page is found by the key of the card before it, never by counting: page 10,000 costs what the
first one costs. What is asked for is planned once (`plan`), then asked in any order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from storage.models import FailureCause, GenerationStatus
from storage.postgres import Transaction
from storage.records.gallery_plan import Plan, Reader, Verdict, VideoFilter, plan, reader_of
from storage.sqlfiles import Query, queries

__all__ = ["Plan", "Reader", "Verdict", "VideoFilter", "plan", "reader_of"]
"""Of `gallery_plan`, for those who ask for pages."""

_Q = queries("gallery")

MOST_COUNTED = 1000
"""Beyond it a count says "1,000+": an exact one would read every row."""

MOST_IN_GROUP = 100
"""The same for the groups of a page, of which there are many."""

MICRO = Decimal("0.000001")


class Sort(StrEnum):
    """In which order; each ends in the id, so that no two cards are equal."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RATING = "rating"
    """Most stars first, those that nobody rated last."""
    COST = "cost"
    """Dearest first."""
    LENGTH = "length"
    """Longest first."""


class Group(StrEnum):
    """What videos are put together by. Days need no query: they follow from the order."""

    DAY = "day"
    CAMPAIGN = "campaign"
    IMAGE = "image"
    BATCH = "batch"


@dataclass(frozen=True)
class Key:
    """Where a card stands in every order: what the page behind it is found by."""

    id: UUID
    created_at: datetime
    rating_hundredths: int
    cost_key: int
    duration_ms: int


@dataclass(frozen=True)
class Card:
    """A video as the gallery's grid shows it."""

    id: UUID
    title: str
    tags: tuple[str, ...]
    person_id: UUID
    person_name: str
    team_id: UUID
    campaign_id: UUID | None
    campaign_name: str | None
    model: str
    resolution: str
    aspect_ratio: str
    duration_s: Decimal
    width: int
    height: int
    created_at: datetime
    deleted_at: datetime | None
    family_id: UUID | None
    batch_id: UUID | None
    rating: Decimal | None
    """Mean stars of everybody, to a hundredth; None when nobody rated it."""
    rating_count: int
    my_stars: int | None
    favourite: bool
    """Whether it is one of the reader's."""
    verdict: Verdict | None
    cost_usd: Decimal | None
    """All that was charged for it; None when this reader may not see it."""
    has_poster: bool
    has_preview: bool
    is_pending: bool
    """Whether renditions are still being made."""
    key: Key = field(repr=False)


@dataclass(frozen=True)
class Page:
    """Some cards in the order asked for."""

    cards: tuple[Card, ...]
    has_more: bool
    """Whether there are others beyond it, in the direction it was asked for."""


@dataclass(frozen=True)
class Neighbours:
    """The videos on either side of one, in the order asked for; None at the ends."""

    previous: UUID | None
    next: UUID | None


@dataclass(frozen=True)
class Head:
    """A group by its newest video."""

    group_key: UUID
    newest_id: UUID
    newest_at: datetime
    count: int
    """Videos in it, at most `MOST_IN_GROUP + 1`: then there are more."""


@dataclass(frozen=True)
class Named:
    """Something to choose in a filter."""

    id: UUID
    name: str
    archived: bool = False


@dataclass(frozen=True)
class UnfinishedCard:
    """A generation of the reader that left no video: on its way, failed or stopped."""

    id: UUID
    title: str
    status: GenerationStatus
    cause: FailureCause | None
    problem: str | None
    todo: str | None
    model: str
    prompt: str
    campaign_id: UUID | None
    campaign_name: str | None
    created_at: datetime
    finished_at: datetime | None
    estimate_usd: Decimal


def page(
    tx: Transaction,
    planned: Plan,
    sort: Sort,
    *,
    limit: int,
    after: Key | None = None,
    before: Key | None = None,
) -> Page:
    """The first `limit` cards, or those right behind `after`, or those right before `before`."""
    turned = before is not None
    query, parameters = _ordered("cards", planned, sort, before if turned else after, turned)
    rows = tx.all(query, **parameters, limit=limit + 1)
    cards = [_card_of(row) for row in rows[:limit]]
    return Page(tuple(reversed(cards) if turned else cards), len(rows) > limit)


def among(tx: Transaction, planned: Plan, ids: Collection[UUID]) -> tuple[Card, ...]:
    """Those of these videos that the plan has, newest first."""
    narrow = Plan(
        f"{planned.filters}\n{_Q['where_ids'].text}", {**planned.parameters, "ids": list(ids)}
    )
    return page(tx, narrow, Sort.NEWEST, limit=max(1, len(ids))).cards


def key_of(tx: Transaction, video_id: UUID) -> Key:
    """Where a video stands, whether or not a filter has it.

    Raises:
        RecordNotFound: there is none, or the reader may not see it.
    """
    return Key(**tx.one(_Q["key_of"], id=video_id))


def neighbours(tx: Transaction, planned: Plan, sort: Sort, key: Key) -> Neighbours:
    """The videos right before and right behind a place."""
    found = []
    for turned in (True, False):
        query, parameters = _ordered("ids", planned, sort, key, turned)
        row = tx.one_or_none(query, **parameters, limit=1)
        found.append(row["id"] if row else None)
    return Neighbours(*found)


def all_ids(tx: Transaction, planned: Plan, sort: Sort, *, limit: int) -> list[UUID]:
    """Ids of the first `limit`: "select all" of a view."""
    query, parameters = _ordered("ids", planned, sort, None, False)
    return [row["id"] for row in tx.all(query, **parameters, limit=limit)]


def count(tx: Transaction, planned: Plan) -> int:
    """How many there are: exact up to `MOST_COUNTED`, and one more stands for all above."""
    query = _Q["count"].with_parts(filters=planned.filters)
    return int(tx.one(query, **planned.parameters, most=MOST_COUNTED + 1)["n"])


def heads(
    tx: Transaction, planned: Plan, group: Group, *, limit: int, after: Head | None = None
) -> list[Head]:
    """Groups of the view by their newest video, newest first; videos without a group are in none.

    Raises:
        ValueError: days are no groups of this kind.
    """
    if group is Group.DAY:
        raise ValueError("Days follow from the order; they need no heads.")
    query, parameters = _heads_query(planned, group, after)
    rows = tx.all(query, **parameters, limit=limit)
    counts = _group_counts(tx, planned, group, [row["group_key"] for row in rows])
    return [
        Head(row["group_key"], row["id"], row["created_at"], counts[row["group_key"]])
        for row in rows
    ]


def teams(tx: Transaction) -> list[Named]:
    """The teams that the reader may see, by name."""
    return [Named(**row) for row in tx.all(_Q["teams"])]


def models_in_use(tx: Transaction, planned: Plan) -> list[str]:
    """Models that made videos of the view, by name."""
    return [row["model"] for row in _facet(tx, "models_in_use", planned)]


def people_in_use(tx: Transaction, planned: Plan) -> list[Named]:
    """Who made videos of the view, by name; people who left the team too."""
    return [Named(**row) for row in _facet(tx, "people_in_use", planned)]


def campaigns_in_use(tx: Transaction, planned: Plan) -> list[Named]:
    """Campaigns of the view by name, archived ones last."""
    return [Named(**row) for row in _facet(tx, "campaigns_in_use", planned)]


def recent_tags(tx: Transaction, planned: Plan, *, limit: int) -> list[tuple[str, int]]:
    """Tags of the latest 500 videos of the view and how many have them, most used first."""
    return [(row["tag"], row["n"]) for row in _facet(tx, "recent_tags", planned, limit=limit)]


def unfinished(
    tx: Transaction,
    reader: Reader,
    statuses: Collection[GenerationStatus],
    *,
    limit: int,
    after: UnfinishedCard | None = None,
) -> list[UnfinishedCard]:
    """The reader's own generations of these statuses, newest first."""
    rows = tx.all(
        _Q["generations"],
        me=reader.person_id,
        statuses=list(statuses),
        after_at=after.created_at if after else None,
        after_id=after.id if after else None,
        limit=limit,
    )
    return [_unfinished_of(row) for row in rows]


_COLUMNS = {
    Sort.NEWEST: ("created", "desc", "created_at"),
    Sort.OLDEST: ("created", "asc", "created_at"),
    Sort.RATING: ("rating", "desc", "rating_hundredths"),
    Sort.COST: ("cost", "desc", "cost_key"),
    Sort.LENGTH: ("length", "desc", "duration_ms"),
}


def _ordered(
    name: str, planned: Plan, sort: Sort, key: Key | None, turned: bool
) -> tuple[Query, dict[str, Any]]:
    column, direction, field_name = _COLUMNS[sort]
    if turned:
        direction = "asc" if direction == "desc" else "desc"
    ending = f"{column}_{direction}"
    query = _Q[name].with_parts(
        filters=planned.filters,
        after=_Q[f"after_{ending}"].text if key else "",
        order=_Q[f"order_{ending}"].text,
    )
    place = {"key": getattr(key, field_name), "key_id": key.id} if key else {}
    return query, {**planned.parameters, **place}


def _heads_query(planned: Plan, group: Group, after: Head | None) -> tuple[Query, dict[str, Any]]:
    if group is Group.CAMPAIGN:
        query = _Q["campaign_heads"].with_parts(filters=planned.filters)
        place = {
            "after_at": after.newest_at if after else None,
            "after_id": after.newest_id if after else None,
        }
        return query, {**planned.parameters, **place}
    kind = "family" if group is Group.IMAGE else "batch"
    query = _Q["heads"].with_parts(
        filters=planned.filters,
        grouped=_Q[f"in_{kind}"].text,
        group_key=_Q[f"by_{kind}"].text,
        after=_Q["after_created_desc"].text if after else "",
    )
    place = {"key": after.newest_at, "key_id": after.newest_id} if after else {}
    return query, {**planned.parameters, **place}


def _group_counts(
    tx: Transaction, planned: Plan, group: Group, keys: list[UUID]
) -> dict[UUID, int]:
    kind = {Group.CAMPAIGN: "campaign", Group.IMAGE: "family"}.get(group, "batch")
    query = _Q["group_counts"].with_parts(filters=planned.filters, group_key=_Q[f"by_{kind}"].text)
    rows = tx.all(query, **planned.parameters, keys=keys, most=MOST_IN_GROUP + 1)
    return {row["group_key"]: row["n"] for row in rows}


def _facet(tx: Transaction, name: str, planned: Plan, **more: object) -> list[dict[str, Any]]:
    query = _Q[name].with_parts(filters=planned.filters)
    return [dict(row) for row in tx.all(query, **planned.parameters, **more)]


def _card_of(row: dict[str, Any]) -> Card:
    made = {"tags", "rating", "verdict", "cost_usd", "is_pending", "key"}
    cost, stars = row["cost_microusd"], row["rating_hundredths"]
    return Card(
        **{name: row[name] for name in Card.__dataclass_fields__ if name not in made},
        tags=tuple(row["tags"]),
        rating=Decimal(stars) / 100 if stars else None,
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        cost_usd=None if cost is None else Decimal(cost) * MICRO,
        is_pending=row["render_pending"],
        key=Key(**{name: row[name] for name in Key.__dataclass_fields__}),
    )


def _unfinished_of(row: dict[str, Any]) -> UnfinishedCard:
    cause = FailureCause(row["cause"]) if row["cause"] else None
    return UnfinishedCard(**{**row, "status": GenerationStatus(row["status"]), "cause": cause})
