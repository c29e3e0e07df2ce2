"""A filter of the gallery as SQL, put together from fragments of `queries/gallery.sql`.

Words from outside are parameters; every piece of a statement stands in the .sql file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from storage.models import Person, Role
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("gallery")

FEW = 2000
"""Videos that a search may find to be looked up one by one. A search that finds more is common
enough to be met soon on a walk through the gallery in its order."""


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
