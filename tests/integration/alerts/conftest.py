"""Real receivers of alerts, and what the rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from jobs.alerts import check_rules
from jobs.bootstrap import Services, opened_services
from storage.records import alerts, budgets
from storage.records.alerts import Alert, AlertKind, Delivery
from storage.settings import Settings
from tests.alert_receiver import Receiver, running_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as server:
        yield server


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    with running_receiver() as server:
        yield server


@pytest.fixture
def studio_with(settings: Settings) -> Iterator[Callable[..., Services]]:
    """The services of a studio with these receivers: `studio_with(receiver.url)`."""
    opened: list[Any] = []

    def run(*urls: str, **more: object) -> Services:
        chosen = settings.model_copy(update={"alert_urls": SecretStr(",".join(urls)), **more})
        context = opened_services(chosen)
        opened.append(context)
        return context.__enter__()

    yield run
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture
def check(services: Services) -> Callable[..., None]:
    """Runs every rule once, with nothing to settle."""

    def run(settle_s: float = 0) -> None:
        check_rules(services, settle_s=settle_s)

    return run


@pytest.fixture
def open_now(services: Services) -> Callable[[AlertKind], list[Alert]]:
    """The open alerts of a kind."""

    def read(kind: AlertKind) -> list[Alert]:
        with services.database.as_service() as tx:
            return [a for a in alerts.open_alerts(tx, limit=100) if a.kind is kind]

    return read


@pytest.fixture
def delivered(services: Services) -> Callable[[], list[Delivery]]:
    """What receivers were told of every alert."""

    def read() -> list[Delivery]:
        with services.database.as_service() as tx:
            found = [*alerts.open_alerts(tx, limit=99), *alerts.resolved_alerts(tx, limit=99)]
            return alerts.deliveries(tx, [alert.id for alert in found])

    return read


@pytest.fixture
def limit(services: Services) -> Callable[..., UUID]:
    """Sets a budget: `limit("team", team_id, "10", kind="soft")`."""

    def run(
        scope: str, target: UUID | None, usd: str, kind: str = "soft", period: str = "day"
    ) -> UUID:
        with services.database.as_service() as tx:
            return budgets.set_limit(
                tx, scope=scope, target_id=target, period=period, kind=kind, limit_usd=Decimal(usd)
            )

    return run
