"""The watcher's polls, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

import tests.integration.fal_tcp_server as tcp
from jobs.errors import FalAccountLocked, FalError, FalResultGone, FalUnavailable
from jobs.fal.messages import Queued, RequestRef, Running, Timeouts
from jobs.fal.polling import AsyncFalClient, OpenConnections

KEY = "key-id:key-secret"
T = TypeVar("T")
QUEUED = json.dumps({"status": "IN_QUEUE", "queue_position": 2})
RUNNING = json.dumps({"status": "IN_PROGRESS", "logs": [{"message": "half"}]})


def request_at(url: str) -> RequestRef:
    home = f"{url}/fal-ai/bytedance/requests/r-1"
    return RequestRef("r-1", f"{home}/status", home, f"{home}/cancel")


def polled(
    fal: tcp.TcpFal,
    use: Callable[[AsyncFalClient], Awaitable[T]],
    answer_s: float = 10,
    wire: OpenConnections | None = None,
) -> T:
    async def run() -> T:
        timeouts = Timeouts(connect_s=5, answer_s=answer_s)
        client = AsyncFalClient(KEY, fal.url, timeouts=timeouts, connections=4, wire=wire)
        async with client:
            return await use(client)

    return asyncio.run(run())


def failure(behaviour: tcp.Behaviour, answer_s: float = 10) -> tuple[FalError, tcp.TcpFal]:
    with tcp.tcp_fal(behaviour) as fal, pytest.raises(FalError) as caught:
        polled(fal, lambda client: client.status(request_at(fal.url)), answer_s)
    return caught.value, fal


def test_polls_share_a_few_connections() -> None:
    async def many(client: AsyncFalClient) -> list[object]:
        return await asyncio.gather(*(client.status(request_at(fal.url)) for _ in range(40)))

    with tcp.tcp_fal(tcp.answer(202, QUEUED)) as fal:
        statuses = polled(fal, many)
    assert statuses == [Queued(2)] * 40
    assert len(fal.targets) == 40
    assert fal.connections <= 4


def test_a_poll_asks_for_logs_unless_told_otherwise() -> None:
    async def two(client: AsyncFalClient) -> object:
        await client.status(request_at(fal.url), with_logs=False)
        return await client.status(request_at(fal.url))

    with tcp.tcp_fal(tcp.answer(202, RUNNING)) as fal:
        assert polled(fal, two) == Running([{"message": "half"}])
    path = "/fal-ai/bytedance/requests/r-1/status"
    assert fal.targets == [f"GET {path}?logs=false", f"GET {path}?logs=true"]


def test_a_connection_that_fal_closed_meanwhile_is_not_used_again() -> None:
    def answer_and_close(connection: socket.socket, fal: tcp.TcpFal) -> None:
        tcp.answer(202, QUEUED)(connection, fal)
        connection.shutdown(socket.SHUT_RDWR)

    wire = OpenConnections()

    async def three(client: AsyncFalClient) -> list[object]:
        found: list[object] = []
        for _ in range(3):
            found.append(await client.status(request_at(fal.url)))
            async with asyncio.timeout(5):
                while wire.waiting:
                    await asyncio.sleep(0)
        return found

    with tcp.tcp_fal(answer_and_close) as fal:
        assert polled(fal, three, wire=wire) == [Queued(2)] * 3
    assert fal.connections == 3


@pytest.mark.parametrize("ending", ["connection: close", "keep-alive: no"])
def test_the_other_sides_wish_to_close_is_kept(ending: str) -> None:
    async def two(client: AsyncFalClient) -> None:
        await client.status(request_at(fal.url))
        await client.status(request_at(fal.url))

    with tcp.tcp_fal(tcp.answer(202, QUEUED, ending)) as fal:
        polled(fal, two)
    assert fal.connections == (2 if ending == "connection: close" else 1)


@pytest.mark.parametrize(
    "behaviour",
    [
        tcp.close,
        tcp.reset,
        tcp.truncate,
        tcp.half_a_header,
        tcp.not_http,
        tcp.bad_gzip,
        *(tcp.answer(status, "<html>nginx</html>") for status in (408, 429, 500, 502, 503, 504)),
    ],
)
def test_a_failed_poll_is_left_to_the_next_one(behaviour: tcp.Behaviour) -> None:
    error, fal = failure(behaviour)
    assert isinstance(error, FalUnavailable)
    assert len(fal.targets) == 1


@pytest.mark.parametrize("behaviour", [tcp.silence, tcp.endless])
def test_a_poll_without_an_end_is_given_up(behaviour: tcp.Behaviour) -> None:
    error, fal = failure(behaviour, answer_s=0.3)
    assert isinstance(error, FalUnavailable)
    assert len(fal.targets) == 1


def test_nobody_listening_is_unavailable() -> None:
    with tcp.tcp_fal(tcp.close) as fal:
        pass
    with pytest.raises(FalUnavailable):
        polled(fal, lambda client: client.status(request_at(fal.url)))


@pytest.mark.parametrize(("status", "kind"), [(404, FalResultGone), (403, FalAccountLocked)])
def test_a_poll_tells_a_lost_request_and_a_locked_account(
    status: int, kind: type[FalError]
) -> None:
    error, _ = failure(tcp.answer(status, "{}"))
    assert isinstance(error, kind)


def test_the_key_is_not_sent_to_a_strangers_address() -> None:
    with tcp.tcp_fal(tcp.answer(202, QUEUED)) as stranger, tcp.tcp_fal(tcp.close) as fal:
        with pytest.raises(FalError, match="does not send its fal key"):
            polled(fal, lambda client: client.status(request_at(stranger.url)))
        assert stranger.targets == []


def test_a_poll_given_up_by_the_caller_leaves_no_connection_in_use() -> None:
    wire = OpenConnections()

    async def cancel_one(client: AsyncFalClient) -> bool:
        task = asyncio.create_task(client.status(request_at(fal.url)))
        async with asyncio.timeout(5):
            while not fal.targets:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled() and wire.waiting == 0

    with tcp.tcp_fal(tcp.silence) as fal:
        assert polled(fal, cancel_one, wire=wire)
