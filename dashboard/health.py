"""The route `/health`: whether this dashboard can do its work, for load balancers and people.

Without workers it still shows and admits, and another dashboard would do no better: then it says
`degraded` with 200, so that no load balancer takes it away. Open to everybody, so it says little:
no names, no addresses, no messages of other programs.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.services import services
from jobs.bootstrap import Services
from jobs.doctor import NEEDED
from storage.errors import RecordError
from storage.records import events

SIGN_OF_LIFE_S = 60
"""A process that has been silent for longer does not count."""


def routes() -> list[Route]:
    """The route, for the application to mount."""
    return [Route("/health", show, methods=["GET"])]


async def show(_request: Request) -> Response:
    """200 when the record and Redis answer, else 503; `missing` are kinds with nobody at work."""
    found = await run_in_threadpool(look, services())
    headers = {"cache-control": "no-store"}
    return JSONResponse(found, 503 if found["status"] == "down" else 200, headers)


def look(opened: Services) -> Mapping[str, object]:
    """What answers and who is at work; `status` is `ok`, `degraded` or `down`. Blocks."""
    processes = _at_work(opened)
    rings = opened.bells.ping()
    missing = [kind for kind in NEEDED if not (processes or {}).get(kind)]
    working = "degraded" if missing else "ok"
    return {
        "status": working if processes is not None and rings else "down",
        "database": "ok" if processes is not None else "down",
        "redis": "ok" if rings else "down",
        "processes": processes or {},
        "missing": missing if processes is not None else [],
    }


def _at_work(opened: Services) -> dict[str, int] | None:
    """Processes by kind, None when the record can't be asked."""
    try:
        with opened.database.as_service() as tx:
            return events.at_work(tx, within_s=SIGN_OF_LIFE_S)
    except RecordError:
        return None
