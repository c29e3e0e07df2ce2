"""The submit step: claim in fair order, upload the images, write the intent, send one POST.

The intent is committed before the POST and the answer in its own commit after it. A worker that
dies between the two leaves `submitting` with an intended attempt, which everybody else treats as an
unknown outcome; no code path sends a second POST for it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

import structlog
import tenacity

from jobs.bootstrap import Services
from jobs.edges import step_edge
from jobs.errors import (
    CatalogError,
    FalAccountLocked,
    FalBadInput,
    FalError,
    FalOutcomeUnknown,
    FalRefused,
    FalUnavailable,
    UnforeseenFault,
)
from jobs.failing import cause_of, fail, given_up
from jobs.fal.messages import Accepted
from jobs.hooks import webhook_url
from jobs.leases import LEASE_S, kept_alive
from jobs.lifecycle import Event
from jobs.log_words import about
from jobs.moves import move_leased, try_move
from jobs.requests import fal_arguments
from jobs.steps import Step, reached
from storage.errors import ObjectNotFound, ObjectStoreError, RecordUnavailable, StudioError
from storage.models import (
    AttemptState,
    FailureCause,
    Generation,
    GenerationStatus,
    InputImage,
)
from storage.postgres import Transaction
from storage.records import attempts, generations, outcomes
from storage.records.generations import Change, Lease

log = structlog.get_logger(__name__)

MAX_TRIES = 8
"""Tries while fal is down or our store is: with the waits below about five minutes in all."""
LONGEST_WAIT_S = 60.0
PROBE_AFTER_S = 60.0
"""While the account is locked one generation a minute is let through as the probe."""

_when_the_record_answers = tenacity.Retrying(
    retry=tenacity.retry_if_exception_type(RecordUnavailable),
    wait=tenacity.wait_exponential(multiplier=0.1, max=5.0),
    stop=tenacity.stop_after_delay(300.0),
    reraise=True,
)
"""fal's answer to a submit exists only in this process until it is written down."""


def submit_next(services: Services) -> bool:
    """Submit the next generation in fair order; False when there is none to submit now."""
    with services.database.as_service() as tx:
        lease = generations.claim_submit(
            tx,
            in_flight_limit=services.settings.in_flight_limit,
            person_limit=services.settings.person_concurrency,
            lease_s=LEASE_S,
        )
        generation = generations.by_id(tx, lease.generation_id) if lease else None
    if lease is None or generation is None:
        return False
    reached(Step.SUBMIT_CLAIMED)
    with (
        about(generation.id, person_id=generation.person_id),
        kept_alive(lambda lease_s: _renew(services, lease, lease_s)),
        step_edge(lambda fault: _unforeseen(services, lease, generation, fault)),
    ):
        _submit(services, lease, generation)
    return True


def _unforeseen(
    services: Services, lease: Lease, generation: Generation, fault: UnforeseenFault
) -> None:
    """Before the intent it is one more try; after it the outcome is unknown, as the sweep finds."""
    with services.database.as_service() as tx:
        if generations.by_id(tx, generation.id).status is GenerationStatus.QUEUED:
            _try_again(tx, lease, generation, fault)


def _renew(services: Services, lease: Lease, lease_s: float) -> bool:
    with services.database.as_service() as tx:
        return generations.renew_lease(tx, lease, lease_s=lease_s)


def _submit(services: Services, lease: Lease, generation: Generation) -> None:
    try:
        model = services.catalog.by_key(generation.model)
        urls = _upload_images(services, generation)
    except (CatalogError, ObjectStoreError, FalError) as exc:
        _not_uploaded(services, lease, generation, exc)
        return
    reached(Step.SUBMIT_UPLOADED)
    arguments = fal_arguments(generation, model, urls[0], urls[1], generation.seed)
    attempt_id = _intend(services, lease, generation, arguments)
    reached(Step.SUBMIT_INTENDED)
    with about(generation.id, attempt_id=attempt_id):
        _send(services, generation, attempt_id, arguments)


def _send(
    services: Services, generation: Generation, attempt_id: UUID, arguments: dict[str, object]
) -> None:
    """The one POST, and what comes of it."""
    try:
        accepted = services.fal.submit(
            generation.endpoint,
            arguments,
            start_timeout_s=services.settings.fal_start_timeout_s,
            webhook_url=webhook_url(services.settings),
            tags={"generation": str(generation.id)},
            low_priority=generation.lane == "batch",
        )
    except FalError as exc:
        reached(Step.SUBMIT_TURNED_AWAY)
        _not_accepted(services, generation, attempt_id, exc)
        reached(Step.SUBMIT_TURNED_AWAY_WRITTEN)
    else:
        reached(Step.SUBMIT_ANSWERED)
        log.info("accepted by fal", request_id=accepted.request_id)
        _when_the_record_answers(keep_answer, services, generation.id, attempt_id, accepted)
        reached(Step.SUBMIT_KEPT)


def _upload_images(services: Services, generation: Generation) -> tuple[str, str | None]:
    """Addresses of the images at fal, uploaded for this attempt only: the first is its marker."""
    start = _upload(services, generation.start_image)
    end = _upload(services, generation.end_image) if generation.end_image else None
    return start, end


def _upload(services: Services, image: InputImage) -> str:
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder) / Path(image.key).name
        services.store.fetch(image.key, path)
        return services.fal.upload(path, image.content_type, path.name)


def _intend(
    services: Services, lease: Lease, generation: Generation, arguments: dict[str, object]
) -> UUID:
    with services.database.as_service() as tx:
        move_leased(tx, lease, Event.SUBMIT_BEGUN, Change(keep_lease=True))
        return attempts.intend(
            tx,
            generation.id,
            endpoint=generation.endpoint,
            marker=str(arguments["image_url"]),
            arguments=arguments,
            start_timeout_s=services.settings.fal_start_timeout_s,
        )


def keep_answer(
    services: Services, generation_id: UUID, attempt_id: UUID, accepted: Accepted
) -> None:
    """Save the request id and its addresses: from here any worker can go on.

    It is kept whatever has become of the generation meanwhile: an answer that comes after the
    lease was lost settles an unknown outcome, and one being canceled is canceled at fal.
    """
    with services.database.as_service() as tx:
        kept = attempts.accept(
            tx,
            attempt_id,
            request_id=accepted.request_id,
            status_url=accepted.status_url,
            response_url=accepted.response_url,
            cancel_url=accepted.cancel_url,
            queue_position=accepted.queue_position,
        )
        if not kept and outcomes.generation_of_request(tx, accepted.request_id) is None:
            _note_too_late(tx, attempt_id, accepted.request_id)
        elif try_move(tx, generation_id, Event.ACCEPTED):
            attempts.unlock_account(tx)
        else:
            try_move(tx, generation_id, Event.ADOPTED)
        reached(Step.SUBMIT_KEEPING)


def _note_too_late(tx: Transaction, attempt_id: UUID, request_id: str) -> None:
    """A person has said meanwhile that it was not submitted: fal may bill what nobody collects."""
    outcomes.note_look(tx, attempt_id, [request_id], None)
    log.error("fal has a request that was given up", request_id=request_id)


def _not_uploaded(
    services: Services, lease: Lease, generation: Generation, error: StudioError
) -> None:
    """Nothing was sent: try again later, or give up when it can't ever work."""
    with services.database.as_service() as tx:
        if isinstance(error, FalAccountLocked):
            _lock_account(tx, error)
            generations.postpone(tx, lease, _later(error, 0.0))
        elif isinstance(error, FalBadInput | FalRefused | CatalogError):
            given_up(tx, lease, generation, cause_of(error), error)
        elif isinstance(error, ObjectNotFound):
            given_up(tx, lease, generation, FailureCause.STORAGE, error)
        else:
            _try_again(tx, lease, generation, error)


def _try_again(tx: Transaction, lease: Lease, generation: Generation, error: StudioError) -> None:
    tries = generations.tries_of(tx, generation.id) + 1
    if tries >= MAX_TRIES:
        given_up(tx, lease, generation, cause_of(error), error)
    else:
        generations.postpone(tx, lease, _later(error, wait_s(tries, error), count_try=True))
        log.warning("not submitted, trying again", tries=tries, error=str(error))


def _not_accepted(
    services: Services, generation: Generation, attempt_id: UUID, error: FalError
) -> None:
    """Sort the outcome of the POST: unknown, provably not booked, or refused for good."""
    log.warning("submit not accepted", error=type(error).__name__, detail=error.detail)
    with services.database.as_service() as tx:
        if isinstance(error, FalOutcomeUnknown):
            attempts.mark_unknown(tx, attempt_id, error.detail or error.happened)
            try_move(tx, generation.id, Event.ANSWER_LOST, _words(error))
            return
        if not _refused(tx, generation, attempt_id, error):
            log.warning("refused, but found at fal meanwhile")
        elif isinstance(error, FalAccountLocked):
            _lock_account(tx, error)
            _back_to_queue(tx, generation, error, _later(error, 0.0))
        elif isinstance(error, FalUnavailable):
            tries = generations.tries_of(tx, generation.id) + 1
            if tries >= MAX_TRIES:
                fail(tx, generation, cause_of(error), error)
            else:
                change = _later(error, wait_s(tries, error), count_try=True)
                _back_to_queue(tx, generation, error, change)
        else:
            fail(tx, generation, cause_of(error), error)


def _refused(tx: Transaction, generation: Generation, attempt_id: UUID, error: FalError) -> bool:
    """Write down that fal booked nothing; False when the attempt is known to be at fal."""
    attempts.refuse(tx, attempt_id, error.detail or error.happened)
    latest = attempts.latest(tx, generation.id)
    return latest is not None and latest.state is AttemptState.REFUSED


def _back_to_queue(
    tx: Transaction, generation: Generation, error: FalError, change: Change
) -> None:
    """fal booked nothing: queue it again, or end it when a person stopped it meanwhile.

    An unknown outcome can't be queued again; that it is known now ends it without cost.
    """
    if try_move(tx, generation.id, Event.NOT_BOOKED, change):
        return
    if not try_move(tx, generation.id, Event.STOPPED):
        fail(tx, generation, cause_of(error), error)


def _lock_account(tx: Transaction, error: FalAccountLocked) -> None:
    attempts.lock_account(tx, error.detail or error.happened, probe_after_s=PROBE_AFTER_S)


def wait_s(tries: int, error: StudioError, longest_s: float = LONGEST_WAIT_S) -> float:
    """Seconds before the next try: what fal asked for, else 2, 4, 8 … up to the longest."""
    asked = error.retry_after_s if isinstance(error, FalUnavailable) else None
    return asked if asked is not None else min(2.0 ** min(tries, 16), longest_s)


def _later(error: StudioError, wait: float, *, count_try: bool = False) -> Change:
    words = _words(error)
    return Change(
        problem=words.problem,
        todo=words.todo,
        detail=words.detail,
        wait_s=wait,
        count_try=count_try,
    )


def _words(error: StudioError) -> Change:
    detail = error.detail if isinstance(error, FalError) else None
    return Change(problem=error.happened, todo=error.todo or None, detail=detail)
