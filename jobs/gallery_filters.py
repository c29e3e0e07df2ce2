"""What the gallery shows, as the parameters of its address: everything in the URL and back again.

An address is read leniently: what makes no sense in it (an old link, a typing mistake) is left out
rather than refused, so that every link opens a gallery. Written and read again it stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from storage.models import GenerationStatus
from storage.records.gallery import Group, Sort, Verdict, VideoFilter

T = TypeVar("T")

MAX_SEARCH = 200
MAX_VALUES = 50
MAX_TEXT = 200
"""Characters of a tag or another name."""
MAX_SECONDS = 3600
NONE = "none"
"""Value of `campaign` and `verdict` for videos that have none."""


class Status(StrEnum):
    """What the gallery is a gallery of."""

    READY = "ready"
    """Videos that are not in the trash."""
    TRASHED = "trashed"
    MAKING = "making"
    """The reader's own generations on their way."""
    FAILED = "failed"
    """The reader's own generations that failed or were stopped."""


FINISHED = frozenset(
    {GenerationStatus.COMPLETED, GenerationStatus.FAILED, GenerationStatus.CANCELED}
)

GENERATION_STATUSES: Mapping[Status, frozenset[GenerationStatus]] = {
    Status.MAKING: frozenset(GenerationStatus) - FINISHED,
    Status.FAILED: frozenset({GenerationStatus.FAILED, GenerationStatus.CANCELED}),
}
"""What the two statuses that show no videos stand for."""


@dataclass(frozen=True)
class GalleryView:
    """One view of the gallery."""

    status: Status = Status.READY
    filter: VideoFilter = field(default_factory=VideoFilter)
    """`filter.trashed` follows from `status`."""
    mine: bool = False
    """Only the reader's own; whose that is, depends on who opens the address."""
    sort: Sort = Sort.NEWEST
    group: Group | None = None

    @property
    def shows_videos(self) -> bool:
        """Whether this is a view of videos rather than of generations."""
        return self.status not in GENERATION_STATUSES

    def of(self, person_id: UUID) -> VideoFilter:
        """The filter as it is for this reader."""
        return replace(self.filter, person_ids=(person_id,)) if self.mine else self.filter


def parse_view(parameters: Mapping[str, str | Sequence[str]]) -> GalleryView:
    """The view that an address asks for. Names it does not know are left alone."""
    given = {name: _listed(value) for name, value in parameters.items()}
    status = _one(given, "status", Status) or Status.READY
    return GalleryView(
        status=status,
        filter=_filter_of(given, trashed=status is Status.TRASHED),
        mine=_one(given, "mine", str) == "1",
        sort=_one(given, "sort", Sort) or Sort.NEWEST,
        group=_one(given, "group", Group),
    )


def query_of(view: GalleryView) -> dict[str, list[str]]:
    """The parameters of the address that opens this view; what is usual is left out."""
    wanted = view.filter
    written: dict[str, Sequence[str]] = {
        "q": [wanted.search.strip()],
        "status": [view.status] if view.status is not Status.READY else [],
        "mine": ["1"] if view.mine else [],
        "team": _texts(wanted.team_ids),
        "campaign": [*_texts(wanted.campaign_ids), *([NONE] if wanted.no_campaign else [])],
        "person": _texts(wanted.person_ids),
        "model": wanted.models,
        "ratio": wanted.ratios,
        "resolution": wanted.resolutions,
        "tag": wanted.tags,
        "verdict": [*wanted.verdicts, *([NONE] if wanted.unjudged else [])],
        "favourite": ["1"] if wanted.favourite else [],
        "since": _texts([wanted.since]),
        "until": _texts([wanted.until]),
        "min_s": _texts([wanted.min_s]),
        "max_s": _texts([wanted.max_s]),
        "rating": _texts([wanted.min_rating]),
        "image": _texts([wanted.family_id]),
        "batch": _texts([wanted.batch_id]),
        "sort": [view.sort] if view.sort is not Sort.NEWEST else [],
        "group": _texts([view.group]),
    }
    return {
        name: kept
        for name, values in written.items()
        if (kept := [str(value) for value in values if value])
    }


PARAMETERS = (
    *("q", "status", "mine", "team", "campaign", "person", "model", "ratio", "resolution", "tag"),
    *("verdict", "favourite", "since", "until", "min_s", "max_s", "rating", "image", "batch"),
    *("sort", "group"),
)
"""Every name that a view writes into the address."""


def _filter_of(given: Mapping[str, list[str]], *, trashed: bool) -> VideoFilter:
    campaigns, verdicts = given.get("campaign", []), given.get("verdict", [])
    return VideoFilter(
        search=_one(given, "q", _search) or "",
        trashed=trashed,
        team_ids=_many(given.get("team", []), UUID),
        campaign_ids=_many(campaigns, UUID) if NONE not in campaigns else (),
        no_campaign=NONE in campaigns,
        person_ids=_many(given.get("person", []), UUID),
        models=_many(given.get("model", []), _name),
        ratios=_many(given.get("ratio", []), _name),
        resolutions=_many(given.get("resolution", []), _name),
        tags=_many(given.get("tag", []), _name),
        verdicts=_many(verdicts, Verdict) if NONE not in verdicts else (),
        unjudged=NONE in verdicts,
        favourite=_one(given, "favourite", str) == "1",
        since=_one(given, "since", date.fromisoformat),
        until=_one(given, "until", date.fromisoformat),
        min_s=_one(given, "min_s", _seconds),
        max_s=_one(given, "max_s", _seconds),
        min_rating=_one(given, "rating", _stars),
        family_id=_one(given, "image", UUID),
        batch_id=_one(given, "batch", UUID),
    )


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _many(values: Iterable[str], read: Callable[[str], T]) -> tuple[T, ...]:
    """What can be read of the values, each once."""
    found: dict[T, None] = {}
    for value in values:
        try:
            found[read(value)] = None
        except (ValueError, OverflowError):
            continue
        if len(found) == MAX_VALUES:
            break
    return tuple(found)


def _one(given: Mapping[str, list[str]], name: str, read: Callable[[str], T]) -> T | None:
    found = _many(given.get(name, [])[:1], read)
    return found[0] if found else None


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values if value is not None]


def _search(text: str) -> str:
    return text.replace("\0", " ").strip()[:MAX_SEARCH].strip()


def _name(text: str) -> str:
    name = text.replace("\0", " ").strip()[:MAX_TEXT].strip()
    if not name:
        raise ValueError(text)
    return name


def _seconds(text: str) -> int:
    return _between(text, 0, MAX_SECONDS)


def _stars(text: str) -> int:
    return _between(text, 1, 5)


def _between(text: str, least: int, most: int) -> int:
    value = int(text)
    if not least <= value <= most:
        raise ValueError(text)
    return value
