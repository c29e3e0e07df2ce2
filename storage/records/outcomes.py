"""Submits whose answer was lost: what was seen of them at fal, and what people decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from storage.models import Attempt
from storage.postgres import Transaction
from storage.records.attempts import attempt_of
from storage.sqlfiles import queries

_Q = queries("outcomes")


class Decided(StrEnum):
    """What a person decided about a submit whose answer was lost."""

    ADOPTED = "adopted"
    """It is this request at fal."""
    NOT_SUBMITTED = "not_submitted"
    """fal never got it."""
    RESUBMITTED = "resubmitted"
    """It was submitted again, knowing that both may be charged."""


@dataclass(frozen=True)
class NewDecision:
    """A decision as it is written; `reason` is the person's own words, up to 500 characters."""

    generation_id: UUID
    attempt_id: UUID
    what: Decided
    reason: str
    confirmed: bool
    """Whether the person was told the risk and took it."""
    chargeable_until: datetime
    decided_by: UUID
    request_id: str | None = None
    new_generation_id: UUID | None = None


@dataclass(frozen=True)
class Decision:
    """A decision that was written; never changed but for `state`."""

    id: UUID
    generation_id: UUID
    attempt_id: UUID
    what: Decided
    request_id: str | None
    """The request at fal that was adopted; None for the others."""
    new_generation_id: UUID | None
    """The second submit; None for the others."""
    reason: str
    confirmed: bool
    chargeable_until: datetime
    """Until then fal may still bill the request."""
    decided_by: UUID
    decided_by_name: str
    decided_at: datetime
    state: str
    """`open`, `done`, or `overtaken`: the outcome became known before."""


@dataclass(frozen=True)
class PastStart:
    """A request in flight that fal should have started or given back by now."""

    attempt: Attempt
    model: str
    duration_s: int


def decide(tx: Transaction, new: NewDecision) -> None:
    """Write a decision, as the person who makes it.

    Raises:
        RecordConflict: `outcome_is_open`, it is known by now; `outcome_decisions_one` and
            `outcome_decisions_one_resubmit`, somebody has decided it already.
        RecordForbidden: the generation is not theirs to decide about.
    """
    tx.run(_Q["decide"], **{name: getattr(new, name) for name in new.__dataclass_fields__})


def of_generation(tx: Transaction, generation_id: UUID) -> list[Decision]:
    """What was decided about a generation, first to last."""
    return [_decision_of(row) for row in tx.all(_Q["of_generation"], generation_id=generation_id)]


def due(tx: Transaction) -> list[Decision]:
    """Decisions to carry out now."""
    return [_decision_of(row) for row in tx.all(_Q["due"])]


def lock_unknown(tx: Transaction, attempt_id: UUID) -> bool:
    """Hold the outcome of an attempt until the transaction ends; False when it is known by now."""
    return tx.one_or_none(_Q["lock_unknown"], attempt_id=attempt_id) is not None


def close(tx: Transaction, decision_id: UUID, *, overtaken: bool = False) -> None:
    """The decision is carried out, or overtaken by what became known."""
    tx.run(_Q["close"], id=decision_id, state="overtaken" if overtaken else "done")


def generation_of_request(tx: Transaction, request_id: str) -> UUID | None:
    """The generation that a request at fal belongs to; None when it is nobody's."""
    row = tx.one_or_none(_Q["generation_of_request"], request_id=request_id)
    return row["generation_id"] if row else None


def note_look(
    tx: Transaction, attempt_id: UUID, found_ids: list[str], problem: str | None
) -> list[str]:
    """Write down a search of fal's history; every id that was ever found for the attempt.

    `problem` says why the search failed, None when it did not.
    """
    row = tx.one(_Q["note_look"], attempt_id=attempt_id, found_ids=found_ids, problem=problem)
    return list(row["found_ids"])


def past_start(tx: Transaction) -> list[PastStart]:
    """Requests that have not ended although fal should have started or given them back by now."""
    return [
        PastStart(attempt_of(row), row["model"], row["duration_s"])
        for row in tx.all(_Q["past_start"])
    ]


def _decision_of(row: dict[str, Any]) -> Decision:
    fields = {name: row[name] for name in Decision.__dataclass_fields__}
    return Decision(**{**fields, "what": Decided(row["what"])})
