"""The collect step: fetch the result, check the video, store it, charge it. Playable first.

Every part can be repeated: keys come from the generation's id, and the one transaction at the end
is fenced by the lease, so a second worker overwrites files with the same bytes and writes no row.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import httpx
import structlog

from jobs.bells import Bell
from jobs.bootstrap import Services
from jobs.edges import MAX_UNFORESEEN, step_edge
from jobs.errors import (
    BrokenVideo,
    CatalogError,
    DiskUnusable,
    FalAccountLocked,
    FalCanceled,
    FalError,
    FalNotFinished,
    FalResultGone,
    FalUnavailable,
    MediaError,
    MediaToolFailed,
    UnforeseenFault,
)
from jobs.failing import charge_billed, fail_leased, fail_paid, not_in_time, was_stopped_as_overdue
from jobs.fal.catalog import AUTO
from jobs.fal.messages import FalResult, RequestRef
from jobs.fal.network import tls_context
from jobs.leases import LEASE_S, kept_alive
from jobs.lifecycle import Event
from jobs.log_words import about
from jobs.media.collect import PreparedVideo, prepare_video
from jobs.media.download import download
from jobs.media.rendered import RenderedFile, rendered_file
from jobs.media.renditions import planned_kinds
from jobs.moves import move_leased
from jobs.pricing import charge_for
from jobs.steps import Step, reached
from jobs.submitting import PROBE_AFTER_S, wait_s
from storage.errors import ObjectStoreError, ObjectStoreUnavailable, StudioError
from storage.models import Attempt, Generation, Rendition, RenditionKind, RenditionState
from storage.postgres import Transaction
from storage.records import attempts, events, generations, ledger, videos
from storage.records.generations import Change, Lease
from storage.records.videos import NewVideo

log = structlog.get_logger(__name__)

MAX_TRIES = 150
"""Tries to fetch and store a video that is paid for; with the waits below, about a day."""
LONGEST_WAIT_S = 600.0
MAX_BROKEN_TRIES = 3
"""A damaged file is fetched anew; one that is damaged each time was made so."""
MAX_GONE_TRIES = 5
"""A result that fal does not know is asked for again for half a minute before it is given up
and the estimate charged: fal keeps results for days, so it may only be not found for the moment."""
DOWNLOAD_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class _Collected:
    """What is ready to be written: the result, and the files in the store."""

    result: FalResult
    prepared: PreparedVideo
    files: dict[RenditionKind, Rendition]
    aspect_ratio: str


def collect_next(services: Services) -> bool:
    """Collect the generation that has waited longest; False when there is none."""
    with services.database.as_service() as tx:
        lease = generations.claim_collect(tx, lease_s=LEASE_S)
        if lease is None:
            return False
        generation = generations.by_id(tx, lease.generation_id)
        attempt = attempts.latest(tx, lease.generation_id)
    reached(Step.COLLECT_CLAIMED)
    with (
        about(
            generation.id,
            person_id=generation.person_id,
            attempt_id=attempt.id if attempt else None,
        ),
        kept_alive(lambda lease_s: _renew(services, lease, lease_s)),
        step_edge(lambda fault: _unforeseen(services, lease, generation, fault)),
    ):
        _collect(services, lease, generation, attempt)
    return True


def _unforeseen(
    services: Services, lease: Lease, generation: Generation, fault: UnforeseenFault
) -> None:
    with services.database.as_service() as tx:
        _try_again(tx, lease, generation, fault, MAX_UNFORESEEN, None)


def _renew(services: Services, lease: Lease, lease_s: float) -> bool:
    with services.database.as_service() as tx:
        return generations.renew_lease(tx, lease, lease_s=lease_s)


def _collect(
    services: Services, lease: Lease, generation: Generation, attempt: Attempt | None
) -> None:
    try:
        result = services.fal.result(request_of(attempt))
    except FalError as exc:
        _no_result(services, lease, generation, exc)
        return
    reached(Step.COLLECT_RESULT_FETCHED)
    try:
        with tempfile.TemporaryDirectory(prefix="studio-") as folder:
            collected = _fetch_and_store(services, generation, result, Path(folder))
    except (FalError, MediaError, ObjectStoreError) as exc:
        _no_video(services, lease, generation, exc, result.billable_units)
        return
    with services.database.as_service() as tx:
        _write(tx, lease, generation, collected)
        reached(Step.COLLECT_WRITTEN)
    reached(Step.COLLECT_COMMITTED)
    services.bells.ring(Bell.MEDIA)
    reached(Step.COLLECT_RUNG)
    log.info("video stored", size_bytes=collected.prepared.web_file.size_bytes)


def request_of(attempt: Attempt | None) -> RequestRef:
    """Where an accepted attempt's request is at fal.

    Raises:
        FalResultGone: it has no addresses, so nothing can be fetched.
    """
    if attempt is None or attempt.request_id is None:
        raise FalResultGone("The request's address at fal is not known.")
    return RequestRef(
        request_id=attempt.request_id,
        status_url=str(attempt.status_url),
        response_url=str(attempt.response_url),
        cancel_url=str(attempt.cancel_url),
    )


def _fetch_and_store(
    services: Services, generation: Generation, result: FalResult, folder: Path
) -> _Collected:
    max_bytes = services.settings.max_video_mb * 1024 * 1024
    source = folder / "fal.mp4"
    with httpx.Client(follow_redirects=True, verify=tls_context()) as client:
        download(client, result.video_url, source, max_bytes, DOWNLOAD_TIMEOUT_S)
    reached(Step.COLLECT_DOWNLOADED)
    prepared = prepare_video(services.ffmpeg, source, folder, max_bytes=max_bytes)
    reached(Step.COLLECT_PREPARED)
    to_store = {
        RenditionKind.WEB: prepared.web_file,
        RenditionKind.POSTER: prepared.poster_file,
    }
    if prepared.encoded:
        # What was paid for is kept as it came; a remux has the same pictures and needs no copy.
        size = (prepared.facts.width, prepared.facts.height)
        to_store[RenditionKind.ORIGINAL] = rendered_file(source, size, "video/mp4")
    files = {}
    for kind, file in to_store.items():
        files[kind] = put_file(services, generation, kind, file)
        reached(Step.COLLECT_FILE_PUT)
    return _Collected(result, prepared, files, _ratio(services, generation, prepared))


def _ratio(services: Services, generation: Generation, prepared: PreparedVideo) -> str:
    """The ratio that was asked for; for `auto` the one that fal chose."""
    asked = str(generation.parameters["aspect_ratio"])
    if asked != AUTO:
        return asked
    width, height = prepared.facts.width, prepared.facts.height
    try:
        model = services.catalog.by_key(generation.model)
        return model.nearest_ratio(str(generation.parameters["resolution"]), width, height)
    except CatalogError:  # dropped from the catalogue since, but the video is paid for
        shape = Fraction(width, height)
        return f"{shape.numerator}:{shape.denominator}"


def put_file(
    services: Services, generation: Generation, kind: RenditionKind, file: RenderedFile
) -> Rendition:
    """Put a file of a video into the store; the rendition to write down."""
    key = f"videos/{generation.id}/{kind.value}{file.path.suffix}"
    services.store.put(key, file.path, file.content_type)
    return Rendition(
        video_id=generation.id,
        kind=kind,
        state=RenditionState.READY,
        key=key,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        width=file.width,
        height=file.height,
        sha256=file.sha256,
        problem=None,
    )


def _write(tx: Transaction, lease: Lease, generation: Generation, collected: _Collected) -> None:
    """The one transaction: charge, video, renditions, and the end of hold and attempt."""
    move_leased(tx, lease, Event.COLLECTED)
    units = collected.result.billable_units
    decision = charge_for(units, generation.price, generation.estimate_usd)
    ledger.charge(
        tx,
        generation.id,
        decision.amount_usd,
        billable_units=units,
        verified=decision.verified,
        note=decision.reason or None,
    )
    videos.insert(tx, _new_video(generation, collected))
    for rendition in _all_renditions(generation, collected):
        videos.put_rendition(tx, rendition)
    attempts.end(tx, generation.id)
    events.add(
        tx,
        "completed",
        person_id=generation.person_id,
        team_id=generation.team_id,
        generation_id=generation.id,
    )


def _new_video(generation: Generation, collected: _Collected) -> NewVideo:
    facts = collected.prepared.facts
    return NewVideo(
        id=generation.id,
        path=str(collected.files[RenditionKind.WEB].key),
        poster_path=str(collected.files[RenditionKind.POSTER].key),
        seed=collected.result.seed if collected.result.seed is not None else generation.seed,
        size_bytes=collected.prepared.web_file.size_bytes,
        duration_s=facts.duration_s,
        aspect_ratio=collected.aspect_ratio,
        fps=facts.fps,
        width=facts.width,
        height=facts.height,
    )


def _all_renditions(generation: Generation, collected: _Collected) -> list[Rendition]:
    planned = planned_kinds(collected.prepared.facts)
    others = [
        without_file(
            generation.id,
            kind,
            RenditionState.PENDING if kind in planned else RenditionState.SKIPPED,
        )
        for kind in RenditionKind
        if kind not in collected.files
    ]
    return [*collected.files.values(), *others]


def without_file(
    video_id: UUID, kind: RenditionKind, state: RenditionState, problem: str | None = None
) -> Rendition:
    """A rendition that has no file: not yet, not needed, or not made."""
    return Rendition(
        video_id=video_id,
        kind=kind,
        state=state,
        key=None,
        content_type=None,
        size_bytes=None,
        width=None,
        height=None,
        sha256=None,
        problem=problem,
    )


def _no_result(services: Services, lease: Lease, generation: Generation, error: FalError) -> None:
    """fal answered without a video: for now, or for good."""
    with services.database.as_service() as tx:
        if isinstance(error, FalUnavailable | FalNotFinished):
            _try_again(tx, lease, generation, error, MAX_TRIES, error.billable_units)
        elif isinstance(error, FalAccountLocked):
            _wait_for_account(tx, lease, error)
        elif isinstance(error, FalCanceled) and generation.cancel_requested_at:
            move_leased(tx, lease, Event.STOPPED)
            charge_billed(tx, generation, error, "Billed although it was stopped.")
            attempts.end(tx, generation.id, error.happened)
        elif isinstance(error, FalResultGone):
            _try_again(tx, lease, generation, error, MAX_GONE_TRIES, error.billable_units)
        elif isinstance(error, FalCanceled) and was_stopped_as_overdue(tx, generation.id):
            fail_leased(tx, lease, generation, not_in_time(error.billable_units))
        else:
            fail_leased(tx, lease, generation, error)


def _wait_for_account(tx: Transaction, lease: Lease, error: FalAccountLocked) -> None:
    """The video is there and paid for: it waits for the administrator, however long it takes."""
    change = Change(
        problem=error.happened, todo=error.todo or None, detail=error.detail, wait_s=PROBE_AFTER_S
    )
    generations.postpone(tx, lease, change)
    log.warning("not collected, the account is locked", error=str(error))


def _no_video(
    services: Services,
    lease: Lease,
    generation: Generation,
    error: StudioError,
    units: Decimal | None,
) -> None:
    """The result is there, the file could not be fetched, checked or stored."""
    with services.database.as_service() as tx:
        if isinstance(error, BrokenVideo | MediaToolFailed):
            _try_again(tx, lease, generation, error, MAX_BROKEN_TRIES, units)
        elif isinstance(error, FalUnavailable | ObjectStoreUnavailable | DiskUnusable):
            _try_again(tx, lease, generation, error, MAX_TRIES, units)
        else:
            fail_paid(tx, lease, generation, error, units)


def _try_again(
    tx: Transaction,
    lease: Lease,
    generation: Generation,
    error: StudioError,
    most: int,
    units: Decimal | None,
) -> None:
    tries = generations.tries_of(tx, generation.id) + 1
    if tries >= most:
        fail_paid(tx, lease, generation, error, units)
        return
    change = Change(
        problem=error.happened,
        todo=error.todo or None,
        wait_s=wait_s(tries, error, LONGEST_WAIT_S),
        detail=str(error),
        count_try=True,
    )
    generations.postpone(tx, lease, change)
    log.warning("not collected, trying again", tries=tries, error=str(error))
