"""Connections that can be broken in the middle of an answer, the way networks break them.

ASGI has no words for this, so the server's protocol hands its transport to the app.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn import _types as types
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_TRANSPORT = "seedance_simulator.transport"


class BreakableConnection(HttpToolsProtocol):
    """uvicorn's HTTP protocol; each call's scope carries the transport as an extension."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        app = self.app

        async def with_transport(
            scope: types.Scope,
            receive: types.ASGIReceiveCallable,
            send: types.ASGISendCallable,
        ) -> None:
            if scope["type"] == "http":
                scope["extensions"] = {_TRANSPORT: {"transport": self.transport}}
            await app(scope, receive, send)

        self.app = with_transport


class Dropped(Response):
    """No answer at all: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Close the connection and wait until it is closed."""
        _transport(scope).close()
        await _closed(receive)


class Reset(Response):
    """No answer at all: the connection ends with a TCP reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Reset the connection and wait until it is gone."""
        transport = _transport(scope)
        # Lingering for no time makes the kernel send RST where it would send FIN.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        await _closed(receive)


class Truncated(Response):
    """The headers of a whole answer and half of its body; then the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the half, close the connection and wait until it is closed."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        _transport(scope).close()
        await _closed(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["extensions"][_TRANSPORT]["transport"]
    return transport


async def _closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
