"""What is known of a submit whose answer was lost, for those who decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from jobs.bootstrap import Services
from jobs.deadlines import chargeable_until
from jobs.fal.catalog import Catalog
from storage.models import Attempt, AttemptState, Generation, GenerationStatus, Person
from storage.records import attempts, generations, outcomes
from storage.records.outcomes import Decision

_OPEN = frozenset({GenerationStatus.UNKNOWN, GenerationStatus.CANCELING})


@dataclass(frozen=True)
class OpenOutcome:
    """A submit of which nobody knows whether fal took it, and what was seen of it so far."""

    generation_id: UUID
    attempt: Attempt
    """Its `looked_at`, `look_count`, `look_problem` and `found_ids` say what the watcher saw."""
    chargeable_until: datetime
    """Until then fal may still start, finish and bill it."""
    stopping: bool
    """Whether a person has stopped it meanwhile."""
    resubmitted_as: UUID | None
    """The generation that was submitted in its place; None when none was."""

    def is_past(self, now: datetime) -> bool:
        """Whether fal can't bill it any more, as far as anybody can tell."""
        return now >= self.chargeable_until


def open_outcome(services: Services, person: Person, generation_id: UUID) -> OpenOutcome | None:
    """The open outcome of a generation; None when its outcome is known.

    Raises:
        RecordNotFound: there is no such generation for this person.
    """
    with services.database.as_person(person.id) as tx:
        generation = generations.by_id(tx, generation_id)
        tries = attempts.of_generation(tx, generation_id)
        decisions = outcomes.of_generation(tx, generation_id)
    return outcome_of(services.catalog, generation, tries, decisions)


def outcome_of(
    catalog: Catalog, generation: Generation, tries: list[Attempt], decisions: list[Decision]
) -> OpenOutcome | None:
    """The open outcome of a generation with these attempts; None when its outcome is known."""
    lost = bool(tries) and tries[-1].state is AttemptState.UNKNOWN
    if not lost or generation.status not in _OPEN:
        return None
    attempt, duration_s = tries[-1], int(generation.parameters["duration_s"])
    again = (d.new_generation_id for d in decisions if d.attempt_id == attempt.id)
    return OpenOutcome(
        generation_id=generation.id,
        attempt=attempt,
        chargeable_until=chargeable_until(attempt, catalog, generation.model, duration_s),
        stopping=generation.status is GenerationStatus.CANCELING,
        resubmitted_as=next((new_id for new_id in again if new_id is not None), None),
    )


def decisions_of(services: Services, person: Person, generation_id: UUID) -> list[Decision]:
    """What people decided about a generation's lost answers, first to last; empty when nothing.

    Raises:
        RecordNotFound: there is no such generation for this person.
    """
    with services.database.as_person(person.id) as tx:
        generations.by_id(tx, generation_id)
        return outcomes.of_generation(tx, generation_id)
