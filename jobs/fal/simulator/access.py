"""Who may call: any key will do, but there has to be one (fal docs, Authentication)."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jobs.fal.simulator.failures import NO_KEY, UNKNOWN_KEY

_TOKEN_PREFIX = "simulator-upload-"  # noqa: S105 - no secret: it lets nobody in anywhere
TOKEN_LIFETIME_S = 3600


def refused_key(request: Request) -> Response | None:
    """The 401 for a call without `Authorization: Key …`; None when it has one."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme == "Key" and key.strip():
        return None
    return JSONResponse(UNKNOWN_KEY if scheme else NO_KEY, 401)


def upload_token(now: float) -> str:
    """A token for uploads that says itself when it ends, so it outlives a restart."""
    return f"{_TOKEN_PREFIX}{int(now) + TOKEN_LIFETIME_S}"


def refused_token(request: Request) -> Response | None:
    """The 401 for an upload without a token that is still good; None when it has one."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    ends_at = given.removeprefix(_TOKEN_PREFIX)
    if given != ends_at and ends_at.isdecimal() and int(ends_at) > time.time():
        return None
    return JSONResponse({"detail": "Invalid or expired token"}, 401)
