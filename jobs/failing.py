"""Ending a generation without a video: the cause, the words, and what it cost."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import structlog

from jobs.errors import (
    CatalogError,
    DiskUnusable,
    FalAccountLocked,
    FalBadInput,
    FalError,
    FalRefused,
    FalResultGone,
    FalTimedOut,
    FalUnavailable,
    MediaError,
)
from jobs.lifecycle import Event
from jobs.moves import move_leased, try_move
from jobs.pricing import charge_for
from jobs.steps import Step, reached
from storage.errors import ObjectStoreError, StudioError
from storage.models import FailureCause, Generation, GenerationStatus
from storage.postgres import Transaction
from storage.records import attempts, events, generations, ledger
from storage.records.generations import Change, Lease

log = structlog.get_logger(__name__)

_CAUSES: tuple[tuple[type[StudioError], FailureCause], ...] = (
    (CatalogError, FailureCause.BAD_INPUT),
    (FalBadInput, FailureCause.BAD_INPUT),
    (FalTimedOut, FailureCause.TIMEOUT),
    (FalResultGone, FailureCause.PROVIDER_DOWN),
    (FalUnavailable, FailureCause.PROVIDER_DOWN),
    (FalAccountLocked, FailureCause.PROVIDER_DOWN),
    (FalError, FailureCause.PROVIDER_DOWN),
    (ObjectStoreError, FailureCause.STORAGE),
    (DiskUnusable, FailureCause.STORAGE),
    (MediaError, FailureCause.MEDIA),
)


def cause_of(error: StudioError) -> FailureCause:
    """The cause that an error counts as; what we did not foresee is our bug."""
    if isinstance(error, FalRefused):
        return error.cause
    for kind, cause in _CAUSES:
        if isinstance(error, kind):
            return cause
    return FailureCause.OUR_BUG


def fail(tx: Transaction, generation: Generation, cause: FailureCause, error: StudioError) -> bool:
    """End a generation that fal refused; False when it has moved on."""
    if not try_move(tx, generation.id, Event.FAILED, words_of(error, cause)):
        return False
    charge_billed(tx, generation, error, f"Billed although it failed: {cause.value}.")
    _close(tx, generation, cause, error)
    return True


def fail_leased(tx: Transaction, lease: Lease, generation: Generation, error: StudioError) -> None:
    """End a generation that fal has ended without a video.

    Raises:
        IllegalTransition: the lease is lost.
    """
    cause = cause_of(error)
    move_leased(tx, lease, Event.FAILED, words_of(error, cause))
    charge_billed(tx, generation, error, f"Billed although it failed: {cause.value}.")
    _close(tx, generation, cause, error)


def given_up(
    tx: Transaction,
    lease: Lease,
    generation: Generation,
    cause: FailureCause,
    error: StudioError,
) -> None:
    """End a generation that never reached fal."""
    move_leased(tx, lease, Event.GIVEN_UP, words_of(error, cause))
    _close(tx, generation, cause, error)


def fail_paid(
    tx: Transaction,
    lease: Lease,
    generation: Generation,
    error: StudioError,
    units: Decimal | None,
) -> None:
    """End a generation that fal completed but whose video can't be had: fal bills it all the same.

    Without a bill the estimate is charged, so that no money is freed that may be gone.
    """
    cause = cause_of(error)
    move_leased(tx, lease, Event.FAILED, words_of(error, cause))
    charge_failure(tx, generation, units, f"Paid, but there is no video: {cause.value}.")
    _close(tx, generation, cause, error)


def not_in_time(units: Decimal | None = None) -> FalTimedOut:
    """The end of what fal should have finished long ago; `units` as fal bills it."""
    return FalTimedOut(
        "fal did not finish this video in time, and the studio had fal stop it.",
        todo="Press Try again, at a quieter time or with another model.",
        billable_units=units,
    )


def was_stopped_as_overdue(tx: Transaction, generation_id: UUID) -> bool:
    """Whether the studio itself, and no person, had it stopped at fal."""
    generation = generations.by_id(tx, generation_id)
    stopped = (entry.to_status for entry in generations.history(tx, generation_id))
    return generation.cancel_requested_at is None and GenerationStatus.CANCELING in stopped


def give_up(tx: Transaction, generation_id: UUID) -> bool:
    """End a generation that fal never ends; False when it has moved on.

    Its hold was kept until a run that fal was asked to stop could not be billed any more. One that
    a person had stopped ends as stopped.
    """
    generation = generations.by_id(tx, generation_id)
    if generation.cancel_requested_at is not None and try_move(tx, generation_id, Event.STOPPED):
        attempts.end(tx, generation_id, "fal never ended it.")
        return True
    return fail(tx, generation, FailureCause.TIMEOUT, not_in_time())


def charge_billed(tx: Transaction, generation: Generation, error: StudioError, note: str) -> None:
    """Charge what fal says it billed without a video: moderation may bill (fal docs, FAQ)."""
    units = error.billable_units if isinstance(error, FalError) else None
    if units is not None and units != 0:
        charge_failure(tx, generation, units, note)


def charge_failure(
    tx: Transaction, generation: Generation, units: Decimal | None, note: str
) -> None:
    """Charge what fal billed for a generation that left no video."""
    decision = charge_for(units, generation.price, generation.estimate_usd)
    ledger.charge(
        tx,
        generation.id,
        decision.amount_usd,
        billable_units=units,
        verified=decision.verified,
        note=f"{note} {decision.reason}".strip(),
    )


def words_of(error: StudioError, cause: FailureCause) -> Change:
    """What a person reads of it."""
    detail = error.detail if isinstance(error, FalError) else str(error.__cause__ or "")
    return Change(
        cause=cause, problem=error.happened, todo=error.todo or None, detail=detail or None
    )


def _close(
    tx: Transaction, generation: Generation, cause: FailureCause, error: StudioError
) -> None:
    attempts.end(tx, generation.id, error.happened)
    events.add(
        tx,
        "failed",
        person_id=generation.person_id,
        team_id=generation.team_id,
        generation_id=generation.id,
        cause=cause.value,
    )
    reached(Step.FAIL_WRITTEN)
    log.warning("generation failed", cause=cause.value, problem=error.happened)
