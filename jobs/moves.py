"""Turns an event of the lifecycle into the one guarded update of the record."""

from __future__ import annotations

from uuid import UUID

from jobs.errors import IllegalTransition
from jobs.lifecycle import MOVES, Event
from storage.postgres import Transaction
from storage.records import generations
from storage.records.generations import Change, Lease

NO_CHANGE = Change()


def move(tx: Transaction, generation_id: UUID, event: Event, change: Change = NO_CHANGE) -> None:
    """Move a generation as `event` says.

    Raises:
        IllegalTransition: it is in no status that the event can lead from.
    """
    if not try_move(tx, generation_id, event, change):
        raise IllegalTransition(f"The generation has moved on: it can't be {event.value} now.")


def try_move(
    tx: Transaction, generation_id: UUID, event: Event, change: Change = NO_CHANGE
) -> bool:
    """Move a generation as `event` says; False, and nothing changed, when it has moved on."""
    table = MOVES[event]
    return generations.transition(tx, generation_id, table.from_statuses, table.to_status, change)


def move_leased(tx: Transaction, lease: Lease, event: Event, change: Change = NO_CHANGE) -> None:
    """Move a generation that this worker has leased.

    Raises:
        IllegalTransition: the lease is lost, or the generation has moved on.
    """
    table = MOVES[event]
    if not generations.transition(
        tx, lease.generation_id, table.from_statuses, table.to_status, change, lease.token
    ):
        raise IllegalTransition("Another worker has taken this generation, or it was stopped.")
