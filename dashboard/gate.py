"""The gate in front of everything: pages, their websocket, media, files and API.

Pure ASGI, because Starlette's `BaseHTTPMiddleware` does not see websockets. Behind it every request
carries the session it belongs to: for our routes in the scope, for Streamlit as the header that
`[server.trustedUserHeaders]` in `.streamlit/config.toml` reads when a websocket connects. The
header holds the id of the session's row, never the cookie.
"""

from __future__ import annotations

from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.front_pages import page
from dashboard.metrics import METRICS_PATH
from dashboard.same_origin import is_forged
from dashboard.services import live_sessions, services
from dashboard.session_cookie import SCOPE_KEY, token_in
from dashboard.share_pages import SHARE_FOLDER
from jobs.hooks import HOOK_PATH
from storage.errors import RecordError
from storage.models import Session

log = structlog.get_logger(__name__)

SESSION_HEADER = b"x-studio-session"
_OUR_HEADERS = b"x-studio-"

_OPEN_PATHS = frozenset(
    {"/_stcore/health", "/health", METRICS_PATH, HOOK_PATH, "/favicon.ico", "/favicon.png"}
)
_OPEN_FOLDERS = ("/static/", "/app/static/fonts/", "/app/static/brand/")
_SIGN_IN_FOLDER = "/session/"

_LATER = "This does not work right now"
_AGAIN_S = 5
_TRY_AGAIN_LATER = 1013
_POLICY_VIOLATION = 1008


class Gate:
    """Lets in who is signed in, and everybody to the sign-in page, its fonts and guests' links."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its session, or turn it away."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if is_forged(scope, Headers(scope=scope), services().settings.public_url):
            await _refuse(scope, receive, send, 403, "This request came from another site.")
            return
        try:
            session = await _session_of(scope)
        except RecordError as exc:
            log.warning("sign-in not checked", error=type(exc).__name__)
            await _say_later(scope, receive, send, f"{exc.happened} {exc.todo}")
            return
        if session is None and not (_is_for_strangers(scope["path"]) or _is_for_guests(scope)):
            await _turn_away(scope, receive, send)
            return
        await self.app(_with_session(scope, session), receive, send)


async def _session_of(scope: Scope) -> Session | None:
    token = None if _is_for_anyone(scope["path"]) else token_in(scope)
    return await run_in_threadpool(live_sessions().by_token, token) if token else None


def _is_for_anyone(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS)


def _is_for_strangers(path: str) -> bool:
    return _is_for_anyone(path) or path.startswith(_SIGN_IN_FOLDER)


def _is_for_guests(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["type"] == "http" and path.startswith(SHARE_FOLDER)


def _with_session(scope: Scope, session: Session | None) -> Scope:
    headers = [pair for pair in scope["headers"] if not pair[0].lower().startswith(_OUR_HEADERS)]
    if session is not None:
        headers.append((SESSION_HEADER, str(session.id).encode()))
    return {**scope, "headers": headers, SCOPE_KEY: session}


def _wants_page(scope: Scope) -> bool:
    asks = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
    return asks and "text/html" in Headers(scope=scope).get("accept", "")


async def _say_later(scope: Scope, receive: Receive, send: Send, words: str) -> None:
    """A page says so in full, and the browser asks for the same address again by itself."""
    if not _wants_page(scope):
        await _refuse(scope, receive, send, 503, words)
        return
    answer = page("trouble.html", status=503, heading=_LATER, problem=words)
    answer.headers["refresh"] = str(_AGAIN_S)
    await answer(scope, receive, send)


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if _wants_page(scope):
        await RedirectResponse(_sign_in_address(scope), 303)(scope, receive, send)
        return
    await _refuse(scope, receive, send, 401, "Sign in first.")


def _sign_in_address(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    asked = quote(scope["path"]) + (f"?{query}" if query else "")
    return "/session/login" if asked == "/" else f"/session/login?next={quote(asked, safe='')}"


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, words: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        code = _TRY_AGAIN_LATER if status == 503 else _POLICY_VIOLATION
        await send({"type": "websocket.close", "code": code})
        return
    response: Response = PlainTextResponse(words, status, headers={"cache-control": "no-store"})
    await response(scope, receive, send)
