"""What the watcher puts right: lost bells, dead workers, answers that were lost.

Each rule is one function over the record; none looks at Redis, which may have forgotten anything.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import structlog

from jobs.bells import Bell
from jobs.bootstrap import Services
from jobs.deadlines import CLOCK_SLACK, chargeable_until, given_up_at
from jobs.errors import FalError
from jobs.export_building import MAX_TRIES
from jobs.fal.catalog import Catalog
from jobs.fal.messages import Accepted, RequestRef
from jobs.holds import release_expired
from jobs.lifecycle import Event
from jobs.log_words import about
from jobs.moves import try_move
from jobs.resolving import carry_out
from jobs.steps import Step, reached
from jobs.submitting import keep_answer
from storage.errors import RecordConflict
from storage.models import Attempt, AttemptState, Generation
from storage.postgres import Transaction
from storage.records import attempts, events, exports, generations, outcomes
from storage.records.generations import Change

log = structlog.get_logger(__name__)


def sweep(services: Services) -> None:
    """Every rule that needs only the record, once."""
    reached(Step.SWEEP_BEGUN)
    with services.database.as_service() as tx:
        events.beat(tx, "watcher")
        events.forget_silent(tx)
        settle_lost_submits(tx)
        settle_lost_cancels(tx)
        stop_overdue(tx, services.catalog)
        release_expired(tx)
        work = generations.work_to_ring(tx, person_limit=services.settings.person_concurrency)
        work["media"] += exports.waiting(tx, most_tries=MAX_TRIES)
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


def stop_overdue(tx: Transaction, catalog: Catalog) -> int:
    """Ask fal to stop what should have ended long ago; how many.

    The watcher sends the cancel and goes on asking: a video that comes all the same is collected.
    Past `jobs.deadlines.given_up_at` the watcher gives the request up.
    """
    now = datetime.now(UTC)
    late = [
        past.attempt.generation_id
        for past in outcomes.past_start(tx)
        if chargeable_until(past.attempt, catalog, past.model, past.duration_s) < now
    ]
    stopped = [generation_id for generation_id in late if _stop_overdue(tx, generation_id)]
    return len(stopped)


def _stop_overdue(tx: Transaction, generation_id: UUID) -> bool:
    words = Change(
        problem="fal has not finished this video in time. The studio has asked fal to stop it.",
        todo="Submit it again if you like. If fal has made this one all the same, you get both.",
    )
    if not try_move(tx, generation_id, Event.STOP_ASKED, words):
        return False
    log.warning("overdue at fal, asked to stop", generation_id=str(generation_id))
    return True


def settle_unknowns(services: Services) -> None:
    """Look for lost requests at fal, then carry out what people have decided about the others."""
    resolve_unknowns(services)
    carry_out(services)


def resolve_unknowns(services: Services) -> int:
    """Look for lost requests in fal's history by their marker; how many were found.

    Exactly one match is adopted. None proves nothing, and several are left to a person, also when
    all but one are gone the next time. What was seen is kept with the attempt.
    """
    with services.database.as_service() as tx:
        lost = [(a, generations.by_id(tx, a.generation_id)) for a in attempts.unresolved(tx)]
    found = 0
    for attempt, generation in lost:
        with about(generation.id, person_id=generation.person_id, attempt_id=attempt.id):
            found += _resolve(services, attempt, generation)
    return found


def _resolve(services: Services, attempt: Attempt, generation: Generation) -> bool:
    duration_s = int(generation.parameters["duration_s"])
    try:
        found = services.fal.find_requests(
            attempt.endpoint,
            attempt.created_at - CLOCK_SLACK,
            attempt.marker,
            # A search without an end reads all that came after it, more from day to day.
            until=given_up_at(attempt, services.catalog, generation.model, duration_s),
        )
    except FalError as exc:
        log.warning("lost request not resolved", error=str(exc))
        _note_look(services, attempt, [], f"{exc.happened} {exc.todo}".strip())
        return False
    matches = {match.ref.request_id: match.ref for match in found}
    ever = _note_look(services, attempt, list(matches), None)
    if attempt.state is not AttemptState.UNKNOWN:
        if ever:
            log.error("fal has a request that was marked as not submitted", request_ids=ever)
        return False
    if len(ever) != 1 or ever[0] not in matches:
        return False
    try:
        return _adopt(services, attempt, matches[ever[0]])
    except RecordConflict as exc:
        log.warning("lost request not resolved", error=str(exc))
        return False


def _note_look(
    services: Services, attempt: Attempt, found_ids: list[str], problem: str | None
) -> list[str]:
    """Every request that was ever found for the attempt and is not known to be another's."""
    with services.database.as_service() as tx:
        free = [i for i in found_ids if outcomes.generation_of_request(tx, i) is None]
        return outcomes.note_look(tx, attempt.id, free, problem)


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
