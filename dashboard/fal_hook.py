"""The route `/webhook/fal`, which fal calls when a request has ended.

Open to everybody, because fal does not sign in: a call proves itself by its signature, is small, is
bounded in number, and can do no more than make the watcher look (`jobs.hooks`). fal repeats a call
that is not answered with 2xx (fal docs, Model APIs, Webhooks), and polling finds what none tells.
"""

from __future__ import annotations

import asyncio
import math
import threading

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard.rate_limit import SlidingWindow
from dashboard.services import services
from jobs.errors import FalUnavailable, FalWebhookInvalid
from jobs.fal.webhooks import WebhookKeys
from jobs.hooks import HOOK_PATH, Hook, webhook_url
from storage.errors import RecordError

log = structlog.get_logger(__name__)

MAX_BYTES = 1024 * 1024
"""A result is a few hundred bytes, an error with its inputs a few thousand."""
READ_TIMEOUT_S = 10.0
AT_ONCE = 16
"""Calls in hand at once; more are asked to come again."""
INVALID_PER_MINUTE = 60
"""Calls of one address that did not prove themselves; then it waits."""


class FalHook:
    """Receives fal's calls."""

    def __init__(self) -> None:
        self._tries = SlidingWindow(INVALID_PER_MINUTE, 60.0)
        self._in_hand = 0
        self._hooks: dict[str | None, Hook] = {}
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """The route, for the application to mount."""
        return [Route(HOOK_PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """2xx for what fal signed, whatever it is about; 4xx for the rest; 5xx: come again."""
        if webhook_url(services().settings) is None:
            return _said(404, "This studio expects no webhooks.")
        address = request.client.host if request.client else ""
        wait_s = self._tries.take(address)
        if wait_s:
            return _said(429, "Too many calls.", again_in_s=wait_s)
        if self._in_hand >= AT_ONCE:
            self._tries.give_back(address)
            return _said(503, "Busy.", again_in_s=1)
        self._in_hand += 1
        try:
            answer = await self._answer(request)
        finally:
            self._in_hand -= 1
        if not 400 <= answer.status_code < 500:
            self._tries.give_back(address)
        return answer

    async def _answer(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                body = await _body_of(request)
        except (TimeoutError, ClientDisconnect):
            return _said(408, "The call did not end.")
        if body is None:
            return _said(413, "The call is too large.")
        return await run_in_threadpool(self._hear, request, body)

    def _hear(self, request: Request, body: bytes) -> Response:
        opened = services()
        try:
            self._hook(opened.settings.fal_base_url).hear(opened.database, request.headers, body)
        except FalWebhookInvalid as exc:
            log.info("webhook dropped", why=exc.happened)
            return _said(400, "This call does not prove that it is from fal.")
        except (FalUnavailable, RecordError) as exc:
            log.warning("webhook not taken", error=type(exc).__name__, why=exc.happened)
            return _said(503, "Not now.", again_in_s=30)
        return _said(200, "Heard.")

    def _hook(self, base_url: str | None) -> Hook:
        """The hook for whoever signs: fal itself, or the simulator at `base_url`."""
        with self._lock:
            if base_url not in self._hooks:
                self._hooks[base_url] = Hook(WebhookKeys(base_url))
            return self._hooks[base_url]


async def _body_of(request: Request) -> bytes | None:
    """The whole body, None when it is larger than a webhook can be."""
    stated = request.headers.get("content-length", "0")
    if not (stated.isascii() and stated.isdigit()) or int(stated[:12]) > MAX_BYTES:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def _said(status: int, words: str, *, again_in_s: float | None = None) -> Response:
    headers = {"cache-control": "no-store"}
    if again_in_s is not None:
        headers["retry-after"] = str(math.ceil(again_in_s))
    return PlainTextResponse(words, status, headers=headers)
