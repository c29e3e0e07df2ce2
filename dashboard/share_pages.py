"""The pages that guests of a link see, and the headers on everything that they are answered.

No page says more than it must: a link that never was, one that has expired and one that was
revoked read the same, and a page that asks for a password names neither the video nor its title.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from starlette.responses import HTMLResponse, Response

from dashboard.front_pages import render, source_of
from dashboard.headers import hash_source, origins
from dashboard.services import services
from dashboard.video_facts import moment
from jobs.guests import MAX_COMMENT, MAX_NAME, Shown
from storage.models import RenditionKind, RenditionState
from storage.objects.opening import r2_endpoint
from storage.settings import Settings

SHARE_FOLDER = "/s/"
PLAYED = (RenditionKind.WEB, RenditionKind.P480, RenditionKind.P360)
"""What is played, the best first; the smaller ones only when the others are not there."""

_HEADERS = {
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
}


@dataclass(frozen=True)
class Answered:
    """What the form for a verdict shows besides its fields."""

    problem: str = ""
    name: str = ""
    comment: str = ""
    thanks: bool = False


def path_of(token: str) -> str:
    """Where a link leads on this site."""
    return f"{SHARE_FOLDER}{token}"


def with_headers(response: Response, policy: str = "default-src 'none'") -> Response:
    """The answer as every guest gets it: kept and indexed by nobody, and nothing told onward."""
    response.headers.update({**_HEADERS, "content-security-policy": policy})
    return response


def player_page(
    token: str, shown: Shown, answered: Answered | None = None, *, status: int = 200
) -> Response:
    """The video, what it is called, and until when it is to be seen here."""
    settings, video = services().settings, shown.video
    return _page(
        "share.html",
        status=status,
        ratio=video.width / video.height,
        path=path_of(token),
        title=video.title,
        width=video.width,
        height=video.height,
        played=_best(shown),
        has_poster=_is_ready(shown, RenditionKind.POSTER),
        until=moment(shown.share.expires_at, settings.zone),
        zone=settings.time_zone,
        allow_download=shown.share.allow_download,
        wants_verdict=shown.share.wants_verdict,
        answered=answered or Answered(),
        longest_name=MAX_NAME,
        longest_comment=MAX_COMMENT,
    )


def password_page(token: str, problem: str = "", *, status: int = 200) -> Response:
    """Asks for the password, and says nothing of what is behind it."""
    return _page("share_locked.html", status=status, path=path_of(token), problem=problem)


def dead_page(status: int) -> Response:
    """For a link that does not lead anywhere: 404 when it never did, 410 when it did once."""
    words = "It may have ended, or it was not copied as a whole. Ask whoever sent it to you."
    return _words(status, "This link no longer works", words)


def busy_page(wait_s: float) -> Response:
    """For whoever asks too often."""
    seconds = max(1, math.ceil(wait_s))
    response = _words(429, "One moment, please", f"Try again in {seconds} s.")
    response.headers["retry-after"] = str(seconds)
    return response


def trouble_page() -> Response:
    """For when the studio can't look the link up."""
    return _words(503, "This does not work right now", "Try again in a few minutes.")


def policy_of(settings: Settings, style: str, script: str) -> str:
    """The Content-Security-Policy (W3C CSP3) of a page: its own style and script, and files."""
    hosts = "".join(f" {host}" for host in _file_hosts(settings))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {hash_source(script)}",
            f"style-src {hash_source(style)}",
            f"img-src 'self'{hosts}",
            f"media-src 'self'{hosts}",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _page(template: str, *, status: int, ratio: float = 1.0, **values: object) -> Response:
    style, script = f"{_style()}:root {{ --ratio: {ratio:.5f}; }}\n", _script()
    html = render(template, style=style, script=script, **values)
    policy = policy_of(services().settings, style, script)
    return with_headers(HTMLResponse(html, status), policy)


def _words(status: int, heading: str, words: str) -> Response:
    return _page("share_words.html", status=status, heading=heading, words=words)


def _best(shown: Shown) -> str | None:
    return next((kind.value for kind in PLAYED if _is_ready(shown, kind)), None)


def _is_ready(shown: Shown, kind: RenditionKind) -> bool:
    found = shown.video.renditions.get(kind)
    return found is not None and found.state is RenditionState.READY


def _file_hosts(settings: Settings) -> list[str]:
    """Where guests are sent for files; with a public CDN nowhere, the studio passes them on."""
    if settings.cdn_public_url:
        return []
    return [*origins(settings.supabase_url), *origins(r2_endpoint(settings))]


@cache
def _style() -> str:
    return source_of("front.css") + source_of("share.css")


@cache
def _script() -> str:
    return source_of("share.js")
