"""Hands the files of a link to its guests: from this machine, by a short signed address, or passed
on from the store when its address would tell a guest more than the link does.
"""

from __future__ import annotations

import httpx
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from dashboard.file_names import download_name
from dashboard.services import services
from dashboard.share_pages import dead_page, trouble_page, with_headers
from jobs import guests
from jobs.guests import Shown
from storage.errors import ObjectNotFound
from storage.models import Rendition

TIMEOUT_S = 20.0
"""Longest silence of the store while it is passed on."""

_PASSED_ON = ("content-type", "content-length", "content-range", "accept-ranges")
_PARTS_OR_ALL = {200, 206, 416}


async def file_answer(
    request: Request, shown: Shown, rendition: Rendition, *, saving: bool
) -> Response:
    """The file as an answer, a part of it when a part is asked for (RFC 9110, 14)."""
    save_as = download_name(shown.video, rendition) if saving else None
    # A ready rendition has a key (constraint `ready_has_file`).
    key = rendition.key or ""
    try:
        place = await run_in_threadpool(guests.place_of, services(), shown, key, save_as)
    except ObjectNotFound:
        return dead_page(404)
    if place.path is not None:
        kind = rendition.content_type or ""
        return with_headers(FileResponse(place.path, media_type=kind, filename=save_as))
    if place.address is None:
        return dead_page(404)
    if place.is_secret:
        return await _pass_on(request, place.address, save_as)
    return with_headers(RedirectResponse(place.address, 302))


async def _pass_on(request: Request, address: str, save_as: str | None) -> Response:
    """The bytes behind an address that the guest does not get to see."""
    client = httpx.AsyncClient(timeout=TIMEOUT_S)
    asked = {"range": request.headers["range"]} if "range" in request.headers else {}
    try:
        found = await client.send(client.build_request("GET", address, headers=asked), stream=True)
    except httpx.HTTPError:
        await client.aclose()
        return trouble_page()

    async def close() -> None:
        await found.aclose()
        await client.aclose()

    if found.status_code not in _PARTS_OR_ALL:
        await close()
        return dead_page(404) if found.status_code in {400, 404} else trouble_page()
    headers = {name: found.headers[name] for name in _PASSED_ON if name in found.headers}
    if save_as:
        headers["content-disposition"] = f'attachment; filename="{save_as}"'
    body = found.aiter_raw()
    answer = StreamingResponse(body, found.status_code, headers, background=BackgroundTask(close))
    return with_headers(answer)
