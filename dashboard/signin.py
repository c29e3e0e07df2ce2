"""The routes under `/session/`: sign in, use a one-time link, change the password, sign out.

Everything that touches the cookie happens here, on plain HTTP; a Streamlit script can't set one.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard import local_accounts, sign_in_sessions
from dashboard.doors import Entry, try_doors
from dashboard.form_fields import form_fields
from dashboard.front_pages import page
from dashboard.passwords import SHORTEST
from dashboard.rate_limit import SlidingWindow
from dashboard.services import services
from dashboard.session_cookie import drop_token, session_of, set_token
from storage.models import Session

P = ParamSpec("P")
T = TypeVar("T")

WINDOW_S = 15 * 60
TRIES_PER_EMAIL = 10
TRIES_PER_ADDRESS = 60
"""Wrong ones only, because many colleagues come from one office's address."""
LONGEST_EMAIL = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets with its angle brackets."""

# Few threads, so that a storm of sign-ins can't take the cores from everybody else.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sign-in")


class SignIn:
    """The routes and the counts of tries behind them."""

    def __init__(self) -> None:
        self._per_email = SlidingWindow(TRIES_PER_EMAIL, WINDOW_S)
        self._per_address = SlidingWindow(TRIES_PER_ADDRESS, WINDOW_S)

    def routes(self) -> list[Route]:
        """The routes, for the application to mount."""
        return [
            Route("/session/login", show_sign_in, methods=["GET"]),
            Route("/session/login", self.sign_in, methods=["POST"]),
            Route("/session/link/{token}", show_link, methods=["GET"]),
            Route("/session/link/{token}", use_link, methods=["POST"]),
            Route("/session/password", show_password, methods=["GET"]),
            Route("/session/password", self.change_password, methods=["POST"]),
            Route("/session/end-others", end_others, methods=["POST"]),
            Route("/session/logout", sign_out, methods=["POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Let in who knows an address and its password."""
        fields = await form_fields(request)
        email, onward = _email_in(fields), safe_next(fields.get("next", "/"))
        shown = partial(page, "sign_in.html", next=onward, email=email)
        wait_s = max(self._per_email.take(email), self._per_address.take(_address(request)))
        if wait_s:
            return _too_many(shown, wait_s)
        entry = await _in_thread(try_doors, services(), email, fields.get("password", ""))
        if entry is None:
            problem = "This e-mail address and password don't belong together."
            return shown(status=401, problem=problem)
        self._per_email.clear(email)
        self._per_address.give_back(_address(request))
        return await _let_in(request, entry, onward)

    async def change_password(self, request: Request) -> Response:
        """Replace the password and end every other session."""
        session = session_of(request.scope)
        if session is None:
            return RedirectResponse("/session/login", 303)
        fields = await form_fields(request)
        shown = await _password_page(session)
        wait_s = self._per_email.take(session.person.email)
        if wait_s:
            return _too_many(shown, wait_s)
        problem = await _in_thread(_replace_password, session, fields)
        if problem is not None:
            return shown(status=422, problem=problem)
        self._per_email.clear(session.person.email)
        return await _start_afresh(request, session, "/account?done=password")


async def show_sign_in(request: Request) -> Response:
    """The form, or straight on for somebody who is signed in."""
    onward = safe_next(request.query_params.get("next", "/"))
    if session_of(request.scope) is not None:
        return RedirectResponse(onward, 303)
    return page("sign_in.html", next=onward, email="")


async def show_link(request: Request) -> Response:
    """A button that uses the link; opening the address alone does not use it up."""
    token = request.path_params["token"]
    person = await _in_thread(sign_in_sessions.look_at_link, services(), token)
    if person is None:
        return page("dead_link.html", status=410)
    return page("link.html", name=person.name, email=person.email)


async def use_link(request: Request) -> Response:
    """Let in the person of a one-time link."""
    token = request.path_params["token"]
    entry = await _in_thread(sign_in_sessions.use_link, services(), token)
    if entry is None:
        return page("dead_link.html", status=410)
    return await _let_in(request, entry, "/")


async def show_password(request: Request) -> Response:
    """The form that changes the password."""
    session = session_of(request.scope)
    if session is None:
        return RedirectResponse("/session/login?next=/session/password", 303)
    return (await _password_page(session))()


async def end_others(request: Request) -> Response:
    """End the person's sessions everywhere but in this browser."""
    session = session_of(request.scope)
    if session is None:
        return RedirectResponse("/session/login", 303)
    return await _start_afresh(request, session, "/account?done=others")


async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    session = session_of(request.scope)
    if session is not None:
        await _in_thread(sign_in_sessions.end, services(), session)
    response = RedirectResponse("/session/login", 303)
    drop_token(response, services().settings)
    return response


def safe_next(wanted: str) -> str:
    """`wanted` when it is a page of this site, else `/` (OWASP, Unvalidated Redirects)."""
    is_path = wanted.startswith("/") and not wanted.startswith(("//", "/session/"))
    is_plain = "\\" not in wanted and wanted.isprintable()
    return wanted if is_path and is_plain else "/"


async def _in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    work = partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


async def _let_in(request: Request, entry: Entry, onward: str) -> Response:
    token = await _in_thread(
        sign_in_sessions.begin,
        services(),
        entry,
        user_agent=request.headers.get("user-agent", ""),
        before=session_of(request.scope),
    )
    return _onward(token, onward)


async def _start_afresh(request: Request, session: Session, onward: str) -> Response:
    agent = request.headers.get("user-agent", "")
    token = await _in_thread(sign_in_sessions.end_others, services(), session, user_agent=agent)
    return _onward(token, onward)


def _onward(token: str, address: str) -> Response:
    response = RedirectResponse(address, 303)
    set_token(response, token, services().settings)
    return response


async def _password_page(session: Session) -> partial[HTMLResponse]:
    known = await _in_thread(local_accounts.has_password, services(), session.person)
    return partial(
        page,
        "password.html",
        email=session.person.email,
        has_password=known,
        shortest=SHORTEST,
    )


def _replace_password(session: Session, fields: dict[str, str]) -> str | None:
    new = fields.get("new", "")
    if new != fields.get("repeated", ""):
        return "The two new passwords are different. Type the same one twice."
    current = fields.get("current", "")
    return local_accounts.change_password(services(), session.person, current, new)


def _too_many(shown: partial[HTMLResponse], wait_s: float) -> Response:
    minutes = math.ceil(wait_s / 60)
    waiting = "a minute" if minutes == 1 else f"{minutes} minutes"
    response = shown(status=429, problem=f"Too many tries. Wait {waiting}, then try again.")
    response.headers["retry-after"] = str(math.ceil(wait_s))
    return response


def _email_in(fields: dict[str, str]) -> str:
    email = fields.get("email", "").strip().lower()
    return email if len(email) <= LONGEST_EMAIL and email.isprintable() else ""


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
