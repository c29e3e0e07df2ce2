"""The product's first promise: whatever happens to the answer, a submit is sent once."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import ExitStack
from typing import Any

import pytest

import tests.integration.fal_tcp_server as tcp
from jobs.errors import (
    FalAccountLocked,
    FalBadInput,
    FalError,
    FalOutcomeUnknown,
    FalRefused,
    FalUnavailable,
)
from jobs.fal.client import TRIES, FalClient
from jobs.fal.messages import Accepted, Timeouts
from storage.models import FailureCause

KEY = "key-id:key-secret"
ENDPOINT = "fal-ai/bytedance/seedance/v1/pro/image-to-video"
NGINX = "<html><center>nginx</center></html>"
POLICY = {"loc": ["body", "prompt"], "msg": "no", "type": "content_policy_violation"}


def client_of(url: str, **timeouts: float) -> tuple[FalClient, list[float]]:
    waits: list[float] = []
    client = FalClient(KEY, url, timeouts=Timeouts(**timeouts), sleep=waits.append)
    return client, waits


def submit(client: FalClient, **more: Any) -> Accepted:
    return client.submit(ENDPOINT, {"prompt": "tea"}, start_timeout_s=1800, **more)


def failure(
    behaviour: tcp.Behaviour, **timeouts: float
) -> tuple[FalError, tcp.TcpFal, list[float]]:
    with tcp.tcp_fal(behaviour) as fal:
        client, waits = client_of(fal.url, **timeouts)
        with client, pytest.raises(FalError) as caught:
            submit(client)
    return caught.value, fal, waits


def test_an_accepted_submit_gives_its_addresses_as_fal_wrote_them() -> None:
    with tcp.tcp_fal(tcp.accept) as fal, client_of(fal.url)[0] as client:
        accepted = submit(client)
    told = tcp.accepted_body(fal)
    assert accepted.request_id == told["request_id"]
    assert accepted.status_url == told["status_url"]
    assert accepted.response_url == told["response_url"]
    assert accepted.cancel_url == told["cancel_url"]
    assert accepted.queue_position == 3
    assert len(fal.posts) == 1


def test_a_submit_says_what_it_wants_in_its_headers() -> None:
    with tcp.tcp_fal(tcp.accept) as fal, client_of(fal.url)[0] as client:
        submit(client, webhook_url="https://studio.example/hook", tags={"attempt": "42"})
    headers = fal.posts[0]
    assert headers["authorization"] == f"Key {KEY}"
    assert headers["x-fal-request-timeout"] == "1800.0"
    assert headers["x-app-fal-disable-fallback"] == "true"
    assert headers["x-fal-tags"] == "attempt=42"
    assert headers["x-fal-queue-priority"] == "normal"
    assert fal.targets == [f"POST /{ENDPOINT}?fal_webhook=https%3A%2F%2Fstudio.example%2Fhook"]
    assert json.loads(fal.bodies[0]) == {"prompt": "tea"}


def test_low_priority_is_asked_for() -> None:
    with tcp.tcp_fal(tcp.accept) as fal, client_of(fal.url)[0] as client:
        submit(client, low_priority=True)
    assert fal.posts[0]["x-fal-queue-priority"] == "low"


@pytest.mark.parametrize(
    "behaviour",
    [tcp.close, tcp.reset, tcp.truncate, tcp.half_a_header, tcp.not_http, tcp.bad_gzip],
)
def test_a_broken_answer_leaves_one_post_and_an_unknown_outcome(behaviour: tcp.Behaviour) -> None:
    error, fal, waits = failure(behaviour)
    assert isinstance(error, FalOutcomeUnknown)
    assert len(fal.posts) == 1
    assert waits == []


@pytest.mark.parametrize("behaviour", [tcp.silence, tcp.endless])
def test_an_answer_that_does_not_come_leaves_one_post_and_an_unknown_outcome(
    behaviour: tcp.Behaviour,
) -> None:
    error, fal, _ = failure(behaviour, submit_s=0.3)
    assert isinstance(error, FalOutcomeUnknown)
    assert len(fal.posts) == 1


@pytest.mark.parametrize("status", [408, 409, 425, 499, 500, 501, 502, 503, 504, 520])
@pytest.mark.parametrize("body", [NGINX, '{"detail": "no", "error_type": "internal_error"}', ""])
def test_a_server_error_leaves_one_post_and_an_unknown_outcome(status: int, body: str) -> None:
    error, fal, waits = failure(tcp.answer(status, body, "retry-after: 0"))
    assert isinstance(error, FalOutcomeUnknown)
    assert len(fal.posts) == 1
    assert waits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    error, fal, _ = failure(tcp.answer(status, "", "location: /elsewhere"))
    assert isinstance(error, FalOutcomeUnknown)
    assert [target.split()[0] for target in fal.targets] == ["POST"]


@pytest.mark.parametrize(
    "body",
    [
        "<!doctype html>soon back",
        "[]",
        "null",
        "{}",
        '{"request_id": "r-1"}',
        '{"request_id": 7, "status_url": "u", "response_url": "u", "cancel_url": "u"}',
    ],
)
def test_a_2xx_that_is_no_acceptance_leaves_an_unknown_outcome(body: str) -> None:
    error, fal, _ = failure(tcp.answer(200, body))
    assert isinstance(error, FalOutcomeUnknown)
    assert len(fal.posts) == 1


def test_a_damaged_acceptance_gives_the_id_as_a_hint() -> None:
    error, _, _ = failure(tcp.answer(200, '{"request_id": "r-1"}'))
    assert isinstance(error, FalOutcomeUnknown)
    assert error.request_id_hint == "r-1"


def test_a_server_errors_header_gives_the_id_as_a_hint() -> None:
    error, _, _ = failure(tcp.answer(502, NGINX, "x-fal-request-id: r-2"))
    assert isinstance(error, FalOutcomeUnknown)
    assert error.request_id_hint == "r-2"


def test_too_many_requests_is_told_at_once_with_the_wait() -> None:
    error, fal, waits = failure(tcp.answer(429, "{}", "retry-after: 7"))
    assert isinstance(error, FalUnavailable)
    assert error.retry_after_s == 7
    assert (len(fal.posts), waits) == (1, [])


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_account_is_told_apart(status: int) -> None:
    body = '{"detail": "User is locked. Reason: Exhausted balance."}'
    error, fal, _ = failure(tcp.answer(status, body))
    assert isinstance(error, FalAccountLocked)
    assert "Exhausted balance" in error.detail
    assert len(fal.posts) == 1


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 422])
def test_a_refused_request_was_not_booked(status: int) -> None:
    error, fal, _ = failure(tcp.answer(status, '{"detail": "no"}'))
    assert isinstance(error, FalBadInput)
    assert len(fal.posts) == 1


def test_a_refused_prompt_at_the_submit_is_moderation() -> None:
    error, _, _ = failure(tcp.answer(422, json.dumps({"detail": [POLICY]})))
    assert isinstance(error, FalRefused)
    assert error.cause is FailureCause.REFUSED_PROMPT


def test_nobody_listening_is_tried_three_times_and_books_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client, waits = client_of(f"http://127.0.0.1:{port}")
    with client, pytest.raises(FalUnavailable):
        submit(client)
    assert len(waits) == TRIES - 1
    assert 1 <= waits[0] <= 1.1
    assert 2 <= waits[1] <= 2.2


def test_a_submit_that_could_not_connect_is_sent_once_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with ExitStack() as stack:
        started: list[tcp.TcpFal] = []

        def start_fal(_: float) -> None:
            started.append(stack.enter_context(tcp.tcp_fal(tcp.accept, port)))

        client = stack.enter_context(FalClient(KEY, f"http://127.0.0.1:{port}", sleep=start_fal))
        accepted = submit(client)
    assert accepted.request_id == tcp.REQUEST_ID
    assert [len(fal.posts) for fal in started] == [1]


def test_each_submit_has_a_connection_of_its_own() -> None:
    with tcp.tcp_fal(tcp.accept) as fal, client_of(fal.url)[0] as client:
        for _ in range(3):
            submit(client)
    assert len(fal.posts) == 3
    assert fal.connections == 3


def test_a_bad_argument_is_our_mistake_and_is_not_sent() -> None:
    with tcp.tcp_fal(tcp.accept) as fal, client_of(fal.url)[0] as client:
        with pytest.raises(TypeError):
            client.submit(ENDPOINT, {"prompt": object()}, start_timeout_s=60)
        with pytest.raises(ValueError, match="start timeout"):
            client.submit(ENDPOINT, {}, start_timeout_s=1)
        with pytest.raises(ValueError, match="tag"):
            client.submit(ENDPOINT, {}, start_timeout_s=60, tags={"team": "a,b"})
    assert fal.posts == []


def test_addresses_that_are_not_fals_are_replaced_by_the_stock_ones() -> None:
    def elsewhere(connection: socket.socket, fal: tcp.TcpFal) -> None:
        body = tcp.accepted_body(fal) | {"status_url": "https://evil.example/status"}
        tcp.answer(200, json.dumps(body))(connection, fal)

    with tcp.tcp_fal(elsewhere) as fal, client_of(fal.url)[0] as client:
        accepted = submit(client)
    assert accepted.request_id == tcp.REQUEST_ID
    assert accepted.status_url == tcp.accepted_body(fal)["status_url"]


def test_no_error_text_holds_the_key() -> None:
    for behaviour in (tcp.close, tcp.answer(401, "{}"), tcp.answer(502, NGINX)):
        error, _, _ = failure(behaviour)
        chain: BaseException | None = error
        while chain is not None:
            assert "key-secret" not in f"{chain} {chain!r} {vars(chain)}"
            chain = chain.__cause__


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_client_made_before_a_fork_submits_once_in_the_child() -> None:
    with tcp.tcp_fal(tcp.accept) as fal:
        client = FalClient(KEY, fal.url)
        if (child := os.fork()) == 0:
            try:
                submit(client)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    assert len(fal.posts) == 1


def test_many_threads_may_submit_with_one_client() -> None:
    with tcp.tcp_fal(tcp.accept) as fal, client_of(fal.url)[0] as client:
        threads = [threading.Thread(target=submit, args=(client,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(fal.posts) == 8
