"""Alerts: what somebody should know without looking, and who was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("alerts")


class AlertKind(StrEnum):
    """What can be wrong; each has one rule in `jobs.alerts`."""

    SOFT_LIMIT = "soft_limit"
    """A budget has reached the limit that only warns."""
    HARD_LIMIT = "hard_limit"
    """A budget had no room for what somebody asked for, and still has none."""
    ACCOUNT_LOCKED = "account_locked"
    """fal refuses the account or its key."""
    UNKNOWN_OUTCOMES = "unknown_outcomes"
    """The answer to a submit was lost, and not found for some minutes."""
    UNVERIFIED_CHARGES = "unverified_charges"
    """fal told no bill, or none that can be believed: the estimate was charged."""
    STUCK_QUEUE = "stuck_queue"
    """Work waits and nobody does it."""
    DISK_LOW = "disk_low"
    """Little space is left where the studio keeps its data."""


class Severity(StrEnum):
    """How soon somebody should look."""

    WARNING = "warning"
    CRITICAL = "critical"
    """Work has stopped, or money may be lost."""


class Message(StrEnum):
    """What a receiver is to be told of an alert."""

    OPENED = "opened"
    REMINDER = "reminder"
    """It is still open after the quiet time."""
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Finding:
    """What a rule has found, in words that a person reads."""

    kind: AlertKind
    subject: str
    """What it is about within its kind; empty for the studio as a whole."""
    severity: Severity
    title: str
    happened: str
    cost: str
    todo: str
    times: int = 1
    """How many things are behind it now."""
    scope: str = "studio"
    """`studio`, or the scope of the budget that it is about."""
    team_id: UUID | None = None
    person_id: UUID | None = None


@dataclass(frozen=True)
class Alert:
    """Something to know, open until `resolved_at`."""

    id: UUID
    kind: AlertKind
    subject: str
    scope: str
    team_id: UUID | None
    person_id: UUID | None
    severity: Severity
    title: str
    happened: str
    cost: str
    todo: str
    times_seen: int
    """Most things behind it at once."""
    opened_at: datetime
    last_seen_at: datetime
    """When its rule last found it."""
    resolved_at: datetime | None


@dataclass(frozen=True)
class Due:
    """A message that a receiver has not taken yet."""

    alert: Alert
    message: Message
    tries: int
    """How often in a row it did not take it."""


@dataclass(frozen=True)
class Delivery:
    """What a receiver was told of an alert."""

    alert_id: UUID
    receiver: str
    """The name of a service, never an address."""
    told: Message | None
    """The last message it took; None: none yet."""
    told_at: datetime | None
    tries: int
    """Failures in a row of the message that is due."""
    next_try_at: datetime | None
    problem: str | None
    """Why the last try failed; None when it did not."""


@dataclass(frozen=True)
class BudgetState:
    """A budget that an alert is about, as it stands now."""

    id: UUID
    scope: str
    period: str
    user_id: UUID | None
    """For scope person: whose budget."""
    target_name: str
    team_id: UUID | None
    """None for the organisation."""
    limit_usd: Decimal
    """With every grant in force."""
    used_usd: Decimal
    """Spent and held."""
    resets_at: datetime | None
    """None for a total, which never does."""
    times: int
    """Refusals in its window; 1 for a soft limit."""


@dataclass(frozen=True)
class Unknown:
    """Submits whose outcome is unknown."""

    times: int
    since: datetime | None
    """Of the oldest; None when there is none."""
    held_usd: Decimal


@dataclass(frozen=True)
class Unverified:
    """Charges that are not fal's bill."""

    times: int
    charged_usd: Decimal
    note: str | None
    """Why the last one is not; None when there is none."""


@dataclass(frozen=True)
class StuckQueue:
    """A queue whose work nobody does."""

    queue: str
    """`submit`, `collect` or `media`."""
    times: int
    since: datetime


def note_refusal(
    tx: Transaction, campaign_id: UUID | None, *, scope: str, period: str, asked_usd: Decimal
) -> None:
    """Note that a hard budget had no room for what the person who asks wanted.

    Raises:
        RecordConflict: the amount is no sum of money.
    """
    tx.all(
        _Q["note_refusal"],
        campaign_id=campaign_id,
        scope=scope,
        period=period,
        asked_usd=asked_usd,
    )


def soft_limits(tx: Transaction) -> list[BudgetState]:
    """Soft budgets whose limit is used up now."""
    return [BudgetState(**row) for row in tx.all(_Q["soft_limits"])]


def hard_limits(tx: Transaction) -> list[BudgetState]:
    """Hard budgets that refused somebody of late and still have no room for it."""
    return [BudgetState(**row) for row in tx.all(_Q["hard_limits"])]


def unknown_outcomes(tx: Transaction, *, after_s: float) -> Unknown:
    """Submits whose outcome has been unknown for so many seconds."""
    return Unknown(**tx.one(_Q["unknown_outcomes"], after_s=after_s))


def unverified_charges(tx: Transaction) -> Unverified:
    """Charges of the last day that are not fal's bill and were not corrected."""
    return Unverified(**tx.one(_Q["unverified_charges"]))


def stuck_queues(
    tx: Transaction, *, after_s: float, in_flight_limit: int, person_limit: int
) -> list[StuckQueue]:
    """Queues whose work has waited for so many seconds although nobody is at it.

    What waits for a place at fal, by the account's limit or its person's, is not stuck.
    """
    rows = tx.all(
        _Q["stuck_queues"],
        after_s=after_s,
        in_flight_limit=in_flight_limit,
        person_limit=person_limit,
    )
    return [StuckQueue(**row) for row in rows]


def see(tx: Transaction, finding: Finding) -> bool:
    """Open an alert, or go on with the one that is open; True when it was opened."""
    fields = {name: getattr(finding, name) for name in Finding.__dataclass_fields__}
    return bool(tx.one(_Q["see"], **fields)["opened"])


def resolve(tx: Transaction, kind: AlertKind, found: list[str], *, settle_s: float) -> list[str]:
    """End the open alerts of a kind but those about `found`; what they were about.

    One that was found less than `settle_s` seconds ago stays open: what goes and comes back at
    once is one alert.
    """
    rows = tx.all(_Q["resolve"], kind=kind, subjects=found, settle_s=settle_s)
    return [row["subject"] for row in rows]


def due(tx: Transaction, receiver: str, *, quiet_s: float, limit: int) -> list[Due]:
    """Messages that a receiver has not taken yet, oldest alert first."""
    rows = tx.all(_Q["due"], receiver=receiver, quiet_s=quiet_s, limit=limit)
    return [Due(_alert(row), Message(row["message"]), row["tries"]) for row in rows]


def note_told(tx: Transaction, alert_id: UUID, receiver: str, message: Message) -> None:
    """The receiver took the message."""
    told = Message.RESOLVED if message is Message.RESOLVED else Message.OPENED
    tx.run(_Q["told"], alert_id=alert_id, receiver=receiver, told=told)


def note_not_told(
    tx: Transaction, alert_id: UUID, receiver: str, *, problem: str, wait_s: float
) -> None:
    """The receiver did not take a message; it is due again after `wait_s`."""
    tx.run(_Q["not_told"], alert_id=alert_id, receiver=receiver, problem=problem, wait_s=wait_s)


def open_alerts(tx: Transaction, *, limit: int) -> list[Alert]:
    """Open alerts that the reader may see, the worst and then the newest first."""
    return [_alert(row) for row in tx.all(_Q["open"], limit=limit)]


def resolved_alerts(tx: Transaction, *, limit: int) -> list[Alert]:
    """The last resolved alerts that the reader may see, the latest first."""
    return [_alert(row) for row in tx.all(_Q["resolved"], limit=limit)]


def deliveries(tx: Transaction, alert_ids: list[UUID]) -> list[Delivery]:
    """What receivers were told of these alerts, by receiver."""
    return [
        Delivery(**{**row, "told": Message(row["told"]) if row["told"] else None})
        for row in tx.all(_Q["deliveries"], ids=alert_ids)
    ]


def watcher_seen_at(tx: Transaction) -> datetime | None:
    """When the watcher last gave a sign of life; None when it never did, or for other roles."""
    seen_at: datetime | None = tx.one(_Q["watcher_seen_at"])["seen_at"]
    return seen_at


def _alert(row: dict[str, Any]) -> Alert:
    fields = {name: row[name] for name in Alert.__dataclass_fields__}
    fields |= {"kind": AlertKind(row["kind"]), "severity": Severity(row["severity"])}
    return Alert(**fields)
