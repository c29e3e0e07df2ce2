"""Attempts: one row per POST to fal, and the state of the account there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.models import Attempt, AttemptState, GenerationStatus
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("attempts")


@dataclass(frozen=True)
class Watched:
    """An attempt in flight with what the watcher needs of its generation."""

    attempt: Attempt
    status: GenerationStatus
    model: str
    duration_s: int
    cancel_sent: bool
    person_id: UUID
    look_at: datetime | None
    """When somebody last asked to look at it at once."""


@dataclass(frozen=True)
class Observation:
    """What one poll saw of one attempt; None leaves what is known as it is (but the position)."""

    attempt_id: UUID
    queue_position: int | None
    running: bool
    logs: list[dict[str, Any]] | None


@dataclass(frozen=True)
class Account:
    """The account at fal; `locked_since` is None while it works."""

    locked_since: datetime | None
    reason: str | None
    next_probe_at: datetime | None


def intend(
    tx: Transaction,
    generation_id: UUID,
    *,
    endpoint: str,
    marker: str,
    arguments: dict[str, Any],
    start_timeout_s: int,
) -> UUID:
    """Write down that a POST is about to be sent; the attempt's id.

    Raises:
        RecordConflict: another attempt is open (`attempts_one_open`).
    """
    row = tx.one(
        _Q["intend"],
        generation_id=generation_id,
        endpoint=endpoint,
        marker=marker,
        arguments=Jsonb(arguments),
        start_timeout_s=start_timeout_s,
    )
    attempt_id: UUID = row["id"]
    return attempt_id


def accept(
    tx: Transaction,
    attempt_id: UUID,
    *,
    request_id: str,
    status_url: str,
    response_url: str,
    cancel_url: str,
    queue_position: int | None,
) -> bool:
    """Keep fal's answer; False when the attempt is no longer open."""
    row = tx.one_or_none(
        _Q["accept"],
        id=attempt_id,
        request_id=request_id,
        status_url=status_url,
        response_url=response_url,
        cancel_url=cancel_url,
        queue_position=queue_position,
    )
    return row is not None


def mark_unknown(tx: Transaction, attempt_id: UUID, detail: str) -> None:
    """The answer was lost."""
    tx.run(_Q["mark_unknown"], id=attempt_id, detail=detail)


def mark_unknown_of(tx: Transaction, generation_id: UUID, detail: str) -> bool:
    """The worker was lost between intent and answer; False when no attempt was in its hands."""
    return tx.run(_Q["mark_unknown_of_generation"], generation_id=generation_id, detail=detail) > 0


def refuse(tx: Transaction, attempt_id: UUID, detail: str) -> None:
    """fal provably booked nothing."""
    tx.run(_Q["refuse"], id=attempt_id, detail=detail)


def end(tx: Transaction, generation_id: UUID, detail: str | None = None) -> None:
    """fal has finished with the open attempt, and so have we."""
    tx.run(_Q["end"], generation_id=generation_id, detail=detail)


def latest(tx: Transaction, generation_id: UUID) -> Attempt | None:
    """The last attempt of a generation; None before the first."""
    row = tx.one_or_none(_Q["latest"], generation_id=generation_id)
    return attempt_of(row) if row else None


def of_generation(tx: Transaction, generation_id: UUID) -> list[Attempt]:
    """Every attempt of a generation, first to last."""
    return [attempt_of(row) for row in tx.all(_Q["of_generation"], generation_id=generation_id)]


def watched(tx: Transaction) -> list[Watched]:
    """Everything in flight at fal that the watcher follows."""
    return [
        Watched(
            attempt=attempt_of(row),
            status=GenerationStatus(row["status"]),
            model=row["model"],
            duration_s=int(row["parameters"]["duration_s"]),
            cancel_sent=row["cancel_sent_at"] is not None,
            person_id=row["person_id"],
            look_at=row["next_poll_at"],
        )
        for row in tx.all(_Q["watched"])
    ]


def look_soon(tx: Transaction, request_id: str) -> bool:
    """Let the watcher look at a request at once; False when it is not watched or was just asked."""
    return tx.one_or_none(_Q["look_soon"], request_id=request_id) is not None


def unresolved(tx: Transaction) -> list[Attempt]:
    """Attempts whose answer was lost and that are due to be looked for at fal again."""
    return [attempt_of(row) for row in tx.all(_Q["unresolved"])]


def observe(tx: Transaction, seen: list[Observation]) -> None:
    """Write down what a round of polls saw, in one statement."""
    tx.run(
        _Q["observe"],
        ids=[o.attempt_id for o in seen],
        queue_positions=[o.queue_position for o in seen],
        running=[o.running for o in seen],
        logs=[Jsonb(o.logs) if o.logs is not None else None for o in seen],
    )


def complete(
    tx: Transaction,
    attempt_id: UUID,
    *,
    inference_s: float | None,
    logs: list[dict[str, Any]] | None,
) -> None:
    """fal has completed the request; `inference_s` as fal says, None when it did not."""
    tx.run(
        _Q["complete"],
        id=attempt_id,
        inference_s=inference_s,
        logs=Jsonb(logs) if logs is not None else None,
    )


def note_cancel_sent(tx: Transaction, attempt_id: UUID) -> None:
    """The cancel went out to fal."""
    tx.run(_Q["note_cancel_sent"], id=attempt_id)


def lock_account(tx: Transaction, reason: str, *, probe_after_s: float) -> None:
    """The account at fal is locked: nothing is claimed before the next probe."""
    tx.run(_Q["lock_account"], reason=reason, probe_after_s=probe_after_s)


def unlock_account(tx: Transaction) -> bool:
    """The account works; True when it was locked until now."""
    return tx.one_or_none(_Q["unlock_account"]) is not None


def claim_probe(tx: Transaction, *, probe_after_s: float) -> bool:
    """Take the probe of the locked account; False: none is due, or something queued will be it."""
    return tx.one_or_none(_Q["claim_probe"], probe_after_s=probe_after_s) is not None


def account(tx: Transaction) -> Account:
    """Whether the account at fal is locked, and why."""
    return Account(**tx.one(_Q["account"]))


def attempt_of(row: dict[str, Any]) -> Attempt:
    """An attempt from a row with all its columns."""
    fields = {name: row[name] for name in Attempt.__dataclass_fields__}
    return Attempt(**{**fields, "state": AttemptState(row["state"])})
