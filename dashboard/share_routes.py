"""The routes under `/s/`, where guests see what a link shows, without an account.

Every one begins with the link itself, looked up anew: revoking it or moving its video to the trash
ends the page, its files and its forms at once. There is no way from here to anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard import passwords
from dashboard.form_fields import form_fields
from dashboard.growing_waits import GrowingWaits
from dashboard.media import begins_download
from dashboard.rate_limit import SlidingWindow
from dashboard.services import services
from dashboard.session_cookie import is_token, session_of
from dashboard.share_files import file_answer
from dashboard.share_pages import (
    SHARE_FOLDER,
    Answered,
    busy_page,
    dead_page,
    password_page,
    path_of,
    player_page,
    trouble_page,
    with_headers,
)
from dashboard.share_unlock import has_viewed, is_unlocked, note_viewed, unlock
from jobs import guests
from jobs.errors import IllegalTransition, InvalidRequest, ShareEnded
from jobs.guests import Shown
from storage.errors import RecordNotFound, StudioError

ASKS_PER_MINUTE = 300
"""From one network address; a player asks for a file in parts, and an office has one address."""
VERDICTS_PER_HOUR = 20
"""For one link from one network address."""
FREE_TRIES = 4
"""Passwords for one link from one network address before waits begin."""
FREE_TRIES_OF_ALL = 20
"""The same from one network address for all links, and for one link from everywhere."""

Act = Callable[[Request, Shown], Awaitable[Response]]
_ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

# Few threads, so that a storm of guesses can't take the cores from everybody else.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="share")


class GuestDoor:
    """The routes and the counts of tries behind them."""

    def __init__(self) -> None:
        self._asks = SlidingWindow(ASKS_PER_MINUTE, 60)
        self._verdicts = SlidingWindow(VERDICTS_PER_HOUR, 3600)
        self._per_guest = GrowingWaits(FREE_TRIES)
        self._per_address = GrowingWaits(FREE_TRIES_OF_ALL)
        self._per_link = GrowingWaits(FREE_TRIES_OF_ALL)

    def routes(self) -> list[Route]:
        """The routes, for the application to mount; the last one takes what the others leave."""
        link = SHARE_FOLDER + "{token}"
        return [
            Route(link, self._open(show_player), methods=["GET"]),
            Route(f"{link}/media/{{kind}}", self._open(send_file), methods=["GET"]),
            Route(f"{link}/played", self._open(count_view), methods=["POST"]),
            Route(f"{link}/verdict", self._open(self._judge), methods=["POST"]),
            Route(f"{link}/verdict", back_to_link, methods=["GET"]),
            Route(f"{link}/unlock", self._open(self._unlock, self._unlock), methods=["POST"]),
            Route(f"{link}/unlock", back_to_link, methods=["GET"]),
            Route(SHARE_FOLDER + "{path:path}", lead_nowhere, methods=_ANY_METHOD),
        ]

    def _open(self, act: Act, locked: Act | None = None) -> Callable[..., Awaitable[Response]]:
        """`act` for a link that works, or `locked` while its password has not been given."""

        async def answer(request: Request) -> Response:
            wait_s = self._asks.take(_address(request))
            if wait_s:
                return busy_page(wait_s)
            try:
                shown = await run_in_threadpool(_find, _token(request))
                entered = is_unlocked(request, shown.share)
                return await (act if entered else locked or ask_password)(request, shown)
            except RecordNotFound:
                return dead_page(404)
            except ShareEnded:
                return dead_page(410)
            except StudioError:
                return trouble_page()

        return answer

    async def _unlock(self, request: Request, shown: Shown) -> Response:
        """Let in who knows the password; wrong ones have to wait longer and longer."""
        token, kept = _token(request), shown.share.password_hash
        onward = with_headers(RedirectResponse(path_of(token), 303))
        if kept is None:
            return onward
        password = (await form_fields(request)).get("password", "")
        wait_s = self._take(request, shown)
        if wait_s:
            return busy_page(wait_s)
        verify = partial(passwords.verify, kept, password)
        if not await asyncio.get_running_loop().run_in_executor(_threads, verify):
            return password_page(token, "This is not the password.", status=401)
        self._give_back(request, shown)
        unlock(onward, path_of(token), shown.share, services().settings)
        return onward

    def _take(self, request: Request, shown: Shown) -> float:
        """Count a try of a password; the seconds that it has to wait, 0 when it may go on."""
        address, share_id = _address(request), shown.share.id
        return (
            self._per_guest.take((share_id, address))
            or self._per_address.take(address)
            or self._per_link.take(share_id)
        )

    def _give_back(self, request: Request, shown: Shown) -> None:
        address, share_id = _address(request), shown.share.id
        self._per_guest.clear((share_id, address))
        self._per_address.give_back(address)
        self._per_link.give_back(share_id)

    async def _judge(self, request: Request, shown: Shown) -> Response:
        """Take down what a guest thinks."""
        fields = await form_fields(request)
        name, comment = fields.get("name", ""), fields.get("comment", "")
        token = _token(request)
        wait_s = self._verdicts.take((shown.share.id, _address(request)))
        if wait_s:
            return busy_page(wait_s)
        verdict = fields.get("verdict", "")
        try:
            await run_in_threadpool(guests.judge, services(), shown, verdict, name, comment)
        except (InvalidRequest, IllegalTransition) as exc:
            told = Answered(exc.happened, name, comment)
            return player_page(token, shown, told, status=422)
        return with_headers(RedirectResponse(f"{path_of(token)}?thanks=1", 303))


async def show_player(request: Request, shown: Shown) -> Response:
    """The page of the video."""
    thanks = Answered(thanks=request.query_params.get("thanks") == "1")
    return await run_in_threadpool(player_page, _token(request), shown, thanks)


async def ask_password(request: Request, _shown: Shown) -> Response:
    """The page that asks for the password; nothing but the page itself for everything else."""
    if request.url.path != path_of(_token(request)):
        return password_page(_token(request), status=401)
    return password_page(_token(request))


async def send_file(request: Request, shown: Shown) -> Response:
    """A file of the video; with `?download=1` to be saved, when the link allows it."""
    rendition = guests.file_of(shown, request.path_params["kind"])
    saving = request.query_params.get("download") == "1"
    if rendition is None or (saving and not shown.share.allow_download):
        return dead_page(404)
    answer = await file_answer(request, shown, rendition, saving=saving)
    begins = saving and answer.status_code < 400 and begins_download(request)
    if begins and _is_guest(request):
        await run_in_threadpool(guests.note_download, services(), shown, rendition.kind.value)
    return answer


async def count_view(request: Request, shown: Shown) -> Response:
    """Count that the video plays, once for each session of a guest's browser."""
    answer = with_headers(Response(status_code=204))
    if _is_guest(request) and not has_viewed(request):
        await run_in_threadpool(guests.note_view, services(), shown)
        note_viewed(answer, path_of(_token(request)), services().settings)
    return answer


async def back_to_link(request: Request) -> Response:
    """To the page itself, for whoever loads again where a form led."""
    return with_headers(RedirectResponse(path_of(_token(request)), 303))


async def lead_nowhere(_request: Request) -> Response:
    """What no route above serves is not there, whatever the pages behind would make of it."""
    return dead_page(404)


def _find(token: str) -> Shown:
    if not is_token(token):
        raise RecordNotFound("There is no such link.")
    return guests.find(services(), token)


def _token(request: Request) -> str:
    token: str = request.path_params["token"]
    return token


def _is_guest(request: Request) -> bool:
    """Whether nobody of the company is signed in here: colleagues who try a link don't count."""
    return session_of(request.scope) is None


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
