"""Puts together what the lightbox shows of one video."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard import video_reads
from dashboard.components.lightbox import Answer, May, Sheet
from dashboard.components.timeline import Phase, phases_of
from dashboard.video_facts import (
    facts_of,
    last_day,
    moment,
    money_of,
    verdict_of,
    verdicts_of,
)
from dashboard.video_reads import Choices, Neighbourhood, VideoStory
from jobs import library
from jobs.admission import SUBMITTING_ROLES
from jobs.bootstrap import Services
from jobs.gallery_filters import GalleryView
from jobs.remixing import final_resolution
from storage.models import Person, Video


@dataclass(frozen=True)
class Surroundings:
    """What is around a video, and what can be chosen for it."""

    near: Neighbourhood
    choices: Choices


def surroundings_of(
    services: Services, person: Person, view: GalleryView, video: Video
) -> Surroundings:
    """Read what need not be read again while the video is open."""
    return Surroundings(
        video_reads.around(services, person, view, video),
        video_reads.choices(services, person, video),
    )


def sheet_of(
    services: Services,
    person: Person,
    story: VideoStory,
    around: Surroundings,
    answer: Answer | None,
) -> Sheet:
    """The sheet as this person may see it."""
    video, zone = story.video, services.settings.zone
    return Sheet(
        story=story,
        near=around.near,
        choices=around.choices,
        may=may(person, video),
        final=final_resolution(services.catalog, video),
        made_at=moment(video.created_at, zone),
        facts=facts_of(video, services.catalog),
        money=money_of(story),
        phases=_phases(story),
        verdict=verdict_of(story, zone),
        verdicts=verdicts_of(story.verdicts, zone),
        leaves_trash=last_day(video.deleted_at, zone) if video.deleted_at else None,
        answer=answer,
    )


def may(person: Person, video: Video) -> May:
    """What this person may do with the video; the use cases and row-level security decide again."""
    takes_part = person.role in SUBMITTING_ROLES
    return May(takes_part and library.may_move(person, video), takes_part, takes_part)


def _phases(story: VideoStory) -> list[Phase]:
    if story.making is None:
        return []
    ended = story.making.generation.finished_at or datetime.now(UTC)
    return phases_of(story.making.history, ended)
