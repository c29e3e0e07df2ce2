"""The wire under the stock client: what fal answered, once, and no retry that is not ours.

`fal_client` repeats a call up to ten times when its answer is lost, the paid submit included. Its
loop acts on httpx errors and bad statuses, so the guard lets it see neither: a bad status leaves as
`Answered`, a broken exchange as `NotSent` or `Lost`, and the caller decides. The `OnePost` around
one submit also refuses a second POST outright.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import httpx

from jobs.fal.addresses import foreign_address
from jobs.steps import Step, reached

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""fal's answers are kilobytes of JSON; a hundred inputs in a page of history stay far below."""
_WHOLLY_SENT = "http11.send_request_body.complete"


class Answered(Exception):
    """fal answered with another status than 2xx; redirects are never followed."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.status = response.status_code
        self.headers = response.headers
        self.body = response.content
        self.said = json_object(self.body)
        """The body as a JSON object; empty when it is none."""


class Fault(Exception):
    """There is no answer."""


class NotSent(Fault):
    """Provably not one byte of the request reached the other side."""


class Lost(Fault):
    """The request may have arrived, in part or whole."""


class SecondPost(RuntimeError):
    """Somebody tried to send a submit twice; a mistake in the code, stopped before it was sent."""


FAULTS: Mapping[type[Exception], type[Fault]] = MappingProxyType(
    {
        # Raised while the connection is made or waited for, before the request is written. A
        # proxy's refusal is one: httpcore raises ProxyError only while it makes the tunnel.
        httpx.ConnectError: NotSent,
        httpx.ConnectTimeout: NotSent,
        httpx.PoolTimeout: NotSent,
        httpx.ProxyError: NotSent,
        httpx.UnsupportedProtocol: NotSent,
        httpx.ReadError: Lost,
        httpx.ReadTimeout: Lost,
        httpx.WriteError: Lost,
        httpx.WriteTimeout: Lost,
        httpx.CloseError: Lost,
        httpx.RemoteProtocolError: Lost,
        httpx.LocalProtocolError: Lost,
        httpx.DecodingError: Lost,
        # Never raised themselves today; a new kind below them counts as sent until it is studied.
        httpx.TimeoutException: Lost,
        httpx.NetworkError: Lost,
        httpx.ProtocolError: Lost,
        httpx.TransportError: Lost,
        httpx.RequestError: Lost,
        httpx.HTTPError: Lost,
    }
)
"""What each error of httpx says about the request."""


def fault(exc: Exception) -> Fault:
    """`exc` as one of our two: an error that the table does not know counts as sent."""
    return FAULTS.get(type(exc), Lost)(f"{type(exc).__name__}: {exc}")


class Guard(httpx.BaseTransport):
    """Sends a request once and hands back a whole 2xx answer, or raises.

    `allowed` says which addresses may be written to. `timeout_s` is the wait for the
    answer to begin, and again for all of it.

    Raises:
        Answered: another status than 2xx.
        NotSent, Lost: no answer.
        FalError: the address is not allowed; nothing was sent.
    """

    def __init__(
        self,
        wire: httpx.BaseTransport,
        allowed: Callable[[httpx.URL], bool],
        *,
        connect_s: float,
        timeout_s: float,
    ) -> None:
        self._wire = wire
        self._allowed = allowed
        self._timeout = httpx.Timeout(timeout_s, connect=connect_s)
        self._timeout_s = timeout_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._allowed(request.url):
            raise foreign_address(request.url)
        request.extensions["timeout"] = self._timeout.as_dict()
        try:
            answer = _whole(self._wire.handle_request(request), self._timeout_s)
        except httpx.HTTPError as exc:
            raise fault(exc) from exc
        return checked(answer)

    def close(self) -> None:
        self._wire.close()


class OnePost(httpx.BaseTransport):
    """Around one submit: lets a single request through, and keeps what was answered."""

    def __init__(self, guard: httpx.BaseTransport) -> None:
        self._guard = guard
        self._sent = False
        self.answer: httpx.Response | None = None
        """The 2xx answer; None when there was none."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._sent:
            raise SecondPost("A submit is sent once.")
        self._sent = True
        request.extensions["trace"] = _note_sent
        self.answer = self._guard.handle_request(request)
        return self.answer


def _note_sent(event: str, _: Mapping[str, Any]) -> None:
    """Called by httpcore at each stage of an exchange (httpcore docs, Extensions, "trace")."""
    if event == _WHOLLY_SENT:
        reached(Step.SUBMIT_SENT)


class AsyncGuard(httpx.AsyncBaseTransport):
    """As `Guard`, for the watcher; the wire below gives whole answers within its own limits."""

    def __init__(
        self,
        wire: httpx.AsyncBaseTransport,
        allowed: Callable[[httpx.URL], bool],
        *,
        connect_s: float,
        timeout_s: float,
    ) -> None:
        self._wire = wire
        self._allowed = allowed
        self._timeout = httpx.Timeout(timeout_s, connect=connect_s).as_dict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._allowed(request.url):
            raise foreign_address(request.url)
        request.extensions["timeout"] = self._timeout
        try:
            answer = await self._wire.handle_async_request(request)
            await answer.aread()
        except httpx.HTTPError as exc:
            raise fault(exc) from exc
        return checked(answer)

    async def aclose(self) -> None:
        await self._wire.aclose()


def checked(answer: httpx.Response) -> httpx.Response:
    """`answer` when its status is 2xx.

    Raises:
        Answered: it is another one.
    """
    if not answer.is_success:
        raise Answered(answer)
    return answer


def json_object(body: bytes) -> dict[str, Any]:
    """`body` as a JSON object; empty when it is none (no body, a proxy's HTML page)."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _whole(response: httpx.Response, within_s: float) -> httpx.Response:
    """Read the answer to its end here, so that a broken body is a fault of this one exchange."""
    deadline = time.monotonic() + within_s
    body = bytearray()
    try:
        for piece in cast(httpx.SyncByteStream, response.stream):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise httpx.RemoteProtocolError("The answer is far too long.")
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("The answer never ends.")
    finally:
        response.close()
    return httpx.Response(response.status_code, headers=response.headers, content=bytes(body))
