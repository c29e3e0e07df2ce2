"""What the Alerts page and the notice on other pages read, as the person who looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from dashboard.keeping import kept_for
from dashboard.services import services
from jobs.alert_delivery import receivers
from jobs.doctor import SILENT_S
from storage.records import alerts
from storage.records.alerts import Alert, Delivery

LIVE_S = 1.0
NOTICE_S = 5.0
"""As often as the watcher looks."""
MOST_OPEN = 50
MOST_RESOLVED = 50
MOST_NOTICED = 10


@dataclass(frozen=True)
class AlertsView:
    """Everything that the page shows."""

    open: list[Alert]
    """The worst and then the newest first, at most `MOST_OPEN`."""
    resolved: list[Alert]
    """The latest first, at most `MOST_RESOLVED`."""
    deliveries: dict[UUID, list[Delivery]]
    """By alert; one that nobody was told of is not in it."""
    watcher_seen_at: datetime | None
    """None: it never gave a sign of life."""

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks, so that no alert means that nothing is wrong."""
        seen_at = self.watcher_seen_at
        return seen_at is not None and (datetime.now(UTC) - seen_at).total_seconds() < SILENT_S


@kept_for(LIVE_S, most=200)
def overview(person_id: UUID) -> AlertsView:
    """The alerts that the person may see, and who was told of them.

    Raises:
        RecordUnavailable: try again later.
    """
    with services().database.as_person(person_id) as tx:
        still_open = alerts.open_alerts(tx, limit=MOST_OPEN)
        resolved = alerts.resolved_alerts(tx, limit=MOST_RESOLVED)
        told: dict[UUID, list[Delivery]] = {}
        for delivery in alerts.deliveries(tx, [a.id for a in (*still_open, *resolved)]):
            told.setdefault(delivery.alert_id, []).append(delivery)
        return AlertsView(still_open, resolved, told, alerts.watcher_seen_at(tx))


@kept_for(NOTICE_S, most=500)
def open_now(person_id: UUID) -> list[Alert]:
    """Open alerts that the person may see, the worst first, at most `MOST_NOTICED`.

    One read of an index that holds open alerts only.
    """
    with services().database.as_person(person_id) as tx:
        return alerts.open_alerts(tx, limit=MOST_NOTICED)


def receiver_names() -> list[str]:
    """Whom the studio tells, by the names of their services; empty when nobody is set."""
    return [receiver.name for receiver in receivers(services().settings)]
