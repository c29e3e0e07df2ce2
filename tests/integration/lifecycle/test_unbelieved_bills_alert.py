"""From fal's header to the page: a bill that can't be believed costs no video and is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from jobs.alerts import check_rules
from jobs.bootstrap import Services
from storage.models import Generation, GenerationStatus
from storage.records import alerts, videos
from storage.records.alerts import AlertKind


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("units_missing", "did not say what it billed"),
        ("units_negative", "did not say what it billed"),
        ("units_absurd", "999999999 units, more than was set aside"),
    ],
)
def test_a_success_with_such_a_bill_keeps_its_video_is_flagged_and_alerted(
    services: Services,
    submit: Callable[..., UUID],
    until: Callable[..., Generation],
    money: Any,
    fault: str,
    words: str,
) -> None:
    generation = until(submit(prompt=f"A sneaker on a stand [fault:{fault}]"))
    assert generation.status is GenerationStatus.COMPLETED
    assert not money(generation.id).charge.verified
    check_rules(services)
    with services.database.as_service() as tx:
        assert videos.by_id(tx, generation.id)
        found = alerts.open_alerts(tx, limit=9)
    (alert,) = [a for a in found if a.kind is AlertKind.UNVERIFIED_CHARGES]
    assert words in alert.happened
    assert "$0.02 was charged" in alert.cost
