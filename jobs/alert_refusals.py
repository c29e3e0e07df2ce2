"""Notes that a hard budget refused somebody, so that the watcher's rules can see it.

A refused admission is rolled back and leaves nothing behind, so this is a transaction of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

import structlog

from jobs.bootstrap import Services
from storage.errors import RecordConflict, RecordError
from storage.models import Person
from storage.records import alerts

log = structlog.get_logger(__name__)


@contextmanager
def refusals_noted(
    services: Services, person: Person, campaign_id: UUID | None, asked_usd: Decimal
) -> Iterator[None]:
    """Put it around the transaction that admits: a refusal by a budget is noted and goes on.

    `asked_usd` is what was to be held. That the note fails takes nothing from the refusal.
    """
    try:
        yield
    except RecordConflict as exc:
        if exc.constraint == "budget_has_room":
            _note(services, person, campaign_id, asked_usd, json.loads(exc.detail))
        raise


def _note(
    services: Services,
    person: Person,
    campaign_id: UUID | None,
    asked_usd: Decimal,
    refusal: dict[str, str],
) -> None:
    try:
        with services.database.as_person(person.id) as tx:
            alerts.note_refusal(
                tx,
                campaign_id,
                scope=refusal["scope"],
                period=refusal["period"],
                asked_usd=asked_usd,
            )
    except RecordError as exc:
        log.warning("refusal not noted", error=str(exc))
