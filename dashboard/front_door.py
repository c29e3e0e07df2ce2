"""The routes, middleware and error pages of the dashboard, in one list each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard import gallery_route, health, media, metrics
from dashboard.fal_hook import FalHook
from dashboard.front_pages import page
from dashboard.gate import Gate
from dashboard.headers import SecurityHeaders
from dashboard.http_meter import HttpMeter
from dashboard.roles import landing_for
from dashboard.session_cookie import session_of
from dashboard.share_routes import GuestDoor
from dashboard.signin import SignIn
from storage.errors import StudioError

log = structlog.get_logger(__name__)

_ICON = Path(__file__).with_name("static") / "brand" / "icon.svg"

ErrorHandler = Callable[[Request, StudioError], Response]


def routes() -> list[BaseRoute]:
    """Everything that is served beside Streamlit itself."""
    icons = [Route(f"/favicon.{kind}", show_icon) for kind in ("ico", "png")]
    start = Route("/", go_to_landing)
    machines = [*health.routes(), *metrics.routes(), *FalHook().routes()]
    files = [*media.routes(), *gallery_route.routes()]
    return [start, *SignIn().routes(), *GuestDoor().routes(), *files, *machines, *icons]


def middleware() -> list[Middleware]:
    """From the outside in: all is measured, and the headers also go on what the gate answers."""
    return [Middleware(HttpMeter), Middleware(SecurityHeaders), Middleware(Gate)]


def error_handlers() -> Mapping[type[StudioError], ErrorHandler]:
    """What our own routes answer when the studio can't do something."""
    return {StudioError: show_trouble}


def go_to_landing(request: Request) -> Response:
    """From the bare address to where this person's work begins.

    The frame would do it too, but only after loading, and then the browser's Back would lead here.
    """
    session = session_of(request.scope)
    if session is None:
        return RedirectResponse("/session/login", 303)
    return RedirectResponse(f"/{landing_for(session.person.role).name}", 303)


def show_icon(_request: Request) -> Response:
    """The icon at the addresses that browsers ask for by themselves."""
    return FileResponse(_ICON, headers={"cache-control": "public, max-age=86400"})


def show_trouble(_request: Request, exc: StudioError) -> Response:
    """A page that says what happened and what to do."""
    log.warning("route failed", error=type(exc).__name__, happened=exc.happened)
    heading = "This does not work right now"
    return page(
        "trouble.html", status=503, heading=heading, problem=f"{exc.happened} {exc.todo}".strip()
    )
