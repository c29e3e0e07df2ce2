"""What a guest's browser keeps of a link: that the password was right, and that it has watched.

Both cookies go back to this one link only (`Path`, RFC 6265, 5.1.4). The first is signed with the
hash of the link's password, which never leaves the server: it needs no row, ends by itself, and is
worth nothing for another link.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from dashboard.session_cookie import is_https
from jobs.guests import GuestShare
from storage.settings import Settings

UNLOCKED_COOKIE = "studio_share"
VIEWED_COOKIE = "studio_share_viewed"
UNLOCKED_S = 3600


def is_unlocked(request: Request, share: GuestShare) -> bool:
    """Whether there is no password, or this browser gave it within the last hour."""
    if share.password_hash is None:
        return True
    until, _, proof = request.cookies.get(UNLOCKED_COOKIE, "").partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 12 and proof.isascii()):
        return False
    fits = hmac.compare_digest(proof, _proof(share.password_hash, share, until))
    return fits and int(until) > time.time()


def unlock(response: Response, path: str, share: GuestShare, settings: Settings) -> None:
    """Let this browser in for an hour; `path` is that of the link."""
    until = str(int(time.time()) + UNLOCKED_S)
    value = f"{until}.{_proof(share.password_hash or '', share, until)}"
    _set(response, UNLOCKED_COOKIE, value, path, settings, max_age_s=UNLOCKED_S)


def has_viewed(request: Request) -> bool:
    """Whether this browser session has been counted already."""
    return request.cookies.get(VIEWED_COOKIE) == "1"


def note_viewed(response: Response, path: str, settings: Settings) -> None:
    """Count this browser session no more; the cookie ends with it."""
    _set(response, VIEWED_COOKIE, "1", path, settings, max_age_s=None)


def _proof(password_hash: str, share: GuestShare, until: str) -> str:
    return hmac.new(password_hash.encode(), f"{share.id}:{until}".encode(), sha256).hexdigest()


def _set(
    response: Response,
    name: str,
    value: str,
    path: str,
    settings: Settings,
    *,
    max_age_s: int | None,
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path=path,
        httponly=True,
        samesite="lax",
        secure=is_https(settings),
    )
