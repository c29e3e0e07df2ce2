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
from jobs.media.probe import probe_video
from jobs.media.renditions import render_renditions
from jobs.steps import Step, reached
from storage.errors import ObjectStoreError, StudioError
from storage.models import Generation, Rendition, RenditionKind, RenditionState
from storage.postgres import Transaction
from storage.records import generations, videos
from storage.records.generations import Lease

log = structlog.get_logger(__name__)

MAX_TRIES = 4
WAIT_S = 20.0


def render_next(services: Services) -> bool:
    """Render what is pending for the video that has waited longest; False when there is none."""
    with services.database.as_service() as tx:
        lease = videos.claim_render(tx, lease_s=LEASE_S)
        if lease is None:
            return False
        generation = generations.by_id(tx, lease.generation_id)
        source_key = videos.by_id(tx, lease.generation_id).path
    reached(Step.RENDER_CLAIMED)
    with (
        about(generation.id, person_id=generation.person_id),
        kept_alive(lambda lease_s: _renew(services, lease, lease_s)),
        step_edge(lambda fault: _not_rendered(services, lease, fault)),
    ):
        try:
            rendered = _render(services, generation, source_key)
        except (MediaError, ObjectStoreError) as exc:
            _not_rendered(services, lease, exc)
        else:
            _write(services, lease, rendered)
    return True


def _renew(services: Services, lease: Lease, lease_s: float) -> bool:
    with services.database.as_service() as tx:
        return videos.renew_render_lease(tx, lease, lease_s=lease_s)


def _render(services: Services, generation: Generation, source_key: str) -> list[Rendition]:
    with tempfile.TemporaryDirectory(prefix="studio-") as name:
        folder = Path(name)
        source = folder / "source.mp4"
        services.store.fetch(source_key, source)
        reached(Step.RENDER_FETCHED)
        facts = probe_video(source, source.stat().st_size)
        files = render_renditions(services.ffmpeg, source, facts, folder)
        reached(Step.RENDER_RENDERED)
        rendered = []
        for kind, file in files.items():
            rendered.append(put_file(services, generation, kind, file))
            reached(Step.RENDER_FILE_PUT)
        return rendered


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
