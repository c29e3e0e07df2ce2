"""Videos in the record without a provider in between, for tests of what is done with them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from jobs.bootstrap import Services
from storage.models import Person, Rendition, RenditionKind, RenditionState
from storage.records import ledger, videos
from storage.records.videos import NewVideo

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

_TYPES = {RenditionKind.POSTER: "image/jpeg"}


class KeptVideos:
    """Makes finished videos; each is a minute younger than the one before it."""

    def __init__(
        self, services: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
    ) -> None:
        self._services = services
        self._submit = submit
        self._as_owner = as_owner
        self._count = 0

    def add(self, person: Person | None = None, *, pending: bool = False, **asked: object) -> UUID:
        """The id of a new video of this person; `pending`: its preview is still being made."""
        video_id = self._submit(person, **asked)
        self._count += 1
        preview = RenditionState.PENDING if pending else RenditionState.READY
        with self._services.database.as_service() as tx:
            videos.insert(tx, _new_video(video_id))
            for kind in (RenditionKind.WEB, RenditionKind.POSTER, RenditionKind.P360):
                videos.put_rendition(tx, _rendition(video_id, kind, RenditionState.READY))
            videos.put_rendition(tx, _rendition(video_id, RenditionKind.PREVIEW, preview))
            ledger.charge(
                tx, video_id, Decimal("0.05"), billable_units=None, verified=False, note="no bill"
            )
        self._finish(video_id)
        return video_id

    def end_render(self, video_id: UUID) -> None:
        """The video's preview is ready now."""
        with self._services.database.as_service() as tx:
            ready = _rendition(video_id, RenditionKind.PREVIEW, RenditionState.READY)
            videos.put_rendition(tx, ready)

    def _finish(self, video_id: UUID) -> None:
        at = NOON + timedelta(minutes=self._count)
        self._as_owner(
            "update studio.generations set status = 'completed', finished_at = now() where id = %s",
            video_id,
            triggers=False,
        )
        self._as_owner("update studio.videos set created_at = %s where id = %s", at, video_id)


def _new_video(video_id: UUID) -> NewVideo:
    return NewVideo(
        id=video_id,
        path=f"videos/{video_id}/web.mp4",
        poster_path=f"videos/{video_id}/poster.jpg",
        seed=7,
        size_bytes=1_234_567,
        duration_s=Decimal("5.040"),
        aspect_ratio="16:9",
        fps=Decimal(24),
        width=864,
        height=480,
    )


def _rendition(video_id: UUID, kind: RenditionKind, state: RenditionState) -> Rendition:
    ready = state is RenditionState.READY
    return Rendition(
        video_id=video_id,
        kind=kind,
        state=state,
        key=f"videos/{video_id}/{kind.value}" if ready else None,
        content_type=_TYPES.get(kind, "video/mp4") if ready else None,
        size_bytes=1_234_567 if ready else None,
        width=864 if ready else None,
        height=480 if ready else None,
        sha256="0" * 64 if ready else None,
        problem=None,
    )
