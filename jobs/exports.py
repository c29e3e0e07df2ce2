"""Zips of videos: what a person asks for. A worker builds them (`jobs.export_building`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from jobs.bells import Bell
from jobs.bootstrap import Services
from jobs.errors import CatalogError, InvalidRequest, Problem
from jobs.export_contents import Entry
from jobs.export_names import Named, checked_template, file_names
from storage.errors import RecordNotFound
from storage.models import Person, RenditionKind
from storage.postgres import Transaction
from storage.records import exports
from storage.records.exports import Content, Export, ExportState

__all__ = ["Export", "ExportState"]
"""What pages need of the record's words; they don't import the record themselves."""

MOST_VIDEOS = 500
MOST_BYTES = 4_000_000_000
"""Of one zip. A store takes files of 5 GB at most (Cloudflare docs, R2, Limits)."""
MOST_OPEN = 3
"""Zips of one person that are not finished yet."""
MOST_SHOWN = 5
KEPT_S = 3 * 24 * 3600.0
"""How long a finished zip can be fetched."""
RENDITIONS = (
    RenditionKind.WEB,
    RenditionKind.ORIGINAL,
    RenditionKind.P480,
    RenditionKind.P360,
)


@dataclass(frozen=True)
class Preview:
    """What a zip would hold."""

    names: tuple[str, ...]
    """Of the video files, in their order."""
    size_bytes: int
    missing: int
    """Chosen videos that have no such file: the manifest says why."""


def preview(
    services: Services,
    person: Person,
    ids: Sequence[UUID],
    rendition: RenditionKind,
    template: str,
) -> Preview:
    """What a zip of these videos would hold by now.

    Raises:
        InvalidRequest: the template can't be used, or there are too many videos.
    """
    chosen_ids, clean = _checked(ids, rendition, template)
    with services.database.as_person(person.id) as tx:
        entries = entries_of(services, tx, chosen_ids, rendition, clean)
    packed = [entry for entry in entries if entry.file_name]
    return Preview(
        names=tuple(entry.file_name for entry in packed if entry.file_name),
        size_bytes=_size_of(packed),
        missing=len(entries) - len(packed),
    )


def request(
    services: Services,
    person: Person,
    ids: Sequence[UUID],
    rendition: RenditionKind,
    template: str,
) -> UUID:
    """Ask for a zip of these videos; its id. Building begins at once.

    Raises:
        InvalidRequest: the template can't be used, there are too many videos or too large ones,
            or this person has several zips under way.
        RecordNotFound: none of them has such a file for this person.
    """
    chosen_ids, clean = _checked(ids, rendition, template)
    with services.database.as_person(person.id) as tx:
        entries = entries_of(services, tx, chosen_ids, rendition, clean)
        _check_room(tx, [entry for entry in entries if entry.name])
        export_id = exports.add(tx, person.id, chosen_ids, rendition, clean)
    services.bells.ring(Bell.MEDIA)
    return export_id


def exports_of(services: Services, person: Person) -> list[Export]:
    """This person's latest zips, the last one first."""
    with services.database.as_person(person.id) as tx:
        return exports.of_reader(tx, limit=MOST_SHOWN)


def give_up(services: Services, person: Person, export_id: UUID) -> None:
    """Have no more use for a zip: it is not built further and can't be fetched. Safe to repeat."""
    with services.database.as_person(person.id) as tx:
        exports.give_up(tx, export_id)


def key_of(export_id: UUID) -> str:
    """Where the store keeps a zip."""
    return f"exports/{export_id}.zip"


def entries_of(
    services: Services,
    tx: Transaction,
    ids: Sequence[UUID],
    rendition: RenditionKind,
    template: str,
) -> list[Entry]:
    """Each chosen video, with its name in the zip or why it can't be in it."""
    seen = {one.id: one for one in exports.contents(tx, ids, rendition)}
    packable = [one for one in seen.values() if _problem_of(one) is None]
    named = file_names(template, map(_named, packable), services.settings.zone)
    names = dict(zip((one.id for one in packable), named, strict=True))
    return [_entry(services, video_id, seen.get(video_id), names) for video_id in ids]


def _entry(
    services: Services, video_id: UUID, content: Content | None, names: dict[UUID, str]
) -> Entry:
    return Entry(
        id=video_id,
        content=content,
        name=names.get(video_id),
        problem=_problem_of(content),
        model_label=_label(services, content.model) if content else "",
    )


def _problem_of(content: Content | None) -> str | None:
    """Why a video can't be in a zip; None when it can."""
    if content is None:
        return "This video is no longer here, or belongs to another team."
    if content.deleted_at is not None:
        return "This video is in the trash."
    if content.file is None:
        return "This file is not ready: it is being made, or could not be made."
    return None


def _named(content: Content) -> Named:
    return Named(
        id=content.id,
        title=content.title,
        campaign=content.campaign_name,
        aspect_ratio=content.aspect_ratio,
        duration_s=content.duration_s,
        resolution=content.resolution,
        model=content.model,
        person=content.person_name,
        seed=content.seed,
        created_at=content.created_at,
    )


def _label(services: Services, model: str) -> str:
    """The model's name; its key when the catalogue no longer lists it."""
    try:
        return services.catalog.by_key(model).label
    except CatalogError:
        return model


def _checked(
    ids: Sequence[UUID], rendition: RenditionKind, template: str
) -> tuple[list[UUID], str]:
    chosen = list(dict.fromkeys(ids))
    if not 1 <= len(chosen) <= MOST_VIDEOS:
        raise _invalid("videos", f"A zip holds 1 to {MOST_VIDEOS} videos.")
    if rendition not in RENDITIONS:
        raise _invalid("rendition", "Choose one of the video files.")
    return chosen, checked_template(template)


def _check_room(tx: Transaction, packed: Sequence[Entry]) -> None:
    if not packed:
        raise RecordNotFound("None of these videos has such a file.")
    if (size_bytes := _size_of(packed)) > MOST_BYTES:
        raise _invalid(
            "videos",
            f"These files have {size_bytes / 1e9:.1f} GB together; a zip holds "
            f"{MOST_BYTES / 1e9:.0f} GB. Choose fewer, or a smaller rendition.",
        )
    if exports.open_count(tx) >= MOST_OPEN:
        raise _invalid(
            "videos", f"{MOST_OPEN} of your zips are still being built. Wait for one, or stop it."
        )


def _size_of(packed: Sequence[Entry]) -> int:
    return sum(one.content.file.size_bytes for one in packed if one.content and one.content.file)


def _invalid(field: str, words: str) -> InvalidRequest:
    return InvalidRequest([Problem(field, words)])
