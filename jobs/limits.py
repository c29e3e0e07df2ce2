"""How much of the studio one person may use at once: submits a minute, and places at fal.

Places at fal are shared when they are given out: the next free one goes to whoever has the fewest
(see `claim_submit`), so a person alone may have all of them and a batch keeps nobody waiting for
more than the next free place.
"""

from __future__ import annotations

import math
from enum import StrEnum

from jobs.errors import TooManySubmits
from storage.models import Person
from storage.postgres import Transaction
from storage.records import generations
from storage.records.generations import QueueLoad
from storage.settings import Settings


class HeldBack(StrEnum):
    """Why a generation still waits for us."""

    ACCOUNT_LOCKED = "account locked"
    """fal refuses the account, so nothing is submitted but a probe."""
    PERSON_LIMIT = "person's limit"
    """Its person has as many at fal as one person may have."""
    ACCOUNT_FULL = "account full"
    """Every place of the account at fal is taken."""
    ITS_TURN = "its turn"
    """There is a place: a worker is about to take it, or one that goes before it."""


def check_submits(tx: Transaction, settings: Settings, person: Person) -> None:
    """Refuse a person's submit beyond the limit of a minute; exact, however many come at once.

    It is asked once for a submit, in the transaction that inserts its generations and before they
    are: a batch with one `batch_id` is one submit, however many it holds. What it costs in money is
    for the budgets to limit.

    Raises:
        TooManySubmits: with the seconds until the next is let in.
    """
    most = settings.person_submits_per_minute
    wait_s = generations.wait_for_submit(tx, person.id, most=most)
    if wait_s is not None:
        raise TooManySubmits(most, retry_after_s=max(math.ceil(wait_s), 1))


def held_back(load: QueueLoad, settings: Settings, *, account_locked: bool, own: bool) -> HeldBack:
    """Why generations wait now; `own` are the reader's, whose places at fal `load` counts."""
    limit = settings.person_concurrency
    if account_locked:
        return HeldBack.ACCOUNT_LOCKED
    if own and limit is not None and load.own_in_flight >= limit:
        return HeldBack.PERSON_LIMIT
    if load.in_flight >= settings.in_flight_limit:
        return HeldBack.ACCOUNT_FULL
    return HeldBack.ITS_TURN
