"""A real HTTP server on 127.0.0.1 that takes what apprise's `json://` posts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "hush-hush-4711"
"""Stands in every part of an address that may hold one."""


@dataclass
class Receiver:
    """What came in, and what is answered."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    turned_away: int = 0
    status: int = 200
    url: str = ""

    @property
    def titles(self) -> list[str]:
        """Titles of the messages it took."""
        return [message["title"] for message in self.taken]

    def answer(self, body: bytes) -> int:
        """Take a message, or turn it away when `status` says so."""
        if self.status == 200:
            self.taken.append(json.loads(body))
        else:
            self.turned_away += 1
        return self.status


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """A receiver for the length of a `with` block."""
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
