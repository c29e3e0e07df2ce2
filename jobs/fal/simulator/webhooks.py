"""Signed webhooks (fal docs, Model APIs, Webhooks: ED25519 over id, user, time and body hash)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jobs.fal.simulator.desk import Desk
from jobs.fal.simulator.queue_api import finished
from jobs.fal.simulator.state import BookedRequest

USER_ID = "simulator"
MAX_ATTEMPTS = 6
"""Fewer than fal's own 10 or 31, so that a demonstration comes to an end."""
_FIRST_DELAY_S = 1.0
_TIMEOUT_S = 15.0
_AT_ONCE = 20


class Webhooks:
    """Delivers what has completed, and tries again a bounded number of times.

    Unlike fal's, its webhooks may go to a private or loopback address.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._key = _private_key(desk.folder / "webhook.key")
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)
        self._under_way: dict[int, asyncio.Task[None]] = {}

    def public_key(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 8037)."""
        raw = self._key.public_key().public_bytes_raw()
        x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "x": x}

    def send_due(self, now: float) -> None:
        """Begin to deliver whatever is due, as many at once as is sensible."""
        for request in self._desk.state.due_webhooks(now):
            if len(self._under_way) < _AT_ONCE and request.seq not in self._under_way:
                task = asyncio.create_task(self._deliver(request))
                self._under_way[request.seq] = task
                task.add_done_callback(partial(self._forget, request.seq))

    async def close(self) -> None:
        """Give up what is under way; it is tried again after a restart."""
        for task in list(self._under_way.values()):
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self._client.aclose()

    def _forget(self, seq: int, _: asyncio.Task[None]) -> None:
        del self._under_way[seq]

    async def _deliver(self, request: BookedRequest) -> None:
        body = json.dumps(await self._payload(request)).encode()
        headers = self._signed(request.request_id, body)
        try:
            answer = await self._client.post(
                request.webhook_url or "", content=body, headers=headers
            )
            delivered, final = answer.is_success, answer.is_success or answer.is_redirect
        except (httpx.HTTPError, httpx.InvalidURL):
            delivered = final = False
        attempts = request.webhook_attempts + 1
        again_in_s = _FIRST_DELAY_S * 2 ** (attempts - 1)
        done = final or attempts >= MAX_ATTEMPTS
        due_at = None if done else time.time() + again_in_s
        self._desk.state.note_webhook(request.seq, due_at, delivered)

    async def _payload(self, request: BookedRequest) -> dict[str, Any]:
        status_code, _, body = await finished(self._desk, request, request.base_url)
        payload = {
            "request_id": request.request_id,
            "gateway_request_id": request.request_id,
            "status": "OK" if status_code < 400 else "ERROR",
            "payload": body,
        }
        if status_code < 400:
            return payload
        return payload | {"error": f"Invalid status code: {status_code}"}

    def _signed(self, request_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        parts = [request_id, USER_ID, timestamp, hashlib.sha256(body).hexdigest()]
        return {
            "Content-Type": "application/json",
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": timestamp,
            "X-Fal-Webhook-Signature": self._key.sign("\n".join(parts).encode()).hex(),
        }


def _private_key(file: Path) -> Ed25519PrivateKey:
    """The key kept in `file`, made at the first start."""
    if not file.exists():
        file.write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
        file.chmod(0o600)
    return Ed25519PrivateKey.from_private_bytes(file.read_bytes())
