"""A person settles a submit whose answer was lost: adopts it, gives it up, or submits it again.

A decision is a row that the person writes under row-level security, with their reason; it is the
audit. The studio carries it out at once, or in a later sweep when its process died in between. None
of the three ever sends a second POST for the old attempt: submitting again is a new generation with
its own hold, and the old one's hold stays until fal can't bill it any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import structlog

from jobs.admission import submit_beside
from jobs.bootstrap import Services
from jobs.deadlines import CLOCK_SLACK
from jobs.errors import (
    FalAccountLocked,
    FalError,
    FalResultGone,
    FalUnavailable,
    IllegalTransition,
    InvalidRequest,
    Problem,
)
from jobs.failing import fail
from jobs.fal.messages import Accepted, Done
from jobs.lifecycle import Event
from jobs.log_words import about
from jobs.moves import try_move
from jobs.open_outcomes import OpenOutcome, open_outcome
from jobs.submitting import keep_answer
from storage.errors import RecordConflict, RecordUnavailable, StudioError
from storage.models import (
    Attempt,
    FailureCause,
    Person,
)
from storage.postgres import Transaction
from storage.records import attempts, generations, outcomes
from storage.records.outcomes import Decided, Decision, NewDecision

log = structlog.get_logger(__name__)

MAX_REASON = 500
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,100}", re.ASCII)
_SHOWN_IDS = 20


def adopt(
    services: Services, person: Person, generation_id: UUID, request_id: str, reason: str
) -> None:
    """Take a request at fal for the lost one; the generation goes on with it.

    One that a person has stopped meanwhile is then canceled at fal.

    Raises:
        InvalidRequest: the id is none, or that request is not this generation's.
        IllegalTransition: the outcome is known by now, or somebody else has decided.
        FalError: fal can't be asked now.
        RecordNotFound: there is no such generation for this person.
    """
    found = _must_be_open(services, person, generation_id)
    request_id = _checked_id(request_id)
    _check_not_taken(services, request_id)
    _check_is_ours(services, found.attempt, request_id)
    _decide(services, person, found, Decided.ADOPTED, reason, request_id=request_id)


def mark_not_submitted(
    services: Services, person: Person, generation_id: UUID, reason: str, *, confirmed: bool
) -> None:
    """End it: fal never got it. Its hold is freed and nothing is charged.

    `confirmed` says that the person has looked at fal and takes the risk; it is needed while fal
    could still bill the request.

    Raises:
        InvalidRequest: it is too early without `confirmed`, or fal's history has it.
        IllegalTransition, RecordNotFound: as for `adopt`.
    """
    found = _must_be_open(services, person, generation_id)
    if found.attempt.found_ids:
        raise _refused(
            "fal's history has this generation's request, so it was submitted. Adopt one of the "
            f"ids that were found: {', '.join(found.attempt.found_ids[:_SHOWN_IDS])}."
        )
    if not confirmed and not found.is_past(datetime.now(UTC)):
        raise _refused(
            "fal may still make this video and bill it until "
            f"{found.chargeable_until:%d %b %H:%M} UTC. Confirm that you have looked at fal."
        )
    _decide(services, person, found, Decided.NOT_SUBMITTED, reason, confirmed=confirmed)


def submit_again(
    services: Services, person: Person, generation_id: UUID, reason: str, *, confirmed: bool
) -> UUID:
    """Submit the same inputs as a new generation, knowing that both may be charged; its id.

    The old one keeps its hold until fal can't bill it any more, and ends then. When it is found at
    fal before that, both videos are kept and both are charged.

    Raises:
        InvalidRequest: not `confirmed`, or its inputs can't be submitted today.
        BudgetExceeded, NotAllowed: as for `jobs.admission.admit`.
        IllegalTransition, RecordNotFound: as for `adopt`.
    """
    found = _must_be_open(services, person, generation_id)
    if not confirmed:
        raise _refused("Confirm that you know that both may be charged.")
    if found.resubmitted_as is not None:
        raise _decided_already()
    with services.database.as_person(person.id) as tx:
        old = generations.by_id(tx, generation_id)

    new = _decision(person, found, Decided.RESUBMITTED, reason, confirmed=True)

    def note(tx: Transaction, new_id: UUID) -> None:
        outcomes.decide(tx, replace(new, new_generation_id=new_id))

    with _in_words():
        new_id = submit_beside(services, person, old, note)
    carry_out(services)
    return new_id


def carry_out(services: Services) -> int:
    """Carry out every decision whose time has come; how many. Safe to repeat."""
    with services.database.as_service() as tx:
        due = outcomes.due(tx)
    return sum(_carry_out_safely(services, decision) for decision in due)


def _carry_out_safely(services: Services, decision: Decision) -> bool:
    """One decision that can't be carried out now stops no other; it is tried again."""
    with about(decision.generation_id, attempt_id=decision.attempt_id):
        try:
            _carry_out(services, decision)
        except RecordUnavailable:
            raise
        except StudioError as exc:
            log.warning("decision not carried out", what=decision.what.value, error=str(exc))
            return False
        return True


def _carry_out(services: Services, decision: Decision) -> None:
    if decision.what is Decided.ADOPTED:
        overtaken = not _adopt(services, decision)
        with services.database.as_service() as tx:
            outcomes.close(tx, decision.id, overtaken=overtaken)
    else:
        with services.database.as_service() as tx:
            known = not outcomes.lock_unknown(tx, decision.attempt_id)
            if not known:
                _end_unsubmitted(tx, decision)
            outcomes.close(tx, decision.id, overtaken=known)
    log.info("decision carried out", what=decision.what.value)


def _adopt(services: Services, decision: Decision) -> bool:
    """Whether the attempt now has the request that the person named."""
    request_id = str(decision.request_id)
    with services.database.as_service() as tx:
        attempt = attempts.latest(tx, decision.generation_id)
    if attempt is None or attempt.id != decision.attempt_id:
        return False
    ref = services.fal.request_ref(attempt.endpoint, request_id)
    answer = Accepted(
        ref.request_id, ref.status_url, ref.response_url, ref.cancel_url, queue_position=None
    )
    try:
        keep_answer(services, decision.generation_id, decision.attempt_id, answer)
    except RecordConflict as exc:
        log.warning("adopted request belongs to another attempt", error=str(exc))
        return False
    with services.database.as_service() as tx:
        return outcomes.generation_of_request(tx, request_id) == decision.generation_id


def _end_unsubmitted(tx: Transaction, decision: Decision) -> None:
    """Nothing of it is at fal: end it without a charge, as stopped when a person stopped it."""
    generation = generations.by_id(tx, decision.generation_id)
    words = _end_words(decision)
    if try_move(tx, generation.id, Event.STOPPED):
        attempts.end(tx, generation.id, words.happened)
    else:
        fail(tx, generation, FailureCause.PROVIDER_DOWN, words)


def _end_words(decision: Decision) -> StudioError:
    if decision.what is Decided.RESUBMITTED:
        return FalError(
            "The answer to the submit was lost, and nothing of it was found at fal in time. It was "
            "submitted again as another generation.",
            todo="Look at the other one.",
            detail=decision.reason,
        )
    return FalError(
        "The answer to the submit was lost. "
        f"{decision.decided_by_name} has looked at fal: it was not submitted.",
        todo="Press Try again to submit it anew.",
        detail=decision.reason,
    )


def _must_be_open(services: Services, person: Person, generation_id: UUID) -> OpenOutcome:
    found = open_outcome(services, person, generation_id)
    if found is None:
        raise IllegalTransition(
            "There is nothing left to decide: what became of the submit is known by now.",
            todo="Look at the generation again.",
        )
    return found


def _checked_id(text: str) -> str:
    request_id = text.strip()
    if not _REQUEST_ID.fullmatch(request_id):
        raise _refused(
            "This is no request id. fal's are like 764cabcf-b745-4b3e-ae38-1200304cf45b."
        )
    return request_id


def _check_not_taken(services: Services, request_id: str) -> None:
    with services.database.as_service() as tx:
        taken = outcomes.generation_of_request(tx, request_id)
    if taken is not None:
        raise _refused("This request belongs to another generation already.")


def _check_is_ours(services: Services, attempt: Attempt, request_id: str) -> None:
    """fal knows the request, and as far as fal shows it, it is the one this attempt sent.

    A request that still waits or runs may not be listed, and a key may not be allowed to read the
    history: then the person's word counts.
    """
    ref = services.fal.request_ref(attempt.endpoint, request_id)
    try:
        status = services.fal.status(ref, with_logs=False)
    except FalResultGone as exc:
        raise _refused(f"fal knows no request {request_id} at {attempt.endpoint}.") from exc
    try:
        shown = services.fal.shown_request(
            attempt.endpoint, attempt.created_at - CLOCK_SLACK, request_id
        )
    except (FalUnavailable, FalAccountLocked):
        raise
    except FalError as exc:
        log.warning("request not checked: the history can't be read", error=str(exc))
        return
    if shown is not None and shown.start_image_url not in (None, attempt.marker):
        raise _refused("This request was made from another image: it is not this generation's.")
    if shown is None and isinstance(status, Done):
        raise _refused(
            f"fal's history of {attempt.endpoint} does not have this request: it is older than "
            "this generation, or was made with another model. A request that has just ended may "
            "appear there a minute later."
        )


def _decide(
    services: Services,
    person: Person,
    found: OpenOutcome,
    what: Decided,
    reason: str,
    *,
    confirmed: bool = False,
    request_id: str | None = None,
) -> None:
    new = _decision(person, found, what, reason, confirmed=confirmed, request_id=request_id)
    with _in_words(), services.database.as_person(person.id) as tx:
        outcomes.decide(tx, new)
    log.info("outcome decided", what=what.value, generation_id=str(found.generation_id))
    carry_out(services)


def _decision(
    person: Person,
    found: OpenOutcome,
    what: Decided,
    reason: str,
    *,
    confirmed: bool,
    request_id: str | None = None,
) -> NewDecision:
    words = " ".join(reason.split())
    if not words:
        raise _refused("Say in a few words why, for those who look at it later.")
    return NewDecision(
        generation_id=found.generation_id,
        attempt_id=found.attempt.id,
        what=what,
        reason=words[:MAX_REASON],
        confirmed=confirmed,
        chargeable_until=found.chargeable_until,
        decided_by=person.id,
        request_id=request_id,
    )


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except RecordConflict as exc:
        if exc.constraint == "outcome_is_open":
            raise IllegalTransition(
                "There is nothing left to decide: what became of the submit is known by now.",
                todo="Look at the generation again.",
            ) from exc
        if exc.constraint in ("outcome_decisions_one", "outcome_decisions_one_resubmit"):
            raise _decided_already() from exc
        raise


def _decided_already() -> IllegalTransition:
    return IllegalTransition(
        "Somebody has decided this in the meantime.", todo="Look at the generation again."
    )


def _refused(happened: str) -> InvalidRequest:
    refusal = InvalidRequest([Problem("outcome", happened)])
    refusal.todo = ""
    return refusal
