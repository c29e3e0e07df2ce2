"""Counts what this dashboard answers, and how soon, for `/metrics`.

A path is only told by the part of the site that it is in, so that made-up paths make no new series.
"""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REGISTRY = CollectorRegistry()
"""What this process counted since its start."""

PARTS = frozenset(
    {"_stcore", "app", "health", "media", "metrics", "s", "session", "static", "webhook"}
)
"""First parts of paths that are told apart; everything else is `pages`."""

SECONDS_TO_ANSWER = Histogram(
    "studio_http_answer_seconds",
    "Seconds until an answer began, by part of the site and class of status.",
    ("part", "status"),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    registry=REGISTRY,
)
WEBSOCKETS = Gauge("studio_websockets_open", "Pages that are open in a browser.", registry=REGISTRY)


class HttpMeter:
    """Measures every request; the outermost of our layers, so that it sees what others refuse."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        if scope["type"] == "websocket":
            with WEBSOCKETS.track_inprogress():
                await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._measured(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, part, answered = time.perf_counter(), part_of(scope["path"]), False

        async def noting_send(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                _note(part, message["status"], began)
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        except Exception:
            if not answered:  # Starlette answers 500, outside of us
                _note(part, 500, began)
            raise


def part_of(path: str) -> str:
    """The part of the site that a path is in."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in PARTS else "pages"


def _note(part: str, status: int, began: float) -> None:
    SECONDS_TO_ANSWER.labels(part, f"{status // 100}xx").observe(time.perf_counter() - began)
