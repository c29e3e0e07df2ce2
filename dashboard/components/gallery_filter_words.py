"""The gallery's filters in words, and what of them is active."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from uuid import UUID

from dashboard.gallery_reads import Facets, Named, Verdict, VideoFilter
from dashboard.services import services
from dashboard.video_facts import model_label
from jobs.gallery_filters import NONE, GalleryView

__all__ = ["NONE"]

LONGEST_S = 30
"""Where the field for lengths ends: no model makes longer videos."""

VERDICTS: dict[str, str] = {
    Verdict.APPROVED: "Approved",
    Verdict.NEEDS_CHANGE: "Needs change",
    Verdict.REJECTED: "Rejected",
    NONE: "Not judged",
}


@dataclass(frozen=True)
class Active:
    """One thing that a view leaves videos out by."""

    words: str
    without: VideoFilter
    """The filter when it is taken away."""


def active_filters(view: GalleryView, facets: Facets) -> list[Active]:
    """What is active apart from the words of the search, one by one."""
    return list(_active(view.filter, facets))


def count_active(view: GalleryView) -> int:
    """How many filters are active apart from the words of the search."""
    unset = VideoFilter()
    found = 0
    for one in fields(VideoFilter):
        if one.name in ("search", "trashed"):
            continue
        value, usual = getattr(view.filter, one.name), getattr(unset, one.name)
        found += len(value) if isinstance(value, tuple) else int(value != usual)
    return found


def campaign_word(facets: Facets, campaign_id: UUID | str) -> str:
    """The campaign's name; archived ones say so."""
    return "No campaign" if campaign_id == NONE else _name(facets.campaigns, campaign_id)


def person_word(facets: Facets, person_id: UUID) -> str:
    """The person's name."""
    return _name(facets.people, person_id)


def team_word(facets: Facets, team_id: UUID) -> str:
    """The team's name."""
    return _name(facets.teams, team_id)


def _name(known: Sequence[Named], wanted: object) -> str:
    for one in known:
        if one.id == wanted:
            return f"{one.name} (archived)" if one.archived else one.name
    return "Unknown"


def _active(wanted: VideoFilter, facets: Facets) -> Iterator[Active]:
    yield from _listed(wanted, "team_ids", lambda one: f"Team: {team_word(facets, one)}")
    yield from _listed(wanted, "campaign_ids", lambda one: campaign_word(facets, one))
    if wanted.no_campaign:
        yield Active("No campaign", replace(wanted, no_campaign=False))
    yield from _listed(wanted, "person_ids", lambda one: f"By {person_word(facets, one)}")
    yield from _listed(wanted, "models", lambda one: model_label(services().catalog, one))
    for name in ("ratios", "resolutions"):
        yield from _listed(wanted, name, str)
    yield from _listed(wanted, "tags", lambda one: f"Tag: {one}")
    yield from _listed(wanted, "verdicts", VERDICTS.__getitem__)
    if wanted.unjudged:
        yield Active("Not judged", replace(wanted, unjudged=False))
    yield from _single(wanted)


def _listed(wanted: VideoFilter, name: str, words: Callable[[Any], str]) -> Iterator[Active]:
    values = getattr(wanted, name)
    for value in values:
        rest: dict[str, Any] = {name: tuple(one for one in values if one != value)}
        yield Active(words(value), replace(wanted, **rest))


def _single(wanted: VideoFilter) -> Iterator[Active]:
    if wanted.favourite:
        yield Active("My favourites", replace(wanted, favourite=False))
    if wanted.min_rating:
        yield Active(f"{wanted.min_rating} ★ or more", replace(wanted, min_rating=None))
    if wanted.since:
        yield Active(f"From {_day(wanted.since)}", replace(wanted, since=None))
    if wanted.until:
        yield Active(f"Until {_day(wanted.until)}", replace(wanted, until=None))
    if wanted.min_s:
        yield Active(f"{wanted.min_s} s or longer", replace(wanted, min_s=None))
    if wanted.max_s is not None:
        yield Active(f"{wanted.max_s} s or shorter", replace(wanted, max_s=None))
    if wanted.family_id:
        yield Active("One product image", replace(wanted, family_id=None))
    if wanted.batch_id:
        yield Active("One batch", replace(wanted, batch_id=None))


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
