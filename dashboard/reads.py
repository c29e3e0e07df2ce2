"""What pages read from the record, each as the person who looks.

Row-level security decides what comes back. Answers live one second, so that several tabs and a
fast fragment of the same person ask the record once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dashboard.keeping import kept_for
from dashboard.services import services
from jobs import exports
from jobs.exports import Export
from jobs.fal.catalog import Model
from storage.models import Attempt, Campaign, Charge, Generation, Person
from storage.records import attempts, campaigns, generations, ledger, outcomes
from storage.records.attempts import Account
from storage.records.generations import HistoryEntry, QueueLoad
from storage.records.ledger import Hold, Room
from storage.records.outcomes import Decision

LIVE_S = 1.0
MOST_ROWS = 100
ENOUGH_RUNS = 5
"""Finished generations from which our own times are worth more than the catalogue's."""


@dataclass(frozen=True)
class QueueView:
    """The queue as one person sees it."""

    rows: list[dict[str, Any]]
    """As `generations.team_queue` gives them, at most `MOST_ROWS`."""
    account: Account
    load: QueueLoad

    def total(self, what: str) -> int:
        """How many there are past `MOST_ROWS` too: `all`, `waiting` (for us), `at_fal`,
        `collecting`, or `mine` (the person's own that are unfinished)."""
        return int(self.rows[0][f"n_{what}"]) if self.rows else 0

    @property
    def mine_is_moving(self) -> bool:
        """Whether something of the person's own is unfinished."""
        return self.total("mine") > 0


@dataclass(frozen=True)
class GenerationView:
    """Everything about one generation that its page shows."""

    generation: Generation
    history: list[HistoryEntry]
    attempts: list[Attempt]
    charge: Charge | None
    hold: Hold | None
    decisions: list[Decision]
    """What people decided about answers of fal that were lost, first to last."""


@dataclass(frozen=True)
class UsualTime:
    """How long a generation like this takes from submit to the end, in seconds."""

    p50_s: float
    p90_s: float | None
    """None: too few of our own; `p50_s` is then what the catalogue says."""


@kept_for(LIVE_S, most=500)
def queue(person_id: UUID, *, mine: bool) -> QueueView:
    """Unfinished generations and those of the last day: the person's own, or the team's.

    Raises:
        RecordUnavailable: try again later.
    """
    with services().database.as_person(person_id) as tx:
        rows = generations.team_queue(tx, mine=mine, limit=MOST_ROWS)
        return QueueView(rows, attempts.account(tx), generations.queue_load(tx))


@kept_for(LIVE_S, most=500)
def generation(person_id: UUID, generation_id: UUID) -> GenerationView:
    """One generation with its history and money.

    Raises:
        RecordNotFound: there is none, or it is not for this person to see.
    """
    with services().database.as_person(person_id) as tx:
        return GenerationView(
            generations.by_id(tx, generation_id),
            generations.history(tx, generation_id),
            attempts.of_generation(tx, generation_id),
            ledger.charge_of(tx, generation_id),
            ledger.open_hold_of(tx, generation_id),
            outcomes.of_generation(tx, generation_id),
        )


@kept_for(LIVE_S, most=500)
def room(person_id: UUID, campaign_id: UUID | None) -> Room | None:
    """What the person's tightest hard budget leaves; None when no budget applies."""
    with services().database.as_person(person_id) as tx:
        return ledger.my_room(tx, campaign_id)


@kept_for(LIVE_S, most=500)
def zips(person: Person) -> list[Export]:
    """The person's latest zips, the last one first. Whoever asks for one or drops one clears it.

    Raises:
        RecordUnavailable: try again later.
    """
    return exports.exports_of(services(), person)


@kept_for(10, most=200)
def open_campaigns(person_id: UUID) -> list[Campaign]:
    """Campaigns the person may use, by name."""
    with services().database.as_person(person_id) as tx:
        return campaigns.open_campaigns(tx)


def usual_time(person_id: UUID, model: Model, resolution: str, duration_s: int) -> UsualTime:
    """How long such a generation usually takes: by our own last ones, else by the catalogue."""
    own = _own_seconds(person_id, model.key, resolution, duration_s)
    if own["n"] >= ENOUGH_RUNS:
        return UsualTime(own["p50_s"], own["p90_s"])
    return UsualTime(model.usual_s * max(duration_s / 5, 1), None)


@kept_for(60, most=500)
def _own_seconds(person_id: UUID, model: str, resolution: str, duration_s: int) -> dict[str, Any]:
    with services().database.as_person(person_id) as tx:
        return generations.usual_seconds(
            tx, model=model, resolution=resolution, duration_s=duration_s
        )
