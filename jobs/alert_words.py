"""The words of alerts about budgets, and of the messages that go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from storage.records.alerts import Alert, BudgetState, Message, Severity
from storage.settings import Settings

ALERTS_PATH = "/alerts"
_PERIODS = {"day": "daily budget", "month": "monthly budget", "total": "budget"}


class BudgetScope(TypedDict):
    """Whom an alert about a budget concerns."""

    scope: str
    team_id: UUID | None
    person_id: UUID | None


@dataclass(frozen=True)
class Letter:
    """A message as a receiver gets it, plain text."""

    title: str
    body: str
    kind: str
    """`info`, `success`, `warning` or `failure`, as apprise names them."""


def usd(amount_usd: Decimal) -> str:
    """A sum as a person reads it."""
    return f"${amount_usd:,.2f}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time as a person of the company reads it."""
    return f"{at.astimezone(zone):%d %b %H:%M}"


def budget_subject(state: BudgetState) -> str:
    """What an alert is about: a budget, and everybody's own apart for each person."""
    return f"{state.id}:{state.user_id}" if state.user_id else str(state.id)


def budget_scope(state: BudgetState) -> BudgetScope:
    """Whom an alert about this budget concerns."""
    return {"scope": state.scope, "team_id": state.team_id, "person_id": state.user_id}


def soft_limit_words(state: BudgetState, zone: ZoneInfo) -> tuple[str, str, str, str]:
    """Title, what happened, what it cost, what to do."""
    return (
        f"Soft limit reached: {state.target_name}, {_PERIODS[state.period]}",
        f"The {_PERIODS[state.period]} of {state.target_name} has reached its soft limit of "
        f"{usd(state.limit_usd)}.",
        f"{usd(state.used_usd)} is spent or held. Nothing is stopped by it.",
        "Look at the page Budgets: spend less, or raise the limit." + _anew(state, zone),
    )


def hard_limit_words(state: BudgetState, zone: ZoneInfo) -> tuple[str, str, str, str]:
    """Title, what happened, what it cost, what to do."""
    many = "once" if state.times == 1 else f"{state.times} times"
    return (
        f"Limit reached: {state.target_name}, {_PERIODS[state.period]}",
        f"The {_PERIODS[state.period]} of {state.target_name} has no room: it has refused {many}.",
        f"{usd(state.used_usd)} of {usd(state.limit_usd)} is spent or held. What is refused costs "
        "nothing.",
        "Raise the limit on the page Budgets, or grant more for a while." + _anew(state, zone),
    )


def _anew(state: BudgetState, zone: ZoneInfo) -> str:
    return f" The budget begins anew on {moment(state.resets_at, zone)}." if state.resets_at else ""


def letter(alert: Alert, message: Message, settings: Settings) -> Letter:
    """The message about an alert."""
    if message is Message.RESOLVED:
        parts = [_over(alert, settings.zone), f"It was: {alert.happened}"]
    else:
        parts = [alert.happened, alert.cost, f"What to do: {alert.todo}"]
    if message is Message.REMINDER:
        parts.insert(0, f"Still so, since {moment(alert.opened_at, settings.zone)}.")
    return Letter(_title(alert, message), "\n\n".join([*parts, *_link(settings)]), _kind(alert))


def trial_letter(settings: Settings, sender: str) -> Letter:
    """A message that only shows that messages arrive."""
    parts = [
        f"{sender} has sent this to see whether alerts of the studio arrive. They do.",
        "Nothing has happened and nothing was spent.",
        "What to do: nothing.",
    ]
    return Letter("Test alert", "\n\n".join([*parts, *_link(settings)]), "info")


def _title(alert: Alert, message: Message) -> str:
    before = {Message.REMINDER: "Still: ", Message.RESOLVED: "Resolved: "}.get(message, "")
    return before + alert.title


def _over(alert: Alert, zone: ZoneInfo) -> str:
    ended = alert.resolved_at or alert.last_seen_at
    return f"It is over. It lasted from {moment(alert.opened_at, zone)} to {moment(ended, zone)}."


def _link(settings: Settings) -> list[str]:
    return [settings.public_url.rstrip("/") + ALERTS_PATH] if settings.public_url else []


def _kind(alert: Alert) -> str:
    if alert.resolved_at is not None:
        return "success"
    return "failure" if alert.severity is Severity.CRITICAL else "warning"
