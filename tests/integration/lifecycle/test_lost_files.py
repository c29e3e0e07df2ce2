"""Files that the store has lost are made again by a worker; workers that die are counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jobs.bootstrap import Services
from jobs.file_recovery import compare_files
from jobs.media.probe import probe_video
from jobs.rendering import render_next
from storage.models import Generation, RenditionKind, RenditionState
from storage.records import generations, videos
from storage.records.generations import MAX_DEATHS

Submit = Callable[..., UUID]
Until = Callable[..., Generation]
READY = RenditionState.READY


def path_of(services: Services, key: str) -> Path:
    path = services.store.local_path(key)
    assert path is not None
    return path


@pytest.fixture
def renditions(services: Services) -> Callable[[UUID], Any]:
    def read(video_id: UUID) -> Any:
        with services.database.as_service() as tx:
            return videos.renditions_of(tx, video_id)

    return read


def test_lost_files_are_made_again_from_what_plays(
    services: Services, submit: Submit, until: Until, renditions: Any
) -> None:
    video_id = until(submit()).id
    render_next(services)
    before = renditions(video_id)
    lost = [RenditionKind.POSTER, RenditionKind.P360, RenditionKind.PREVIEW]
    services.store.delete([before[kind].key for kind in lost])
    assert compare_files(services) == 1
    assert render_next(services)
    after = renditions(video_id)
    assert all(after[kind].state is READY for kind in lost)
    assert after[RenditionKind.WEB] == before[RenditionKind.WEB]
    assert compare_files(services) == 0


def test_a_lost_web_version_is_made_again_from_what_fal_made(
    services: Services, submit: Submit, until: Until, renditions: Any, as_owner: Any
) -> None:
    video_id = until(submit()).id
    render_next(services)
    web = renditions(video_id)[RenditionKind.WEB]
    original = f"videos/{video_id}/original.mp4"
    services.store.put(original, path_of(services, web.key), "video/mp4")
    as_owner(
        "update studio.renditions set state = 'ready', key = %s, content_type = 'video/mp4', "
        "size_bytes = %s, sha256 = %s where video_id = %s and kind = 'original'",
        original,
        web.size_bytes,
        web.sha256,
        video_id,
    )
    services.store.delete([web.key])
    assert compare_files(services) == 1
    assert render_next(services)
    assert probe_video(path_of(services, web.key), 10**9).plays_in_browsers
    assert renditions(video_id)[RenditionKind.WEB].state is READY


def test_deaths_of_collect_workers_are_counted_and_then_nobody_follows(
    services: Services, submit: Submit, watch: Until, expire: Any, as_owner: Any
) -> None:
    generation_id = submit()
    watch(generation_id, "collecting")

    def claimed() -> bool:
        with services.database.as_service() as tx:
            return generations.claim_collect(tx, lease_s=30) is not None

    for deaths in range(3):
        assert claimed()
        assert as_owner("select deaths from studio.generations") == [(deaths,)]
        expire(generation_id)
    assert claimed()
    expire(generation_id)
    assert not claimed()  # for a minute
    as_owner(
        "update studio.generations set deaths = %s, lease_until = now() - interval '1 day'",
        MAX_DEATHS,
    )
    assert not claimed()


def test_the_death_of_a_render_worker_is_a_try(
    services: Services, submit: Submit, until: Until, expire: Any, as_owner: Any
) -> None:
    video_id = until(submit(), "completed").id
    as_owner("update studio.renditions set state = 'pending', problem = null where kind = '360p'")
    for tries in range(2):
        with services.database.as_service() as tx:
            assert videos.claim_render(tx, lease_s=30)
        assert as_owner("select render_tries from studio.videos") == [(tries,)]
        expire(video_id)
