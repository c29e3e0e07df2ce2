"""What Cloudflare's API is asked for: purging addresses from its caches, and whether a token works.

Source: Cloudflare docs, API, "Purge Cached Content", "Verify Token" and "Rate limits".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from storage.errors import CdnError, CdnUnavailable, SettingsError

URLS_PER_CALL = 30
"""What one call may purge on every plan (Cloudflare docs, Purge by single-file)."""

TIMEOUT_S = 10.0
MAX_RETRY_AFTER_S = 3600.0

_ZONE = re.compile(r"[0-9a-f]{32}")
_ADVICE = (
    "Make a token that may Cache Purge in the zone of the public address, and put it into "
    "CLOUDFLARE_API_TOKEN, and that zone's id into CLOUDFLARE_ZONE_ID."
)


class _Message(BaseModel):
    code: int
    message: str


class _Result(BaseModel):
    id: str | None = None
    status: str | None = None


class _Answer(BaseModel):
    success: bool
    errors: list[_Message] = []
    result: _Result | None = None


class Cloudflare:
    """The zone `zone_id` as an API token may handle it. Threads may share it.

    Nothing is tried again here: what failed is written down and asked for anew (`jobs.cdn_upkeep`).

    Raises:
        SettingsError: the zone's id or the token can't be right.
    """

    def __init__(
        self, zone_id: str, token: SecretStr, api_url: str, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        if not _ZONE.fullmatch(zone_id):
            raise SettingsError(
                "CLOUDFLARE_ZONE_ID is no zone's id.",
                todo="It has 32 letters and digits and stands on the zone's overview page.",
            )
        self._zone_id = zone_id
        self._http = httpx.Client(
            base_url=api_url,
            headers={"authorization": f"Bearer {checked_token(token)}"},
            timeout=timeout_s,
            # Another place than the one in the settings does not get the token.
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"Cloudflare({self._zone_id!r})"

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def purge(self, urls: Sequence[str]) -> None:
        """Drop what the caches hold under these addresses, `URLS_PER_CALL` at most.

        An address that no cache holds is no error.

        Raises:
            CdnUnavailable: not now; the same call may work later.
            CdnError: Cloudflare refuses the token, the zone or an address.
        """
        self._ask("POST", f"zones/{self._zone_id}/purge_cache", {"files": [*urls]})

    def token_status(self, account_id: str | None) -> str:
        """What the token is: `active`, `disabled` or `expired`.

        A token belongs to a person or to an account; only for the latter is `account_id` needed.

        Raises:
            CdnUnavailable: not now; the same call may work later.
            CdnError: Cloudflare does not know the token.
        """
        try:
            answer = self._ask("GET", "user/tokens/verify")
        except CdnUnavailable:
            raise
        except CdnError:
            if account_id is None:
                raise
            answer = self._ask("GET", f"accounts/{account_id}/tokens/verify")
        return (answer.result and answer.result.status) or "unknown"

    def _ask(self, method: str, path: str, body: object | None = None) -> _Answer:
        try:
            reply = self._http.request(method, path, json=body)
        except httpx.HTTPError as exc:
            raise CdnUnavailable(
                f"Cloudflare's API can't be reached ({type(exc).__name__})."
            ) from exc
        return _read(reply)


def checked_token(token: SecretStr) -> str:
    """The token itself.

    Raises:
        SettingsError: it can't be sent; the HTTP library would quote it in its own error.
    """
    secret = token.get_secret_value()
    if not (secret.isascii() and secret.isprintable() and " " not in secret and secret):
        raise SettingsError(
            "The Cloudflare token is empty, or holds a space or a line break.",
            todo="Copy CLOUDFLARE_API_TOKEN again.",
        )
    return secret


def _read(reply: httpx.Response) -> _Answer:
    """The one place where Cloudflare's answers become ours."""
    if reply.status_code == 429 or reply.status_code >= 500:
        raise CdnUnavailable(
            f"Cloudflare's API asks to wait (status {reply.status_code}).",
            retry_after_s=_retry_after_s(reply),
        )
    try:
        answer = _Answer.model_validate_json(reply.content)
    except ValidationError as exc:
        raise CdnError(
            f"What answered does not speak like Cloudflare's API (status {reply.status_code}).",
            todo="Check CLOUDFLARE_API_URL.",
        ) from exc
    if not (reply.is_success and answer.success):
        said = "; ".join(f"{error.message} ({error.code})" for error in answer.errors)
        raise CdnError(
            f"Cloudflare refused: {said or f'status {reply.status_code}'}.", todo=_ADVICE
        )
    return answer


def _retry_after_s(reply: httpx.Response) -> float | None:
    """Seconds to wait, an hour at most; None when Cloudflare did not say."""
    said = reply.headers.get("retry-after", "")
    return min(float(said), MAX_RETRY_AFTER_S) if said.isascii() and said.isdigit() else None
