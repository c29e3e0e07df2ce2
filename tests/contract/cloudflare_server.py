"""A server that answers like Cloudflare's API, as far as the studio asks it.

Source: Cloudflare docs, API: "Purge Cached Content", "Verify Token", "Rate limits", "Make API
calls" (the envelope of every answer), and Cache, "Purge by single-file" (how many addresses a call
takes).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

ZONE = "0123456789abcdef0123456789abcdef"
ACCOUNT = "fedcba9876543210fedcba9876543210"
TOKEN = "a-token-that-may-purge"
MAX_URLS = 30


@dataclass
class CloudflareServer:
    """The server as a test sees it."""

    url: str = ""
    host: str | None = None
    """The only host whose addresses the zone purges; None: any."""
    token_status: str = "active"
    of_account: bool = False
    """The token belongs to the account: the person's own endpoint does not know it."""
    purged: list[list[str]] = field(default_factory=list)
    """The addresses of every purge that worked, call by call."""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Response | None] = lambda request: None
    """Answers in the server's place when it returns something."""

    def handle(self, request: Request) -> Response:
        """One request."""
        self.requests.append(request)
        request.get_data()
        if (instead := self.answer(request)) is not None:
            return instead
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(403, 10000, "Authentication error")
        if request.path.endswith("/tokens/verify"):
            return self._verify(request)
        if (request.method, request.path) == ("POST", f"/client/v4/zones/{ZONE}/purge_cache"):
            return self._purge(request.get_json()["files"])
        return refused(404, 7003, f"Could not route to {request.path}")

    def _verify(self, request: Request) -> Response:
        place = f"accounts/{ACCOUNT}" if self.of_account else "user"
        if request.path != f"/client/v4/{place}/tokens/verify":
            return refused(401, 1000, "Invalid API Token")
        return said({"id": ZONE, "status": self.token_status})

    def _purge(self, files: list[str]) -> Response:
        if not 1 <= len(files) <= MAX_URLS:
            return refused(400, 1094, f"Too many URLs: the limit is {MAX_URLS}")
        strange = [url for url in files if self.host and urlsplit(url).netloc != self.host]
        if strange:
            return refused(400, 1107, f"Unable to purge {strange[0]}: not a host of the zone")
        self.purged.append(files)
        return said({"id": ZONE})


def said(result: dict[str, Any]) -> Response:
    """A good answer."""
    body = {"success": True, "errors": [], "messages": [], "result": result}
    return Response(json.dumps(body), content_type="application/json")


def refused(status: int, code: int, message: str) -> Response:
    """A bad answer."""
    errors = [{"code": code, "message": message}]
    body = {"success": False, "errors": errors, "messages": [], "result": None}
    return Response(json.dumps(body), status, content_type="application/json")


def slow_down(retry_after: str = "37") -> Response:
    """The answer beyond the rate limit."""
    answer = refused(429, 971, "Please wait and consider throttling your request speed")
    answer.headers["Retry-After"] = retry_after
    return answer


@contextmanager
def serving_cloudflare() -> Iterator[CloudflareServer]:
    """The server for the length of a `with` block; its port is a free one."""
    server = CloudflareServer()
    http = make_server(
        "127.0.0.1", 0, Request.application(lambda request: server.handle(request)), threaded=True
    )
    server.url = f"http://127.0.0.1:{http.server_port}/client/v4"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join(10)
        http.server_close()
