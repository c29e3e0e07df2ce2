"""Refuses what another site makes a browser do here (cross-site request forgery).

The rule is that of Go's `net/http.CrossOriginProtection`: trust `Sec-Fetch-Site` when the browser
sends it, else compare `Origin` with `Host`; a request with neither is not from a browser. The same
comparison guards the websocket, where cookies of another port of the same machine would count.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_HARMLESS = {"GET", "HEAD", "OPTIONS"}


def is_forged(scope: Scope, headers: Headers, public_url: str | None) -> bool:
    """Whether this request wants to change something on behalf of another site.

    `public_url` is the address people use, when a proxy in front changes `Host`; None without one.
    """
    if scope["type"] == "http":
        if scope["method"] in _HARMLESS:
            return False
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and not _is_ours(origin, headers, public_url)


def _is_ours(origin: str, headers: Headers, public_url: str | None) -> bool:
    try:
        asked = urlsplit(origin).netloc
    except ValueError:
        return False
    ours = {headers.get("host", "")}
    if public_url:
        ours.add(urlsplit(public_url).netloc)
    return asked != "" and asked in ours
