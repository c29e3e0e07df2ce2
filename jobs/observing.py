"""Writes down what a round of polls saw, many requests in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import structlog

from jobs.failing import give_up
from jobs.fal.messages import Done
from jobs.lifecycle import Event
from jobs.log_words import about_watched
from jobs.moves import try_move
from jobs.steps import Step, reached
from storage.errors import RecordError, RecordUnavailable
from storage.models import GenerationStatus
from storage.postgres import Database, Transaction
from storage.records import attempts
from storage.records.attempts import Observation, Watched

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sight:
    """What one poll saw of one request."""

    watched: Watched
    queue_position: int | None = None
    running: bool = False
    logs: list[dict[str, Any]] | None = None
    done: Done | None = None
    gone: bool = False
    """fal no longer knows the request."""
    unreadable: bool = False
    """Its status can't be read although it must have ended: only its result can tell."""
    given_up: bool = False
    """fal has said for too long that it is not finished."""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to ask for."""
        return self.done is not None or self.gone or self.unreadable or self.given_up

    def bare(self) -> Sight:
        """The same without what fal may fill with anything: numbers and log lines."""
        done = self.done and replace(self.done, logs=[], inference_s=None)
        return replace(self, queue_position=None, logs=None, done=done)


def write_sights(database: Database, sights: list[Sight]) -> int:
    """Write a round of polls; how many generations are now to be collected.

    When the record does not take one of them, each is written by itself.

    Raises:
        RecordUnavailable: the record can't be reached.
    """
    try:
        return _write(database, sights)
    except RecordUnavailable:
        raise
    except RecordError:
        return sum(_write_alone(database, sight) for sight in sights)


def _write_alone(database: Database, sight: Sight) -> int:
    for form in (sight, sight.bare()):
        try:
            return _write(database, [form])
        except RecordUnavailable:
            raise
        except RecordError as exc:
            with about_watched(sight.watched):
                log.warning("the record does not take this", error=str(exc))
    return 0


def _write(database: Database, sights: list[Sight]) -> int:
    with database.as_service() as tx:
        attempts.observe(tx, [_observation(sight) for sight in sights if not sight.over])
        for sight in sights:
            if sight.running and sight.watched.status is GenerationStatus.WAITING:
                try_move(tx, sight.watched.attempt.generation_id, Event.STARTED)
        ended = sum(_write_end(tx, sight) for sight in sights if sight.over)
        reached(Step.WATCH_WRITING)
        return ended


def _observation(sight: Sight) -> Observation:
    return Observation(sight.watched.attempt.id, sight.queue_position, sight.running, sight.logs)


def _write_end(tx: Transaction, sight: Sight) -> bool:
    """fal has ended the request: collect it, or close it when it was stopped in time."""
    attempt = sight.watched.attempt
    if sight.done is not None:
        attempts.complete(
            tx, attempt.id, inference_s=sight.done.inference_s, logs=sight.done.logs or None
        )
    if sight.given_up:
        give_up(tx, attempt.generation_id)
        return False
    stopping = sight.watched.status is GenerationStatus.CANCELING
    if sight.gone and stopping and try_move(tx, attempt.generation_id, Event.STOPPED):
        attempts.end(tx, attempt.generation_id, "fal removed it from its queue.")
        return False
    with about_watched(sight.watched):
        log.info("fal has ended it", gone=sight.gone)
    return try_move(tx, attempt.generation_id, Event.FAL_COMPLETED) or try_move(
        tx, attempt.generation_id, Event.COMPLETED_ANYWAY
    )
