"""The route that the gallery's grid asks for more cards.

Scrolling would otherwise run the whole page for every sixty videos, and the server would have to
remember how far each visit has scrolled. The record is asked as the person of the session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard import gallery_wire
from dashboard.gallery_wire import MOST_AGAIN, Wire
from dashboard.services import services
from dashboard.session_cookie import session_of
from jobs.gallery_filters import GalleryView, parse_view
from storage.errors import RecordNotFound, StudioError
from storage.models import Person

ADDRESS = "/app/static/gallery"
"""Below it: `cards`, the page behind `after`, and `again`, cards by `id`; both take a view."""

_PRIVATE: Mapping[str, str] = {"cache-control": "private, no-store"}


def routes() -> list[Route]:
    """The routes, for the application to mount."""
    return [
        Route(f"{ADDRESS}/cards", give_cards, methods=["GET"]),
        Route(f"{ADDRESS}/again", give_again, methods=["GET"]),
    ]


async def give_cards(request: Request) -> Response:
    """The page of a view behind a cursor."""
    cursor = request.query_params.get("after", "")
    return await _answer(
        request, lambda person, view: gallery_wire.behind(services(), person, view, cursor)
    )


async def give_again(request: Request) -> Response:
    """Cards as they are by now; those that left the view are missing."""
    try:
        ids = [UUID(text) for text in request.query_params.getlist("id")[:MOST_AGAIN]]
    except ValueError:
        return _plain(400, "These are no videos.")
    return await _answer(
        request,
        lambda person, view: {"entries": gallery_wire.again(services(), person, view, ids)},
    )


async def _answer(request: Request, read: Callable[[Person, GalleryView], Wire]) -> Response:
    session = session_of(request.scope)
    if session is None:
        return _plain(401, "Sign in first.")
    given = {name: request.query_params.getlist(name) for name in request.query_params}
    try:
        found = await run_in_threadpool(read, session.person, parse_view(given))
    except RecordNotFound as exc:
        return _plain(404, exc.happened)
    except StudioError as exc:
        return _plain(503, f"{exc.happened} {exc.todo}".strip())
    return JSONResponse(found, headers=_PRIVATE)


def _plain(status: int, words: str) -> Response:
    return JSONResponse({"problem": words}, status_code=status, headers=_PRIVATE)
