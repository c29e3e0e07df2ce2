"""Security headers on every answer (OWASP HTTP Headers Cheat Sheet)."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.services import services
from dashboard.session_cookie import is_https
from storage.objects.opening import r2_endpoint
from storage.settings import Settings

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

_FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}


class SecurityHeaders:
    """Adds the headers that tell a browser what these pages never do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(services().settings).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers for a studio with these settings."""
    headers = {**_FIXED, "content-security-policy": content_policy(*_file_hosts(settings))}
    if is_https(settings):
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


@lru_cache(maxsize=4)
def content_policy(*file_hosts: str | None) -> str:
    """The Content-Security-Policy (W3C CSP3) that Streamlit's pages and ours fit into.

    Inline scripts are refused but for the one in Streamlit's own page; `blob:` runs the code of
    inline components. Images and videos may also come from `file_hosts`, addresses whose hosts the
    store's own addresses lead to; nothing else may.
    """
    files = "".join(f" {origin}" for url in file_hosts for origin in origins(url))
    scripts = " ".join(_script_hashes())
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {scripts}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{files}",
            f"media-src 'self' blob:{files}",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _file_hosts(settings: Settings) -> list[str | None]:
    """Where the store has files to show: the origin, and the CDN in front of it."""
    return [settings.supabase_url, settings.cdn_public_url or r2_endpoint(settings)]


def origins(url: str | None) -> list[str]:
    """The origin of an address, as a policy names it; nothing for none."""
    parts = urlsplit(url or "")
    return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []


def _script_hashes() -> list[str]:
    page = Path(streamlit.__file__).with_name("static") / "index.html"
    scripts = _INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))
    return [hash_source(script) for script in scripts]


def hash_source(inline: str) -> str:
    """What allows exactly this inline script or style (W3C CSP3, 2.3.1, `hash-source`)."""
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    return f"'sha256-{digest}'"
