"""The cookie that carries a session, and the session that a request carries.

The cookie's value is a random token of 256 bits; the record keeps its SHA-256 only.
"""

from __future__ import annotations

import re
import secrets

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from storage.models import Session
from storage.settings import Settings

COOKIE = "studio_session"
SCOPE_KEY = "studio.session"
"""Where the gate leaves the session of a request for the routes behind it."""

_TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """A value for a new cookie, or for a link."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def is_token(value: str) -> bool:
    """Whether the value has the shape of `new_token`; nothing else is worth looking up."""
    return _TOKEN.fullmatch(value) is not None


def token_in(scope: Scope) -> str | None:
    """The token in a request's cookie; None without one that has its shape."""
    value = HTTPConnection(scope).cookies.get(COOKIE, "")
    return value if is_token(value) else None


def set_token(response: Response, token: str, settings: Settings) -> None:
    """Give the browser the cookie, for as long as the session lasts."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(settings),
    )


def drop_token(response: Response, settings: Settings) -> None:
    """Make the browser forget the cookie."""
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="lax", secure=is_https(settings)
    )


def is_https(settings: Settings) -> bool:
    """Whether people reach the studio through TLS."""
    return (settings.public_url or "").startswith("https://")


def session_of(scope: Scope) -> Session | None:
    """The session that the gate found for this request; None for a stranger."""
    session: Session | None = scope.get(SCOPE_KEY)
    return session
