"""A real receiver of alerts on 127.0.0.1, and what the rules look at."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from jobs.alerts import check_rules
from jobs.bootstrap import Services, opened_services
from storage.records import alerts, budgets
from storage.records.alerts import Alert, AlertKind, Delivery
from storage.settings import Settings

SECRET = "hush-hush-4711"


@dataclass
class Receiver:
    """An HTTP server that takes what apprise's `json://` posts."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    turned_away: int = 0
    status: int = 200
    url: str = ""

    @property
    def titles(self) -> list[str]:
        """Titles of the messages it took."""
        return [message["title"] for message in self.taken]

    def answer(self, body: bytes) -> int:
        if self.status == 200:
            self.taken.append(json.loads(body))
        else:
            self.turned_away += 1
        return self.status


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from _serve()


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    yield from _serve()


def _serve() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = receiver.answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"json://ann:{SECRET}@127.0.0.1:{server.server_port}/{SECRET}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


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
