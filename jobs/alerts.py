"""The rules behind alerts: what is wrong now, told once, and resolved when it is over.

Each rule is one named function over the record. The watcher runs them all every few seconds, so
none reads more than budgets, what is unfinished, and charges of a day.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import structlog

from jobs.alert_words import (
    budget_scope,
    budget_subject,
    hard_limit_words,
    moment,
    soft_limit_words,
    usd,
)
from jobs.bootstrap import Services
from jobs.doctor import SILENT_S
from storage.errors import RecordUnavailable, StudioError
from storage.postgres import Transaction
from storage.records import alerts, attempts, events
from storage.records.alerts import AlertKind, Finding, Severity, StuckQueue
from storage.redaction import redact

log = structlog.get_logger(__name__)

SETTLE_S = 60.0
"""What was found so shortly ago is not over yet: a budget at its limit goes up and down with every
hold, and each turn would be two messages."""
UNKNOWN_AFTER_S = 300.0
"""By then the studio has looked for a lost request in fal's history many times."""
STUCK_AFTER_S = 120.0
"""While fal refuses the account one submit a minute is tried, so no shorter."""
LEAST_FREE_BYTES = 2 * 1024**3
"""Less free space than this is told; Postgres stops at none."""
HARDLY_FREE_BYTES = 512 * 1024**2
"""Room for one of the largest videos."""
LONGEST_REASON = 300

Rule = Callable[[Services, Transaction], list[Finding]]


def check_rules(services: Services, *, settle_s: float = SETTLE_S) -> None:
    """Open, go on with or resolve alerts by every rule; a rule that fails stops no other.

    Raises:
        RecordUnavailable: nothing can be known now.
    """
    for kind, rule in RULES.items():
        try:
            _check(services, kind, rule, settle_s)
        except RecordUnavailable:
            raise
        except StudioError as exc:
            log.warning("rule failed", alert=kind.value, error=str(exc))


def _check(services: Services, kind: AlertKind, rule: Rule, settle_s: float) -> None:
    with services.database.as_service() as tx:
        found = rule(services, tx)
        for finding in found:
            if alerts.see(tx, finding):
                log.warning("alert opened", alert=kind.value, subject=finding.subject)
        subjects = [finding.subject for finding in found]
        for subject in alerts.resolve(tx, kind, subjects, settle_s=settle_s):
            log.info("alert resolved", alert=kind.value, subject=subject)


def soft_limit_reached(services: Services, tx: Transaction) -> list[Finding]:
    """Budgets that have reached the limit that only warns."""
    return [
        Finding(
            AlertKind.SOFT_LIMIT,
            budget_subject(state),
            Severity.WARNING,
            *soft_limit_words(state, services.settings.zone),
            **budget_scope(state),
        )
        for state in alerts.soft_limits(tx)
    ]


def hard_limit_refused(services: Services, tx: Transaction) -> list[Finding]:
    """Budgets that had no room for what somebody asked for, and still have none."""
    return [
        Finding(
            AlertKind.HARD_LIMIT,
            budget_subject(state),
            Severity.WARNING,
            *hard_limit_words(state, services.settings.zone),
            times=state.times,
            **budget_scope(state),
        )
        for state in alerts.hard_limits(tx)
    ]


def account_locked(services: Services, tx: Transaction) -> list[Finding]:
    """fal refuses the account or its key."""
    account = attempts.account(tx)
    if account.locked_since is None:
        return []
    since = moment(account.locked_since, services.settings.zone)
    reason = redact(account.reason or "")[:LONGEST_REASON]
    return [
        Finding(
            AlertKind.ACCOUNT_LOCKED,
            "",
            Severity.CRITICAL,
            title="fal refuses the account",
            happened=f"fal has refused the account or its key since {since}."
            + (f" fal says: {reason}" if reason else ""),
            cost="Nothing is submitted, so nothing is spent. What is queued waits; none is lost.",
            todo="Look at the balance and the key in fal's dashboard. One submit a minute is "
            "tried, and the queue goes on by itself when fal takes it.",
        )
    ]


def unknown_outcomes(services: Services, tx: Transaction) -> list[Finding]:
    """Submits whose answer was lost and that were not found at fal for some minutes."""
    lost = alerts.unknown_outcomes(tx, after_s=UNKNOWN_AFTER_S)
    if lost.since is None:
        return []
    since = moment(lost.since, services.settings.zone)
    many = "1 submit" if lost.times == 1 else f"{lost.times} submits"
    return [
        Finding(
            AlertKind.UNKNOWN_OUTCOMES,
            "",
            Severity.CRITICAL,
            title="Outcome of a submit unknown",
            happened=f"The answer to {many} was lost, the first at {since}: fal may be making the "
            "video, or not.",
            cost=f"{usd(lost.held_usd)} stays set aside until it is known. It is never sent again.",
            todo="Look at the requests of that time in fal's dashboard, then decide on the "
            "generation's page in the Queue. The command studio doctor lists the generations.",
            times=lost.times,
        )
    ]


def unverified_charges(_services: Services, tx: Transaction) -> list[Finding]:
    """Charges of the last day for which fal told no bill, or none that can be believed."""
    found = alerts.unverified_charges(tx)
    if not found.times:
        return []
    many = "1 charge" if found.times == 1 else f"{found.times} charges"
    note = f" The last one: {found.note}" if found.note else ""
    return [
        Finding(
            AlertKind.UNVERIFIED_CHARGES,
            "",
            Severity.WARNING,
            title="Charge without a bill to believe",
            happened=f"{many} of the last day could not be taken from fal's bill.{note}",
            cost=f"{usd(found.charged_usd)} was charged by our estimate instead. No video is lost.",
            todo="Compare with fal's invoice, and correct or confirm each on the page Budgets, "
            "where they say unverified. The command studio doctor lists them. What is corrected, "
            "confirmed or older than a day is no longer counted.",
            times=found.times,
        )
    ]


def stuck_queue(services: Services, tx: Transaction) -> list[Finding]:
    """Work that has waited for minutes while nobody did any of its kind."""
    settings = services.settings
    stuck = alerts.stuck_queues(
        tx,
        after_s=STUCK_AFTER_S,
        in_flight_limit=settings.in_flight_limit,
        person_limit=settings.person_concurrency or settings.in_flight_limit,
    )
    return [_stuck_finding(services, tx, queue) for queue in stuck]


def _stuck_finding(services: Services, tx: Transaction, stuck: StuckQueue) -> Finding:
    since = moment(stuck.since, services.settings.zone)
    what = {
        "submit": "sent to fal",
        "collect": "fetched from fal",
        "media": "made into smaller renditions",
    }[stuck.queue]
    many = "1 video waits" if stuck.times == 1 else f"{stuck.times} videos wait"
    return Finding(
        AlertKind.STUCK_QUEUE,
        stuck.queue,
        Severity.CRITICAL,
        title=f"Nobody works in the queue {stuck.queue}",
        happened=f"{many} to be {what} since {since}, and nothing is done.",
        cost="Nothing is lost, and it goes on where it stopped.",
        todo=_stuck_todo(services, tx, stuck.queue),
        times=stuck.times,
    )


def _stuck_todo(services: Services, tx: Transaction, queue: str) -> str:
    if not services.bells.ping():
        return "Redis does not answer: start it, or look at REDIS_URL."
    if not events.at_work(tx, within_s=SILENT_S).get(queue):
        return f"No {queue} worker is at work: start one, and read its log."
    return f"The {queue} worker is there but does nothing: read its log, then restart it."


def disk_low(services: Services, _tx: Transaction) -> list[Finding]:
    """Little space is left in the data folder of the machine that the watcher runs on."""
    folder = _nearest_folder(services.settings.data_dir.absolute())
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes >= LEAST_FREE_BYTES:
        return []
    free_gb = Decimal(free_bytes) / 1024**3
    return [
        Finding(
            AlertKind.DISK_LOW,
            "",
            Severity.CRITICAL if free_bytes < HARDLY_FREE_BYTES else Severity.WARNING,
            title="Little disk space left",
            happened=f"{free_gb:.1f} GB is left in the studio's data folder.",
            cost="Nothing yet. Without space no video is stored and the record stops.",
            todo="Make room or move the data folder to a larger disk.",
        )
    ]


def _nearest_folder(path: Path) -> Path:
    """The folder itself, or where it will be made."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


RULES: dict[AlertKind, Rule] = {
    AlertKind.SOFT_LIMIT: soft_limit_reached,
    AlertKind.HARD_LIMIT: hard_limit_refused,
    AlertKind.ACCOUNT_LOCKED: account_locked,
    AlertKind.UNKNOWN_OUTCOMES: unknown_outcomes,
    AlertKind.UNVERIFIED_CHARGES: unverified_charges,
    AlertKind.STUCK_QUEUE: stuck_queue,
    AlertKind.DISK_LOW: disk_low,
}
