"""The unmodified `fal_client`, put on our wire.

Left alone, the stock client makes its own connections in three places, each with its own rules: for
calls, for upload tokens and for uploads. Here all three go through the guard. It keeps its httpx
client in `__dict__` (a cached property), which is where ours goes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Self

import fal_client.client as stock
import httpx
from fal_client.auth import AuthCredentials

from jobs.fal.addresses import Addresses
from jobs.fal.guard import Guard, OnePost
from jobs.fal.messages import Timeouts
from jobs.fal.network import network


class Sdk(stock.SyncClient):
    """The stock client whose every exchange goes through a guard."""

    def on(self, calls: httpx.BaseTransport, uploads: httpx.BaseTransport) -> Self:
        """Use these two wires; a redirect is never followed on either."""
        headers = {**self._auth.as_headers(), "User-Agent": stock.USER_AGENT}
        http = httpx.Client(transport=calls, headers=headers)
        self.__dict__["_client"] = http
        self.__dict__["_token_manager"] = UploadTokens(self._auth, http)
        self.__dict__["_uploads"] = uploads
        return self

    @property
    def http(self) -> httpx.Client:
        """The guarded client, with the key in its headers."""
        return self._client

    def _get_cdn_client(self) -> httpx.Client:
        token = self._token_manager.get_token()
        headers = {
            "Authorization": f"{token.token_type} {token.token}",
            "User-Agent": stock.USER_AGENT,
        }
        return httpx.Client(transport=self.__dict__["_uploads"], headers=headers)


class UploadTokens(stock.CDNTokenManager):
    """Fetches upload tokens through the guarded client."""

    def __init__(self, auth: AuthCredentials, http: httpx.Client) -> None:
        super().__init__(auth)
        self._http = http

    def _refresh_token(self) -> stock.CDNToken:
        data = self._http.post(self._url, headers=self._headers, json={}).json()
        return stock.CDNToken(
            token=data["token"],
            token_type=data["token_type"],
            base_upload_url=data["base_url"],
            expires_at=datetime.fromisoformat(data["expires_at"]),
        )


class Connection:
    """One process's stock client and the wires under it."""

    def __init__(
        self, key: str, fal: Addresses, timeouts: Timeouts, wire: httpx.BaseTransport | None
    ) -> None:
        self._key = key
        self._fal = fal
        self._timeouts = timeouts
        fal.point_stock_client()  # the upload tokens keep the address they are made with
        self._given = wire
        self._wire = wire or network(fal)
        self._post_wire: httpx.BaseTransport | None = None
        calls = self._guard(self._wire, fal.may_have_key, timeouts.answer_s)
        uploads = self._guard(self._wire, fal.may_have_upload, timeouts.upload_s)
        self._sdk = Sdk(key=key).on(calls, uploads)

    def sdk(self) -> Sdk:
        """The client for every call but the submit, pointed at its fal."""
        self._fal.point_stock_client()
        return self._sdk

    def sdk_for_one_post(self) -> tuple[Sdk, OnePost]:
        """A client that can send one request, and what will know the answer to it."""
        self._fal.point_stock_client()
        if self._post_wire is None:
            # Its own pool, in which no connection waits: one left from a call may die meanwhile.
            self._post_wire = self._given or network(self._fal)
        guard = self._guard(self._post_wire, self._fal.may_have_key, self._timeouts.submit_s)
        post = OnePost(guard)
        return Sdk(key=self._key).on(post, post), post

    def close(self) -> None:
        """Close every connection."""
        self._wire.close()
        if self._post_wire is not None:
            self._post_wire.close()

    def _guard(
        self,
        wire: httpx.BaseTransport,
        allowed: Callable[[httpx.URL], bool],
        timeout_s: float,
    ) -> Guard:
        return Guard(wire, allowed, connect_s=self._timeouts.connect_s, timeout_s=timeout_s)
