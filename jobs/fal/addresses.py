"""Where fal is, and which addresses the key may be sent to.

Setting a simulator's address redirects the stock client by four module constants of
`fal_client.client`. Its environment variables redirect only the queue, over TLS, and would send
uploads to the real fal. fal's own tests set the constants in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

import fal_client.client as stock
import httpx

from jobs.errors import FalError
from storage.errors import SettingsError

API_URL = "https://api.fal.ai"
_REAL = {
    name: getattr(stock, name)
    for name in ("QUEUE_URL_FORMAT", "RUN_URL_FORMAT", "REST_URL", "CDN_URL")
}
_KEY_HOSTS = frozenset(
    {"queue.fal.run", "queue.falrun.com", "fal.run", "falrun.com", "rest.fal.ai", "api.fal.ai"}
)
_UPLOAD_HOSTS = frozenset({"v3.fal.media", "rest.fal.ai"})
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_-]*")
"""A name without dots and not a number: resolvable only inside a private network."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of one fal: the real one, or a simulator."""

    base_url: str | None
    """A simulator's address without a slash at the end; None for the real fal."""

    @property
    def api_url(self) -> str:
        """Base of the Platform API (fal docs, Platform APIs)."""
        return self.base_url or API_URL

    def point_stock_client(self) -> None:
        """Make the stock client's calls from now on go here. Safe to repeat.

        The constants belong to the process, so this is called before every use of them, and
        `check` stops a request that would still go to another fal.
        """
        base = self.base_url
        stock.QUEUE_URL_FORMAT = f"{base}/" if base else _REAL["QUEUE_URL_FORMAT"]
        stock.RUN_URL_FORMAT = f"{base}/" if base else _REAL["RUN_URL_FORMAT"]
        stock.REST_URL = base or _REAL["REST_URL"]
        stock.CDN_URL = base or _REAL["CDN_URL"]

    def may_have_key(self, url: httpx.URL) -> bool:
        """Whether the account's key may be sent to `url`."""
        return self._is_here(url, _KEY_HOSTS)

    def is_ours(self, url: str) -> bool:
        """As `may_have_key`, for text that may be no address at all."""
        try:
            return self.may_have_key(httpx.URL(url))
        except httpx.InvalidURL:
            return False

    def may_have_upload(self, url: httpx.URL) -> bool:
        """Whether a file (with its own short-lived token, not the key) may be sent to `url`."""
        return self._is_here(url, _UPLOAD_HOSTS)

    def _is_here(self, url: httpx.URL, hosts: frozenset[str]) -> bool:
        if self.base_url is None:
            return url.scheme == "https" and url.host in hosts and url.port is None
        base = httpx.URL(self.base_url)
        return (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)


def addresses(base_url: str | None) -> Addresses:
    """The real fal for None, else the simulator at `base_url`.

    Raises:
        SettingsError: `base_url` is no plain address of this machine or a private network.
    """
    return Addresses(None if base_url is None else _checked(base_url))


def foreign_address(url: httpx.URL) -> FalError:
    """The error for a request that would carry the key to a stranger."""
    return FalError(
        f"The studio does not send its fal key to {url.host!r}.",
        todo="Tell an administrator: the address of this request is not fal's.",
    )


def _checked(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as exc:
        raise _bad_base("it is not an address") from exc
    if url.scheme not in ("http", "https") or not url.host:
        raise _bad_base("it must begin with http:// or https:// and a host")
    if url.userinfo or url.query or url.fragment or url.path not in ("", "/"):
        raise _bad_base("it must be scheme, host and port only")
    if not _is_private(url.host):
        raise _bad_base("only this machine or a plain name without dots is allowed")
    return str(url).rstrip("/")


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return bool(_PLAIN_NAME.fullmatch(host))


def _bad_base(why: str) -> SettingsError:
    return SettingsError(
        f"FAL_BASE_URL can't be used: {why}.",
        todo="Leave FAL_BASE_URL empty for the real fal; it is only for a simulator nearby.",
    )
