"""New requests from finished videos: what a video was made from, for whoever sees the video.

A colleague's generation stays theirs (its queue, its times, its money), but what the team's video
shows, its start image and its settings, the team may use again.
"""

from __future__ import annotations

from uuid import UUID

from jobs.admission import SUBMITTING_ROLES, draft_of
from jobs.bootstrap import Services
from jobs.errors import CatalogError, NotAllowed
from jobs.fal.catalog import Catalog
from jobs.requests import RequestDraft
from storage.models import Generation, Person, Video
from storage.records import generations, videos

FINAL_P = 720
"""Lines of the smallest resolution that counts as final; below it is a draft."""


def source_of(services: Services, person: Person, video_id: UUID) -> Generation:
    """The generation behind a video that this person sees.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    with services.database.as_person(person.id) as tx:
        videos.by_id(tx, video_id)
    with services.database.as_service() as tx:
        return generations.by_id(tx, video_id)


def remix(
    services: Services,
    person: Person,
    video: Video,
    *,
    with_seed: bool,
    resolution: str | None = None,
) -> RequestDraft:
    """What was asked for then, ready to be changed; `resolution` None: that of the video.

    Raises:
        NotAllowed: this person's role makes no videos.
        CatalogError: the model is not listed any more.
        RecordNotFound: there is no such video for this person.
        ObjectNotFound: an image it was made from is gone.
    """
    if person.role not in SUBMITTING_ROLES:
        raise NotAllowed(
            "Your role does not make videos.", todo="Ask an administrator for another role."
        )
    draft = draft_of(services, person, source_of(services, person, video.id))
    seed = video.seed if with_seed else None
    changes = {"seed": seed, "title": video.title, "resolution": resolution or draft.resolution}
    return draft.model_copy(update=changes)


def final_resolution(catalog: Catalog, video: Video) -> str | None:
    """The resolution at which this draft becomes final; None when it is no draft.

    Also None when the model is not listed any more or makes nothing larger.
    """
    if lines(video.resolution) >= FINAL_P:
        return None
    try:
        offered = catalog.by_key(video.model).resolutions
    except CatalogError:
        return None
    return min((one for one in offered if lines(one) >= FINAL_P), key=lines, default=None)


def lines(resolution: str) -> int:
    """`720p` as a number."""
    return int(resolution.removesuffix("p"))
