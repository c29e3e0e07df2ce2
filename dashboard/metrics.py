"""The route `/metrics`: how the studio is doing, for Prometheus (its text exposition format).

Only for who knows the token of `STUDIO_METRICS_TOKEN`; without one there is no such page. It tells
numbers alone: no names, no addresses, nothing of a person's.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard import http_meter
from dashboard.health import SIGN_OF_LIFE_S
from dashboard.services import services
from jobs.bootstrap import Services
from jobs.doctor import NEEDED
from storage.errors import RecordError
from storage.models import FINAL_STATUSES, GenerationStatus, RenditionState
from storage.records import metrics
from storage.records.metrics import Figure

METRICS_PATH = "/metrics"
LANES = ("interactive", "batch")


@dataclass(frozen=True)
class Family:
    """One metric: what it says and, when it has a label, the label and the values always shown."""

    words: str
    label: str | None = None
    always: tuple[str, ...] = ()


FAMILIES = {
    "generations": Family(
        "Unfinished generations by status.",
        "status",
        tuple(status for status in GenerationStatus if status not in FINAL_STATUSES),
    ),
    "generations_ended_last_hour": Family(
        "Generations that ended within the last hour, by how.", "status", tuple(FINAL_STATUSES)
    ),
    "queued": Family("Generations that wait for their submit, by lane.", "lane", LANES),
    "queued_oldest_seconds": Family("Age of the oldest that waits for its submit.", "lane", LANES),
    "in_flight": Family("Requests at fal, or on the way there."),
    "in_flight_limit": Family("Requests that may be at fal at once."),
    "unknown_outcomes": Family("Submits of which nobody knows whether fal took them."),
    "unverified_charges_30d": Family(
        "Charges of 30 days for which fal told no bill, not yet corrected or confirmed."
    ),
    "holds_open_usd": Family("USD set aside for unfinished generations."),
    "charges_today_usd": Family("USD charged today, in the company's time zone."),
    "processes": Family("Processes that gave a sign of life within a minute.", "kind", NEEDED),
    "watcher_last_sign_timestamp_seconds": Family("When the leading watcher last gave a sign."),
    "account_locked": Family("1 while fal refuses the account or its key, else 0."),
    "renditions": Family(
        "Renditions that are not made yet, or could not be made.",
        "state",
        (RenditionState.PENDING, RenditionState.FAILED),
    ),
    "record_up": Family("1 when the record answers, else 0 and figures from it are missing."),
    "redis_up": Family("1 when Redis answers, else 0."),
}


class StudioCollector(Collector):
    """Reads the figures anew at each scrape."""

    def __init__(self, opened: Services) -> None:
        self._opened = opened

    def collect(self) -> Iterator[Metric]:
        """Every family that has a figure now, and what this process counted. Blocks."""
        found: dict[str, dict[str | None, float]] = {}
        for figure in self._figures():
            found.setdefault(figure.name, {})[figure.label] = figure.value
        for name, values in found.items():
            yield _gauge(name, FAMILIES[name], values)
        yield from http_meter.REGISTRY.collect()

    def _figures(self) -> Iterator[Figure]:
        """What the record says first, then what only this process knows."""
        try:
            with self._opened.database.as_service() as tx:
                recorded = metrics.figures(tx, within_s=SIGN_OF_LIFE_S)
        except RecordError:
            recorded = None
        if recorded is not None:
            for name, family in FAMILIES.items():
                yield from (Figure(name, value, 0.0) for value in family.always)
            yield from recorded
        yield Figure("record_up", None, float(recorded is not None))
        yield Figure("redis_up", None, float(self._opened.bells.ping()))
        yield Figure("in_flight_limit", None, self._opened.settings.in_flight_limit)


def routes() -> list[Route]:
    """The route, for the application to mount."""
    return [Route(METRICS_PATH, show, methods=["GET"])]


async def show(request: Request) -> Response:
    """The figures, 401 without the token, 404 when there is no token to know."""
    opened = services()
    token = opened.settings.metrics_token
    if token is None:
        return PlainTextResponse("Not Found", 404)
    if not _knows(token, request.headers.get("authorization", "")):
        return PlainTextResponse("Unauthorized", 401, {"www-authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    body = await run_in_threadpool(encode, StudioCollector(opened))
    return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})


def _knows(token: SecretStr, authorization: str) -> bool:
    """Whether the header is `Bearer` with the token; takes as long for every wrong one."""
    scheme, _, given = authorization.partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode())
    return same and scheme.lower() == "bearer"


def _gauge(name: str, family: Family, values: dict[str | None, float]) -> GaugeMetricFamily:
    labels = [family.label] if family.label else []
    gauge = GaugeMetricFamily(f"studio_{name}", family.words, labels=labels)
    for label, value in values.items():
        gauge.add_metric([label] if label else [], value)
    return gauge
