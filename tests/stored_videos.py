"""Videos in the record whose files are in the store, too, for tests of what is done with files."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.bootstrap import Services
from storage.models import Person, Rendition, RenditionKind, RenditionState
from storage.records import videos
from tests.kept_videos import KeptVideos


class StoredVideos:
    """Makes finished videos with a file of a few bytes for each rendition."""

    def __init__(
        self,
        services: Services,
        submit: Callable[..., UUID],
        as_owner: Callable[..., list[Any]],
        folder: Path,
    ) -> None:
        self._services = services
        self._kept = KeptVideos(services, submit, as_owner)
        self._as_owner = as_owner
        self._folder = folder

    def add(
        self, person: Person | None = None, *, title: str = "Sneaker", **asked: str | int
    ) -> UUID:
        """The id of a new video of this person."""
        video_id = self._kept.add(person, pending=False, **asked)
        self._as_owner("update studio.videos set title = %s where id = %s", title, video_id)
        for kind in (RenditionKind.ORIGINAL, RenditionKind.WEB, RenditionKind.P360):
            self.put(video_id, kind, f"{kind} of {video_id}".encode())
        return video_id

    def put(self, video_id: UUID, kind: RenditionKind, data: bytes) -> None:
        """Keep these bytes as a rendition."""
        path, key = self._folder / "some.mp4", f"videos/{video_id}/{kind.value}.mp4"
        path.write_bytes(data)
        self._services.store.put(key, path, "video/mp4")
        rendition = Rendition(
            video_id=video_id,
            kind=kind,
            state=RenditionState.READY,
            key=key,
            content_type="video/mp4",
            size_bytes=len(data),
            width=864,
            height=480,
            sha256=hashlib.sha256(data).hexdigest(),
            problem=None,
        )
        with self._services.database.as_service() as tx:
            videos.put_rendition(tx, rendition)
