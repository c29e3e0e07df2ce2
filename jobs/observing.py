"""Writes down what a round of polls saw, many requests in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from jobs.fal.messages import Done
from jobs.lifecycle import Event
from jobs.moves import try_move
from storage.models import GenerationStatus
from storage.postgres import Transaction
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

    @property
    def over(self) -> bool:
        """Whether there is nothing more to ask for."""
        return self.done is not None or self.gone


def write_sights(tx: Transaction, sights: list[Sight]) -> int:
    """Write a round of polls; how many generations are now to be collected."""
    attempts.observe(
        tx,
        [
            Observation(s.watched.attempt.id, s.queue_position, s.running, s.logs)
            for s in sights
            if not s.over
        ],
    )
    for sight in sights:
        if sight.running and sight.watched.status is GenerationStatus.WAITING:
            try_move(tx, sight.watched.attempt.generation_id, Event.STARTED)
    return sum(_write_end(tx, sight) for sight in sights if sight.over)


def _write_end(tx: Transaction, sight: Sight) -> bool:
    """fal has ended the request: collect it, or close it when it was stopped in time."""
    attempt = sight.watched.attempt
    if sight.done is not None:
        attempts.complete(
            tx, attempt.id, inference_s=sight.done.inference_s, logs=sight.done.logs or None
        )
    if sight.gone and try_move(tx, attempt.generation_id, Event.STOPPED):
        attempts.end(tx, attempt.generation_id, "fal removed it from its queue.")
        return False
    log.info("fal has ended it", generation=str(attempt.generation_id), gone=sight.gone)
    return try_move(tx, attempt.generation_id, Event.FAL_COMPLETED) or try_move(
        tx, attempt.generation_id, Event.COMPLETED_ANYWAY
    )
