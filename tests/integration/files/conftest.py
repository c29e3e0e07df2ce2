"""Finished videos with their files in the store, and a store whose files have any age."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jobs.bootstrap import Services
from storage.models import Rendition, RenditionKind
from storage.records import videos
from tests.kept_videos import KeptVideos

DAY_S = 24 * 3600


@pytest.fixture
def put(services: Services, tmp_path: Path) -> Callable[..., str]:
    """Puts a file of some age into the store: `put("videos/…/web.mp4", age_s=…)`; its key."""

    def run(key: str, size_bytes: int = 1, age_s: float = 0) -> str:
        source = tmp_path / "source"
        source.touch()
        os.truncate(source, size_bytes)
        services.store.put(key, source, "video/mp4")
        path = services.store.local_path(key)
        assert path is not None
        os.utime(path, (time.time() - age_s,) * 2)
        return key

    return run


@pytest.fixture
def renditions(services: Services) -> Callable[[UUID], dict[RenditionKind, Rendition]]:
    """What the record says of a video's files."""

    def read(video_id: UUID) -> dict[RenditionKind, Rendition]:
        with services.database.as_service() as tx:
            return videos.renditions_of(tx, video_id)

    return read


@pytest.fixture
def keep(
    services: Services,
    submit: Callable[..., UUID],
    as_owner: Callable[..., list[Any]],
    put: Callable[..., str],
    renditions: Callable[[UUID], dict[RenditionKind, Rendition]],
) -> Callable[..., UUID]:
    """A finished video with all of its files, a year old; its id."""
    kept = KeptVideos(services, submit, as_owner)

    def run(*, pending: bool = False) -> UUID:
        video_id = kept.add(pending=pending)
        for rendition in renditions(video_id).values():
            if rendition.key and rendition.size_bytes:
                put(rendition.key, rendition.size_bytes, age_s=365 * DAY_S)
        return video_id

    return run


@pytest.fixture
def keys(services: Services) -> Callable[[], set[str]]:
    """Every file of a video and every image in the store."""
    return lambda: {
        found.key for folder in ("videos", "inputs") for found in services.store.list(folder)
    }


@pytest.fixture
def events_of(as_owner: Callable[..., list[Any]]) -> Callable[[UUID], list[str]]:
    """What happened to a video's files, in order."""

    def read(video_id: UUID) -> list[str]:
        rows = as_owner(
            "select kind from studio.events where generation_id = %s "
            "and kind in ('purged', 'file_lost', 'file_found') order by id",
            video_id,
        )
        return [row[0] for row in rows]

    return read
