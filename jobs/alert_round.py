"""One round of alerts, run by the watcher: the rules first, then what is to be told.

A message is noted as taken after its receiver took it, so a watcher that dies in between sends it
once more, and never not at all. Each receiver is told by itself: one that is down keeps no other
waiting, and is tried again after growing pauses.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog

from jobs.alert_delivery import Receiver, receivers, send
from jobs.alert_words import letter
from jobs.alerts import check_rules
from jobs.bootstrap import Services
from jobs.errors import AlertNotDelivered
from storage.records import alerts
from storage.records.alerts import Due

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 20
"""Messages to one receiver in a round; the next round goes on."""
ROUND_S = 10.0
"""No new message is begun after this: the rules have their turn again."""
FIRST_WAIT_S = 10.0
LONGEST_WAIT_S = 900.0


def watch_alerts(services: Services) -> None:
    """Check every rule and tell every receiver what it has not been told yet. Blocks.

    Raises:
        RecordUnavailable: nothing can be known or noted now.
    """
    check_rules(services)
    tell(services)


def tell(services: Services) -> None:
    """Tell every receiver what is due, all receivers at once.

    Raises:
        RecordUnavailable: nothing can be known or noted now; what was sent is sent again.
    """
    everybody = receivers(services.settings)
    if not everybody:
        return
    with ThreadPoolExecutor(len(everybody), "alerts") as pool:
        for _ in pool.map(partial(_tell_one, services), everybody):
            continue


def _tell_one(services: Services, receiver: Receiver) -> None:
    """Tell one receiver what is due; the first message that it does not take ends its round."""
    with services.database.as_service() as tx:
        due = alerts.due(
            tx,
            receiver.name,
            quiet_s=services.settings.alert_quiet_s,
            limit=MOST_AT_ONCE,
        )
    deadline = time.monotonic() + ROUND_S
    for message in due:
        if time.monotonic() > deadline or not _deliver(services, receiver, message):
            return


def _deliver(services: Services, receiver: Receiver, due: Due) -> bool:
    try:
        send(receiver, letter(due.alert, due.message, services.settings))
    except AlertNotDelivered as exc:
        _note_failure(services, receiver, due, exc)
        return False
    with services.database.as_service() as tx:
        alerts.note_told(tx, due.alert.id, receiver.name, due.message)
    log.info("alert told", alert=due.alert.kind.value, message=due.message.value, to=receiver.name)
    return True


def _note_failure(
    services: Services, receiver: Receiver, due: Due, error: AlertNotDelivered
) -> None:
    with services.database.as_service() as tx:
        alerts.note_not_told(
            tx, due.alert.id, receiver.name, problem=error.happened, wait_s=wait_s(due.tries)
        )
    log.warning("alert not told", alert=due.alert.kind.value, problem=error.happened)


def wait_s(tries: int) -> float:
    """Seconds until a message is tried again that `tries` tries before this one did not get out."""
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(tries, 20)))
