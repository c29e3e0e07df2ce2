"""Webhooks as fal documents them: signed, and tried again."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.integration.simulator_calls import Calls, calling


@dataclass
class Receiver:
    """A server that answers webhooks with the statuses it is given, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: Queue[tuple[dict[str, str], bytes]] = field(default_factory=Queue)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(state.answers.pop(0) if state.answers else 200)
            self.send_header("content-length", "0")
            self.end_headers()
            state.received.put(({k.lower(): v for k, v in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}/hook?job=42"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def fal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    with calling(tmp_path_factory.mktemp("fal"), seconds=0) as calls:
        yield calls


def verify(fal: Calls, headers: dict[str, str], body: bytes) -> None:
    (key,) = fal.http.get("/.well-known/jwks.json").json()["keys"]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=="))
    names = ("request-id", "user-id", "timestamp")
    parts = [headers[f"x-fal-webhook-{name}"] for name in names]
    message = "\n".join([*parts, hashlib.sha256(body).hexdigest()])
    public.verify(bytes.fromhex(headers["x-fal-webhook-signature"]), message.encode())


def test_a_finished_request_is_reported_with_a_signature(fal: Calls, receiver: Receiver) -> None:
    accepted = fal.submit(query=f"?fal_webhook={receiver.url}", seed=3).json()
    headers, body = receiver.received.get(timeout=10)
    payload = json.loads(body)
    verify(fal, headers, body)
    assert (payload["status"], payload["request_id"]) == ("OK", accepted["request_id"])
    assert payload["payload"] == fal.http.get(accepted["response_url"]).json()


def test_a_changed_body_does_not_fit_the_signature(fal: Calls, receiver: Receiver) -> None:
    fal.submit(query=f"?fal_webhook={receiver.url}")
    headers, body = receiver.received.get(timeout=10)
    with pytest.raises(InvalidSignature):
        verify(fal, headers, body + b" ")


def test_a_failed_request_is_reported_as_an_error(fal: Calls, receiver: Receiver) -> None:
    fal.submit(query=f"?fal_webhook={receiver.url}", prompt="[fault:refuse_prompt]")
    payload = json.loads(receiver.received.get(timeout=10)[1])
    assert (payload["status"], payload["error"]) == ("ERROR", "Invalid status code: 422")
    assert payload["payload"]["detail"][0]["type"] == "content_policy_violation"


def test_a_webhook_is_tried_again_until_it_is_taken(fal: Calls, receiver: Receiver) -> None:
    receiver.answers = [500]
    accepted = fal.submit(query=f"?fal_webhook={receiver.url}").json()
    bodies = [receiver.received.get(timeout=10)[1] for _ in range(2)]
    assert {json.loads(body)["request_id"] for body in bodies} == {accepted["request_id"]}


def test_a_redirect_is_final(fal: Calls, receiver: Receiver) -> None:
    receiver.answers = [302]
    first = fal.submit(query=f"?fal_webhook={receiver.url}").json()["request_id"]
    receiver.received.get(timeout=10)
    fal.submit(query=f"?fal_webhook={receiver.url}")
    receiver.received.get(timeout=10)
    (row,) = [r for r in fal.simulator.requests() if r["request_id"] == first]
    assert row["webhook_attempts"] == 1
