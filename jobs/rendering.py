"""The render step: the smaller renditions and the preview, after the video already plays.

A failure here never takes the video away: the renditions say so, and it is tried again.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import structlog

from jobs.bootstrap import Services
from jobs.collecting import put_file, without_file
from jobs.edges import step_edge
from jobs.errors import MediaError
from jobs.leases import LEASE_S, kept_alive
from jobs.log_words import about
from jobs.media.collect import prepare_video
from jobs.media.probe import probe_video
from jobs.media.rendered import RenderedFile
from jobs.media.renditions import render_renditions
from jobs.steps import Step, reached
from storage.errors import ObjectStoreError, StudioError
from storage.models import Generation, Rendition, RenditionKind, RenditionState, Video
from storage.postgres import Transaction
from storage.records import generations, videos
from storage.records.generations import Lease

log = structlog.get_logger(__name__)

MAX_TRIES = 4
"""Tries in a row; then the renditions are failed for now."""
ALL_TRIES = 10
"""Tries in all: after the first ones each is hours apart (`jobs.file_recovery`)."""
WAIT_S = 20.0


def render_next(services: Services) -> bool:
    """Render what is pending for the video that has waited longest; False when there is none."""
    with services.database.as_service() as tx:
        lease = videos.claim_render(tx, lease_s=LEASE_S, most_tries=ALL_TRIES)
        if lease is None:
            return False
        generation = generations.by_id(tx, lease.generation_id)
        video = videos.by_id(tx, lease.generation_id)
    reached(Step.RENDER_CLAIMED)
    with (
        about(generation.id, person_id=generation.person_id),
        kept_alive(lambda lease_s: _renew(services, lease, lease_s)),
        step_edge(lambda fault: _not_rendered(services, lease, fault)),
    ):
        try:
            rendered = _render(services, generation, video)
        except (MediaError, ObjectStoreError) as exc:
            _not_rendered(services, lease, exc)
        else:
            _write(services, lease, rendered)
    return True


def _renew(services: Services, lease: Lease, lease_s: float) -> bool:
    with services.database.as_service() as tx:
        return videos.renew_render_lease(tx, lease, lease_s=lease_s)


def _render(services: Services, generation: Generation, video: Video) -> list[Rendition]:
    with tempfile.TemporaryDirectory(prefix="studio-") as name:
        folder = Path(name)
        source = folder / "source.mp4"
        services.store.fetch(source_key(video), source)
        reached(Step.RENDER_FETCHED)
        again = _prepared_again(services, video, source, folder)
        source = again[RenditionKind.WEB].path if RenditionKind.WEB in again else source
        facts = probe_video(source, source.stat().st_size)
        files = {**again, **render_renditions(services.ffmpeg, source, facts, folder)}
        reached(Step.RENDER_RENDERED)
        rendered = []
        for kind, file in files.items():
            rendered.append(put_file(services, generation, kind, file))
            reached(Step.RENDER_FILE_PUT)
        return rendered


def source_key(video: Video) -> str:
    """Key of the file that the others are made from: what plays, else what fal made."""
    original = video.renditions.get(RenditionKind.ORIGINAL)
    if original and original.state is RenditionState.READY and original.key:
        web = video.renditions.get(RenditionKind.WEB)
        if web is None or web.state is not RenditionState.READY:
            return original.key
    return video.path


def _prepared_again(
    services: Services, video: Video, source: Path, folder: Path
) -> dict[RenditionKind, RenderedFile]:
    """What collecting once made and the store has lost since; usually nothing."""
    lost = [
        kind
        for kind in (RenditionKind.WEB, RenditionKind.POSTER)
        if kind in video.renditions and video.renditions[kind].state is RenditionState.PENDING
    ]
    if not lost:
        return {}
    max_bytes = source.stat().st_size
    prepared = prepare_video(services.ffmpeg, source, folder, max_bytes=max_bytes)
    made = {RenditionKind.WEB: prepared.web_file, RenditionKind.POSTER: prepared.poster_file}
    return {kind: made[kind] for kind in lost}


def _write(services: Services, lease: Lease, rendered: list[Rendition]) -> None:
    with services.database.as_service() as tx:
        if not videos.end_render(tx, lease):
            log.info("another worker took over the render")
            return
        for rendition in rendered:
            videos.put_rendition(tx, rendition)
        reached(Step.RENDER_WRITTEN)
    reached(Step.RENDER_COMMITTED)
    log.info("renditions stored", kinds=[rendition.kind.value for rendition in rendered])


def _not_rendered(services: Services, lease: Lease, error: StudioError) -> None:
    with services.database.as_service() as tx:
        tries = videos.postpone_render(tx, lease, wait_s=WAIT_S)
        log.warning("not rendered", tries=tries, error=str(error))
        if tries is not None and tries >= MAX_TRIES:
            _mark_failed(tx, lease, error)


def _mark_failed(tx: Transaction, lease: Lease, error: StudioError) -> None:
    for kind, rendition in videos.renditions_of(tx, lease.generation_id).items():
        if rendition.state is RenditionState.PENDING:
            videos.put_rendition(tx, _failed(lease, kind, error))


def _failed(lease: Lease, kind: RenditionKind, error: StudioError) -> Rendition:
    return without_file(lease.generation_id, kind, RenditionState.FAILED, error.happened)
