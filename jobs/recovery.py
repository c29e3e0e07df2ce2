"""What the watcher puts right: lost bells, dead workers, answers that were lost.

Each rule is one function over the record; none looks at Redis, which may have forgotten anything.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog

from jobs.bells import Bell
from jobs.bootstrap import Services
from jobs.errors import FalError
from jobs.fal.messages import Accepted, RequestRef
from jobs.holds import release_expired
from jobs.lifecycle import Event
from jobs.log_words import about
from jobs.moves import try_move
from jobs.steps import Step, reached
from jobs.submitting import keep_answer
from storage.errors import RecordConflict
from storage.models import Attempt
from storage.postgres import Transaction
from storage.records import attempts, events, generations
from storage.records.generations import Change

log = structlog.get_logger(__name__)

CLOCK_SLACK = timedelta(minutes=5)
"""How far fal's clock may be from ours when its history is searched."""


def sweep(services: Services) -> None:
    """Every rule that needs only the record, once."""
    reached(Step.SWEEP_BEGUN)
    with services.database.as_service() as tx:
        events.beat(tx, "watcher")
        events.forget_silent(tx)
        settle_lost_submits(tx)
        settle_lost_cancels(tx)
        release_expired(tx)
        work = generations.work_to_ring(tx)
        load = generations.in_flight(tx)
    reached(Step.SWEEP_WRITTEN)
    free = max(0, services.settings.in_flight_limit - load["in_flight"])
    ring_again(services, {**work, "submit": min(work["submit"], free)})
    reached(Step.SWEEP_RUNG)


def ring_again(services: Services, work: dict[str, int]) -> None:
    """Ring for work that nobody has claimed; a bell that is still waiting is not rung twice."""
    workers = {
        Bell.SUBMIT: services.settings.submit_workers,
        Bell.COLLECT: services.settings.collect_workers,
        Bell.MEDIA: services.settings.media_workers,
    }
    for bell, at_work in workers.items():
        wanted = min(work[bell.value], at_work)
        waiting = services.bells.waiting(bell)
        if waiting is not None and wanted > waiting:
            services.bells.ring(bell, wanted - waiting)


def settle_lost_submits(tx: Transaction) -> int:
    """A worker died while submitting: whether the POST was sent is unknown; how many."""
    lost = generations.lost_submits(tx)
    for generation_id in lost:
        attempts.mark_unknown_of(tx, generation_id, "The worker stopped while submitting.")
        try_move(tx, generation_id, Event.ANSWER_LOST, _unknown_words())
        _tell_lost(tx, generation_id)
    return len(lost)


def settle_lost_cancels(tx: Transaction) -> int:
    """The same for generations that a person stopped meanwhile; how many."""
    lost = generations.lost_cancels(tx)
    for generation_id in lost:
        attempts.mark_unknown_of(tx, generation_id, "The worker stopped while submitting.")
        _tell_lost(tx, generation_id)
    return len(lost)


def _tell_lost(tx: Transaction, generation_id: UUID) -> None:
    person_id = generations.by_id(tx, generation_id).person_id
    attempt = attempts.latest(tx, generation_id)
    with about(generation_id, person_id=person_id, attempt_id=attempt.id if attempt else None):
        log.warning("submit lost with its worker")
    reached(Step.SWEEP_SUBMIT_SETTLED)


def resolve_unknowns(services: Services) -> int:
    """Look for lost requests in fal's history by their marker; how many were found.

    Exactly one match is adopted. None proves nothing, and several are left to a person.
    """
    with services.database.as_service() as tx:
        lost = attempts.unresolved(tx)
        people = [generations.by_id(tx, attempt.generation_id).person_id for attempt in lost]
    found = 0
    for attempt, person_id in zip(lost, people, strict=True):
        with about(attempt.generation_id, person_id=person_id, attempt_id=attempt.id):
            found += _resolve(services, attempt)
    return found


def _resolve(services: Services, attempt: Attempt) -> bool:
    try:
        found = services.fal.find_requests(
            attempt.endpoint, attempt.created_at - CLOCK_SLACK, attempt.marker
        )
        return len(found) == 1 and _adopt(services, attempt, found[0].ref)
    except (FalError, RecordConflict) as exc:
        log.warning("lost request not resolved", error=str(exc))
        return False


def _adopt(services: Services, attempt: Attempt, ref: RequestRef) -> bool:
    reached(Step.RESOLVE_FOUND)
    answer = Accepted(
        ref.request_id, ref.status_url, ref.response_url, ref.cancel_url, queue_position=None
    )
    keep_answer(services, attempt.generation_id, attempt.id, answer)
    reached(Step.RESOLVE_ADOPTED)
    log.info("lost request found", request_id=ref.request_id)
    return True


def _unknown_words() -> Change:
    return Change(
        problem="The answer to the submit was lost: fal may be making this video, or not.",
        todo="The studio looks for it at fal. Do not submit it again yet.",
    )
