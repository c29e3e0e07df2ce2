"""The simulator as an ASGI app: its routes, and the clock that moves it on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from jobs.fal.simulator import account_api, admin_api, files_api, queue_api, submit_api
from jobs.fal.simulator.desk import Desk, Pace
from jobs.fal.simulator.webhooks import Webhooks

_TICK_S = 0.1
_REQUEST = "/{owner}/{app}/requests/{request_id}"
_UPLOAD = "/files/uploads/{upload_id}/{name}"
_ROUTES = [
    # First, because it is asked a thousand times as often as all others.
    Route(f"{_REQUEST}/status", queue_api.status),
    Route("/_simulator/health", admin_api.health),
    Route("/_simulator/counts", admin_api.counts),
    Route("/_simulator/requests", admin_api.requests),
    Route("/_simulator/faults", admin_api.faults),
    Route("/_simulator/faults", admin_api.set_fault, methods=["POST"]),
    Route("/_simulator/faults", admin_api.clear_faults, methods=["DELETE"]),
    Route("/.well-known/jwks.json", account_api.keys),
    Route("/v1/models/requests/by-endpoint", account_api.history),
    Route("/v1/models/pricing", account_api.pricing),
    Route("/storage/auth/token", files_api.token, methods=["POST"]),
    Route("/storage/upload/initiate", files_api.initiate, methods=["POST"]),
    Route("/files/upload", files_api.upload, methods=["POST"]),
    Route("/files/upload/multipart", files_api.begin_multipart, methods=["POST"]),
    Route(
        f"{_UPLOAD}/multipart/{{multipart_id}}/complete", files_api.end_multipart, methods=["POST"]
    ),
    Route(
        f"{_UPLOAD}/multipart/{{multipart_id}}/{{number:int}}", files_api.put_part, methods=["PUT"]
    ),
    Route(_UPLOAD, files_api.uploaded),
    Route(_UPLOAD, files_api.put_upload, methods=["PUT"]),
    Route("/files/results/{request_id}/{name}", files_api.video),
    Route(f"{_REQUEST}/status/stream", queue_api.stream),
    Route(f"{_REQUEST}/cancel", queue_api.cancel, methods=["PUT"]),
    Route(_REQUEST, queue_api.result),
    Route("/{endpoint:path}", submit_api.submit, methods=["POST"]),
]


def build_app(folder: Path, pace: Pace, catalog_file: Path | None = None) -> Starlette:
    """The simulator that keeps everything in `folder`.

    `catalog_file` is the models it offers (None: the catalogue that ships).

    Raises:
        CatalogError: the catalogue can't be used.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        desk = Desk(folder, pace, catalog_file)
        webhooks = Webhooks(desk)
        app.state.desk, app.state.webhooks = desk, webhooks
        clock = asyncio.create_task(_tick(desk, webhooks))
        yield
        clock.cancel()
        with suppress(asyncio.CancelledError):
            await clock
        await webhooks.close()
        desk.close()

    return Starlette(routes=_ROUTES, lifespan=lifespan)


async def _tick(desk: Desk, webhooks: Webhooks) -> None:
    """One loop for everything: what nobody asks about still has to start and to be reported."""
    while True:
        webhooks.send_due(desk.advance())
        await asyncio.sleep(_TICK_S)
