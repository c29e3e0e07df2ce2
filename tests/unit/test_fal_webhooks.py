from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import FalUnavailable, FalWebhookInvalid
from jobs.fal.webhooks import WebhookKeys, verify

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
BODY = b'{"request_id": "r-1", "gateway_request_id": "g-1", "status": "OK", "payload": {}}'


def signed(body: bytes, at: datetime = NOW, **replaced: str) -> httpx.Headers:
    values = {"request-id": "r-1", "user-id": "u-1", "timestamp": str(int(at.timestamp()))}
    text = "\n".join([*values.values(), hashlib.sha256(body).hexdigest()])
    values["signature"] = PRIVATE.sign(text.encode()).hex()
    values |= {name.replace("_", "-"): value for name, value in replaced.items()}
    return httpx.Headers({f"X-Fal-Webhook-{name}": value for name, value in values.items()})


def test_a_signed_webhook_names_its_request() -> None:
    message = verify(signed(BODY), BODY, [PUBLIC], NOW)
    assert (message.request_id, message.ok, message.error) == ("r-1", True, None)
    assert message.sent_at == NOW


def test_a_webhook_of_a_failure_tells_the_error() -> None:
    body = b'{"request_id": "r-1", "status": "ERROR", "error": "Invalid status code: 422"}'
    message = verify(signed(body), body, [PUBLIC], NOW)
    assert (message.ok, message.error) == (False, "Invalid status code: 422")


def test_any_of_the_keys_may_have_signed() -> None:
    assert verify(signed(BODY), BODY, [OTHER, PUBLIC], NOW).request_id == "r-1"


@pytest.mark.parametrize("keys", [[], [OTHER], [b"short"]])
def test_a_signature_that_no_key_fits_is_dropped(keys: list[bytes]) -> None:
    with pytest.raises(FalWebhookInvalid, match="signature"):
        verify(signed(BODY), BODY, keys, NOW)


@pytest.mark.parametrize("name", ["request-id", "user-id", "timestamp", "signature"])
def test_a_missing_header_is_dropped(name: str) -> None:
    headers = signed(BODY)
    del headers[f"x-fal-webhook-{name}"]
    with pytest.raises(FalWebhookInvalid, match="missing"):
        verify(headers, BODY, [PUBLIC], NOW)


@pytest.mark.parametrize("name", ["request_id", "user_id", "signature"])
def test_a_header_of_another_webhook_is_dropped(name: str) -> None:
    with pytest.raises(FalWebhookInvalid, match="signature"):
        verify(signed(BODY, NOW, **{name: "ab" * 64}), BODY, [PUBLIC], NOW)


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_a_webhook_out_of_its_time_is_dropped(seconds: int) -> None:
    with pytest.raises(FalWebhookInvalid, match="time"):
        verify(signed(BODY, NOW + timedelta(seconds=seconds)), BODY, [PUBLIC], NOW)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_webhook_within_five_minutes_is_taken(seconds: int) -> None:
    assert verify(signed(BODY, NOW + timedelta(seconds=seconds)), BODY, [PUBLIC], NOW).ok


@pytest.mark.parametrize("text", ["soon", "-1", "1e9", "1" * 13, "١٢", " 12"])
def test_a_time_that_is_no_number_is_dropped(text: str) -> None:
    headers = {**signed(BODY), "x-fal-webhook-timestamp": text}
    with pytest.raises(FalWebhookInvalid):
        verify(headers, BODY, [PUBLIC], NOW)


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=20))
def test_a_changed_body_is_always_dropped(start: bytes, added: bytes) -> None:
    with pytest.raises(FalWebhookInvalid, match="signature"):
        verify(signed(start), start + added, [PUBLIC], NOW)


@given(st.one_of(st.binary(max_size=100), st.from_regex(r'\{"status": ?.{0,20}\}').map(str.encode)))
def test_a_signed_body_that_names_no_request_is_dropped(body: bytes) -> None:
    with pytest.raises(FalWebhookInvalid, match="no request"):
        verify(signed(body), body, [PUBLIC], NOW)


def jwks(*keys: bytes) -> dict[str, object]:
    entries = [base64.urlsafe_b64encode(key).rstrip(b"=").decode() for key in keys]
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x} for x in entries] + [{"kty": "RSA"}]}


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def keys_from(*answers: httpx.Response) -> tuple[WebhookKeys, Clock, list[str]]:
    left, asked, clock = list(answers), [], Clock()

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return left.pop(0)

    return WebhookKeys(clock=clock, wire=httpx.MockTransport(handle)), clock, asked


def test_keys_are_fetched_once_a_day() -> None:
    keys, clock, asked = keys_from(
        httpx.Response(200, json=jwks(PUBLIC, OTHER)), httpx.Response(200, json=jwks(OTHER))
    )
    assert keys.current() == keys.current() == [PUBLIC, OTHER]
    assert asked == ["https://rest.fal.ai/.well-known/jwks.json"]
    clock.now_s = 24 * 3600
    assert keys.current() == [OTHER]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"keys": [{"x": "AAAA"}, {"x": "!"}, {"x": 7}, 7]}),
        httpx.Response(302, headers={"location": "https://evil.example/"}),
    ],
)
def test_keys_that_can_not_be_had_are_asked_for_again(answer: httpx.Response) -> None:
    keys, _, asked = keys_from(answer, httpx.Response(200, content=json.dumps(jwks(PUBLIC))))
    with pytest.raises(FalUnavailable):
        keys.current()
    assert keys.current() == [PUBLIC]
    assert len(asked) == 2
