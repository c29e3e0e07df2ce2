"""Generations: rows in, models out. `transition` is the only way a status changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.models import FailureCause, Generation, GenerationStatus, InputImage, Price
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("generations")

MAX_DEATHS = 8
"""Workers that may die over collecting one video; the last come minutes apart, half an hour in
all, so that a machine that is short of memory for a while costs nobody a video."""


@dataclass(frozen=True)
class NewGeneration:
    """What is written when a generation is admitted."""

    id: UUID
    person_id: UUID
    team_id: UUID
    campaign_id: UUID | None
    parent_id: UUID | None
    lane: str
    title: str
    tags: list[str]
    model: str
    endpoint: str
    prompt: str
    sent_prompt: str
    parameters: dict[str, Any]
    seed: int | None
    start_image: InputImage
    end_image: InputImage | None
    fingerprint: str
    price: Price
    estimate_usd: Decimal


@dataclass(frozen=True)
class Lease:
    """A worker's claim on a generation; every write of that worker names its token."""

    generation_id: UUID
    token: UUID


@dataclass(frozen=True)
class QueueLoad:
    """How busy the account at fal is, in numbers of generations."""

    in_flight: int
    """At fal, or on the way there."""
    own_in_flight: int
    """Those of them that the reader submitted."""
    queued: int
    """Waiting for us, everybody's."""
    own_queued: int


@dataclass(frozen=True)
class Change:
    """What goes with a change of status."""

    cause: FailureCause | None = None
    problem: str | None = None
    todo: str | None = None
    detail: str | None = None
    wait_s: float | None = None
    """Seconds until a worker may claim it again; None: at once."""
    count_try: bool = False
    """Whether this was one more try of the same step (else the count begins anew)."""
    keep_lease: bool = False
    """Whether the worker goes on with it after the change."""


@dataclass(frozen=True)
class HistoryEntry:
    """One change of status."""

    from_status: GenerationStatus | None
    to_status: GenerationStatus
    at: datetime


def open_retry(
    tx: Transaction, parent_id: UUID, person_id: UUID, *, beside: UUID | None = None
) -> UUID | None:
    """A person's own unfinished new try of a generation, not `beside`; None: there is none."""
    row = tx.one_or_none(_Q["open_retry"], parent_id=parent_id, person_id=person_id, beside=beside)
    return row["id"] if row else None


def insert(tx: Transaction, new: NewGeneration) -> None:
    """Write a generation as it is admitted."""
    row = {name: getattr(new, name) for name in new.__dataclass_fields__ if name != "price"}
    row["parameters"] = Jsonb(new.parameters)
    row["start_image"] = Jsonb(asdict(new.start_image))
    row["end_image"] = Jsonb(asdict(new.end_image)) if new.end_image else None
    tx.run(
        _Q["insert"],
        **row,
        price_usd_per_unit=new.price.usd_per_unit,
        price_tokens_per_unit=new.price.tokens_per_unit,
        price_source=new.price.source,
        price_as_of=new.price.as_of,
    )


def by_id(tx: Transaction, generation_id: UUID) -> Generation:
    """One generation.

    Raises:
        RecordNotFound: there is none, or the reader may not see it.
    """
    return _generation_of(tx.one(_Q["by_id"], id=generation_id))


def history(tx: Transaction, generation_id: UUID) -> list[HistoryEntry]:
    """Every change of its status, first to last."""
    return [
        HistoryEntry(
            GenerationStatus(row["from_status"]) if row["from_status"] else None,
            GenerationStatus(row["to_status"]),
            row["at"],
        )
        for row in tx.all(_Q["history"], id=generation_id)
    ]


def transition(
    tx: Transaction,
    generation_id: UUID,
    from_statuses: Collection[GenerationStatus],
    to_status: GenerationStatus,
    change: Change,
    lease_token: UUID | None = None,
) -> bool:
    """The one guarded change of status.

    False when the generation is in none of `from_statuses`, or when `lease_token` is given and is
    no longer the holder's: then nothing was changed.
    """
    row = tx.one_or_none(
        _Q["transition"],
        id=generation_id,
        from_statuses=list(from_statuses),
        to_status=to_status,
        lease_token=lease_token,
        problem_detail=change.detail,
        **{k: v for k, v in asdict(change).items() if k != "detail"},
    )
    return row is not None


def request_stop(
    tx: Transaction,
    generation_id: UUID,
    from_statuses: Collection[GenerationStatus],
    to_status: GenerationStatus,
) -> bool:
    """The guarded change a person may make; False when it is too late or not theirs."""
    row = tx.one_or_none(
        _Q["request_stop"],
        id=generation_id,
        from_statuses=list(from_statuses),
        to_status=to_status,
    )
    return row is not None


def claim_submit(
    tx: Transaction, *, in_flight_limit: int, lease_s: float, person_limit: int | None = None
) -> Lease | None:
    """Lease the next queued generation in fair order; None when nothing may be submitted now.

    `in_flight_limit` is how many may be at fal at once, `person_limit` how many of one person
    (None: no limit of their own).
    """
    tx.run(_Q["lock_claims"])
    row = tx.one_or_none(
        _Q["claim_submit"],
        in_flight_limit=in_flight_limit,
        person_limit=person_limit,
        lease_s=lease_s,
    )
    return Lease(row["id"], row["lease_token"]) if row else None


def claim_collect(tx: Transaction, *, lease_s: float) -> Lease | None:
    """Lease the generation that has waited longest to be collected; None when there is none.

    One over which `MAX_DEATHS` workers died is left alone.
    """
    row = tx.one_or_none(_Q["claim_collect"], lease_s=lease_s, most_deaths=MAX_DEATHS)
    return Lease(row["id"], row["lease_token"]) if row else None


def renew_lease(tx: Transaction, lease: Lease, *, lease_s: float) -> bool:
    """The holder's heartbeat; False when the lease is lost."""
    row = tx.one_or_none(
        _Q["renew_lease"], id=lease.generation_id, lease_token=lease.token, lease_s=lease_s
    )
    return row is not None


def postpone(tx: Transaction, lease: Lease, change: Change) -> int | None:
    """Give the lease back to try again after `change.wait_s`; how often it failed by now, which is
    once more when `change.count_try`.

    None when the lease is lost.
    """
    row = tx.one_or_none(
        _Q["postpone"],
        id=lease.generation_id,
        lease_token=lease.token,
        problem=change.problem,
        todo=change.todo,
        problem_detail=change.detail,
        wait_s=change.wait_s,
        count_try=change.count_try,
    )
    return row["tries"] if row else None


def tries_of(tx: Transaction, generation_id: UUID) -> int:
    """How often the present step failed for now."""
    tries: int = tx.one(_Q["by_id"], id=generation_id)["tries"]
    return tries


def lost_submits(tx: Transaction) -> list[UUID]:
    """Generations whose worker died while submitting."""
    return [row["id"] for row in tx.all(_Q["lost_submits"])]


def lost_cancels(tx: Transaction) -> list[UUID]:
    """Generations being canceled whose POST was in the hands of a worker that died."""
    return [row["id"] for row in tx.all(_Q["lost_cancels"])]


def work_to_ring(tx: Transaction, *, person_limit: int | None = None) -> dict[str, int]:
    """Unclaimed pieces of work by queue: `submit` (as far as `person_limit`, see `claim_submit`,
    lets it be claimed), `collect`, `media`."""
    return dict(tx.one(_Q["work_to_ring"], person_limit=person_limit))


def in_flight(tx: Transaction) -> dict[str, int]:
    """`in_flight` requests at the provider and `queued` generations waiting for us."""
    return dict(tx.one(_Q["in_flight"]))


def queue_load(tx: Transaction) -> QueueLoad:
    """How busy the account is, for the person who asks."""
    return QueueLoad(**tx.one(_Q["queue_load"]))


def wait_for_submit(tx: Transaction, person_id: UUID, *, most: int) -> float | None:
    """Seconds until a person may submit again when they did `most` times within a minute.

    None: they may now. Other admissions of this person wait until the transaction ends, so nobody
    comes between the answer and what is inserted after it. A batch is one submit.
    """
    tx.run(_Q["lock_submits"], person_id=person_id)
    row = tx.one_or_none(_Q["wait_for_submit"], person_id=person_id, most=most)
    return row["wait_s"] if row else None


def team_queue(tx: Transaction, *, mine: bool, limit: int) -> list[dict[str, Any]]:
    """The queue as the reader may see it: unfinished ones by stage, then those of the last day.

    `stage` is `collecting`, `at_fal`, `waiting` (for us) or `ended`; `n_all`, `n_waiting`,
    `n_at_fal` and `n_collecting` count all of them and `n_mine` the reader's unfinished ones, in
    every row the same and whatever the limit.
    """
    return [dict(row) for row in tx.all(_Q["team_queue"], mine=mine, limit=limit)]


def usual_seconds(
    tx: Transaction, *, model: str, resolution: str, duration_s: int
) -> dict[str, Any]:
    """`p50_s` and `p90_s` from submit to the end of the last `n` like it (None when n is 0)."""
    return dict(
        tx.one(_Q["usual_seconds"], model=model, resolution=resolution, duration_s=duration_s)
    )


def _generation_of(row: dict[str, Any]) -> Generation:
    converted = {"status", "cause", "start_image", "end_image", "price"}
    return Generation(
        **{name: row[name] for name in Generation.__dataclass_fields__ if name not in converted},
        status=GenerationStatus(row["status"]),
        cause=FailureCause(row["cause"]) if row["cause"] else None,
        start_image=InputImage(**row["start_image"]),
        end_image=InputImage(**row["end_image"]) if row["end_image"] else None,
        price=Price(
            usd_per_unit=row["price_usd_per_unit"],
            tokens_per_unit=row["price_tokens_per_unit"],
            source=row["price_source"],
            as_of=row["price_as_of"].isoformat(),
        ),
    )
