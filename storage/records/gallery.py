"""Pages of the gallery (`sql/postgres/queries/gallery.sql`).

Every page is found by the key of the card before it, never by counting: page 10,000 costs what the
first one costs. Words from outside are parameters; the parts that a statement is put together from
all stand in the .sql file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from storage.models import FailureCause, GenerationStatus, Person, Role
from storage.postgres import Transaction
from storage.sqlfiles import Query, queries

_Q = queries("gallery")

FEW = 4000
"""Videos that a search may find to be looked up one by one. A search that finds more is common
enough to be met soon on a walk through the gallery in its order."""

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


class Verdict(StrEnum):
    """What somebody decided about a video."""

    APPROVED = "approved"
    NEEDS_CHANGE = "needs_change"
    REJECTED = "rejected"


@dataclass(frozen=True)
class VideoFilter:
    """Which videos; the default is every one that is not in the trash.

    Within one field any value is enough (tags: all are needed); between fields all must hold.
    """

    search: str = ""
    """Words looked for in title, tags, prompt and campaign; the last may be a beginning of one."""
    trashed: bool = False
    team_ids: tuple[UUID, ...] = ()
    campaign_ids: tuple[UUID, ...] = ()
    no_campaign: bool = False
    person_ids: tuple[UUID, ...] = ()
    models: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    unjudged: bool = False
    favourite: bool = False
    since: date | None = None
    """First day, in the company's time zone."""
    until: date | None = None
    """Last day."""
    min_s: int | None = None
    """Seconds as they are shown: 5.04 is 5."""
    max_s: int | None = None
    min_rating: int | None = None
    """1 to 5 stars on average."""
    family_id: UUID | None = None
    """The product image, by its family."""
    batch_id: UUID | None = None


@dataclass(frozen=True)
class Reader:
    """Who looks: decides what is theirs, and which index finds it."""

    person_id: UUID
    team_id: UUID | None
    """None: an administrator, who sees every team."""
    zone: str
    """Name of the company's time zone."""


def reader_of(person: Person, zone: str) -> Reader:
    """This person as a reader; `zone` names the company's time zone."""
    return Reader(person.id, None if person.role is Role.ADMIN else person.team_id, zone)


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


@dataclass(frozen=True)
class Plan:
    """A filter as SQL: what was looked up for it is done once for all questions of a visit."""

    filters: str
    parameters: dict[str, Any] = field(repr=False)


def plan(tx: Transaction, reader: Reader, wanted: VideoFilter) -> Plan:
    """Make the filter into SQL, and look for its words."""
    parameters: dict[str, Any] = {"me": reader.person_id, "zone": reader.zone}
    parts = ["status_trashed" if wanted.trashed else "status_ready"]
    if reader.team_id is not None:
        parameters["reader_team_id"] = reader.team_id
        parts.append("where_reader_team")
    parts += _plain_parts(wanted, parameters)
    if wanted.search.strip() or wanted.tags:
        parts.append(_search_part(tx, reader, wanted, parameters))
    return Plan(_joined(_led(parts)), parameters)


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


_ONE_OR_MORE = (
    ("team_ids", "team_id", "where_team", "where_teams"),
    ("campaign_ids", "campaign_id", "where_campaign", "where_campaigns"),
    ("person_ids", "person_id", "where_person", "where_people"),
    ("models", "model", "where_model", "where_models"),
    ("ratios", "ratio", "where_ratio", "where_ratios"),
    ("resolutions", "resolution", "where_resolution", "where_resolutions"),
    ("verdicts", "verdict", "where_verdict", "where_verdicts"),
)
"""Field, parameter for one value, and the fragments for one value and for several: an index keeps
its order only under one value."""

_SCALARS = ("since", "until", "min_s", "max_s", "min_rating", "family_id", "batch_id")
_FLAGS = {
    "no_campaign": "where_no_campaign",
    "unjudged": "where_unjudged",
    "favourite": "where_favourite",
}


def _plain_parts(wanted: VideoFilter, parameters: dict[str, Any]) -> list[str]:
    parts = [fragment for name, fragment in _FLAGS.items() if getattr(wanted, name)]
    for name, single, one, several in _ONE_OR_MORE:
        values = getattr(wanted, name)
        if len(values) == 1:
            parameters[single] = values[0]
            parts.append(one)
        elif values:
            parameters[name] = list(values)
            parts.append(several)
    for name in _SCALARS:
        if (value := getattr(wanted, name)) is not None:
            parameters[name] = value
            parts.append(f"where_{name.removesuffix('_id')}")
    return parts


_LEADERS = frozenset(
    {"where_found", "where_family", "where_batch", "where_campaign", "where_person", "where_model"}
)
_FOLLOWERS = {
    "where_ratio": "check_ratio",
    "where_resolution": "check_resolution",
    "where_verdict": "check_verdict",
}


def _led(parts: list[str]) -> list[str]:
    """Which filter leads through an index, and which ones are checked on the way.

    Postgres takes every filter to be spread evenly over time. Verdicts and sizes are; models,
    campaigns and people come and go, and whoever walks all approved videos back to a model of two
    years ago walks for long.
    """
    if _LEADERS.isdisjoint(parts):
        return parts
    return [_FOLLOWERS.get(part, part) for part in parts]


def _search_part(
    tx: Transaction, reader: Reader, wanted: VideoFilter, parameters: dict[str, Any]
) -> str:
    """Few finds are looked up by their ids; of many the next is never far."""
    asked = tx.one(_Q["words_of"], search=wanted.search, tags=list(wanted.tags))
    if asked["words"] is None:
        return "where_nothing"
    parameters["words"] = asked["words"]
    if wanted.trashed:
        return "where_words"
    team_id = reader.team_id or (wanted.team_ids[0] if len(wanted.team_ids) == 1 else None)
    ids = tx.one(_Q["search"], words=asked["words"], team_id=team_id, most=FEW)["ids"]
    if ids is None:
        return "where_words"
    parameters["found"] = ids
    return "where_found"


def _joined(names: list[str]) -> str:
    return "\n".join(_Q[name].text for name in names)


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
