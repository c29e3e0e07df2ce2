"""fal's signed webhooks (fal docs, Model APIs, Webhooks, "Verifying your webhook").

A webhook is a hint to look sooner. It carries the result, too, but the result is fetched as usual,
so that there is one way in which a bill and a video are read.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jobs.errors import FalUnavailable, FalWebhookInvalid
from jobs.fal.addresses import addresses
from jobs.fal.guard import json_object
from jobs.fal.messages import WebhookMessage
from jobs.fal.network import network

LEEWAY = timedelta(seconds=300)
KEYS_LIFETIME_S = 24 * 3600.0
KEYS_PATH = "/.well-known/jwks.json"
_KEYS_URL = "https://rest.fal.ai"
_FETCH_TIMEOUT_S = 10.0
_HEADERS = ("request-id", "user-id", "timestamp", "signature")


def verify(
    headers: Mapping[str, str], raw_body: bytes, keys: Sequence[bytes], now: datetime
) -> WebhookMessage:
    """What fal says, once its signature is checked.

    `headers` are looked up in lower case (Starlette's and httpx's take any case); `raw_body` is the
    body before any parsing; `keys` are raw ED25519 public keys of 32 bytes, of which any may have
    signed; `now` is aware.

    Raises:
        FalWebhookInvalid: a header is missing or odd, the time is more than 300 s off, no key
            fits, or the signed body is not a webhook.
    """
    values = [headers.get(f"x-fal-webhook-{name}", "") for name in _HEADERS]
    if not all(values):
        raise _invalid("a header is missing")
    *signed, signature = values
    sent_at = _checked_time(signed[-1], now)
    text = "\n".join([*signed, hashlib.sha256(raw_body).hexdigest()])
    if not any(_fits(key, signature, text.encode()) for key in keys):
        raise _invalid("no key of fal's fits its signature")
    return _message(raw_body, sent_at)


class WebhookKeys:
    """fal's public keys, fetched when first asked for and again after a day.

    `base_url` is a simulator's address, None for the real fal. `clock` gives seconds from any
    start; `wire` takes the place of the network; both are for tests.

    Raises:
        SettingsError: `base_url` is not an address nearby.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        self._fal = addresses(base_url)
        self._clock = clock
        self._wire = wire
        self._fetched: tuple[float, list[bytes]] | None = None

    def current(self) -> list[bytes]:
        """The raw public keys, never older than a day.

        Raises:
            FalUnavailable: they can't be fetched now; polling finds what the webhook would tell.
        """
        now = self._clock()
        if self._fetched is None or now - self._fetched[0] >= KEYS_LIFETIME_S:
            self._fetched = (now, self._fetch())
        return self._fetched[1]

    def _fetch(self) -> list[bytes]:
        wire = self._wire or network(self._fal)
        try:
            with httpx.Client(transport=wire, timeout=_FETCH_TIMEOUT_S) as http:
                answer = http.get((self._fal.base_url or _KEYS_URL) + KEYS_PATH)
        except httpx.HTTPError as exc:
            raise _no_keys(f"{type(exc).__name__}: {exc}") from exc
        keys = _public_keys(answer.content) if answer.is_success else []
        if not keys:
            raise _no_keys(f"HTTP {answer.status_code}")
        return keys


def _public_keys(body: bytes) -> list[bytes]:
    """The ED25519 keys of a JSON Web Key Set (RFC 8037: `x` in base64url); others are left out."""
    listed = json_object(body).get("keys")
    found = []
    for entry in listed if isinstance(listed, list) else []:
        x = entry.get("x") if isinstance(entry, dict) else None
        key = _base64url(x) if isinstance(x, str) else b""
        if len(key) == 32:
            found.append(key)
    return found


def _base64url(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _fits(key: bytes, signature_hex: str, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature_hex), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _checked_time(text: str, now: datetime) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise _invalid("its time is no number")
    sent_at = datetime.fromtimestamp(int(text), UTC)
    if abs(now - sent_at) > LEEWAY:
        raise _invalid("its time is too far from ours")
    return sent_at


def _message(raw_body: bytes, sent_at: datetime) -> WebhookMessage:
    said = json_object(raw_body)
    request_id, status, error = said.get("request_id"), said.get("status"), said.get("error")
    if not isinstance(request_id, str) or not request_id or status not in ("OK", "ERROR"):
        raise _invalid("it names no request")
    return WebhookMessage(
        request_id=request_id,
        ok=status == "OK",
        error=error if isinstance(error, str) else None,
        sent_at=sent_at,
    )


def _invalid(why: str) -> FalWebhookInvalid:
    return FalWebhookInvalid(f"A call to the webhook was dropped: {why}.")


def _no_keys(detail: str) -> FalUnavailable:
    return FalUnavailable("fal's webhook keys can't be fetched at the moment.", detail=detail)
