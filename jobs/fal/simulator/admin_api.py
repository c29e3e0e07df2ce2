"""What only a simulator has: counts of what reached it, and switches for its faults."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jobs.fal.simulator.desk import Desk
from jobs.fal.simulator.faults import DEFAULT_SLOW_ANSWER_S, FAULTS


async def health(_: Request) -> Response:
    """`GET /_simulator/health`: 200 as soon as calls are served."""
    return JSONResponse({"status": "ok"})


async def counts(request: Request) -> Response:
    """`GET /_simulator/counts`: how many of everything, in all, by endpoint and by marker.

    A marker is `seed:…`, `end_user_id:…`, `image_url:…` or `tag:key=value` of a POST.
    """
    state = _desk(request).state
    now = _desk(request).advance()
    totals = {"by_endpoint": state.totals_by("endpoint"), "by_marker": state.totals_by("marker")}
    return JSONResponse(state.totals(now) | totals)


async def requests(request: Request) -> Response:
    """`GET /_simulator/requests`: every booked request, oldest first."""
    _desk(request).advance()
    now = time.time()
    booked = _desk(request).state.all_requests()
    return JSONResponse([asdict(entry) | {"status": entry.status(now)} for entry in booked])


async def faults(request: Request) -> Response:
    """`GET /_simulator/faults`: the faults there are, and those that are on."""
    known = {name: {"stage": stage, "what": what} for name, (stage, what) in FAULTS.items()}
    return JSONResponse({"known": known, "armed": _desk(request).state.armed()})


async def set_fault(request: Request) -> Response:
    """`POST /_simulator/faults`: switch a fault on.

    `name`; `count` (1 unless told) or `always`; `match`, a part of the prompt or file name;
    `endpoint`; `seconds` for a slow answer.
    """
    given = json.loads(await request.body())
    if given.get("name") not in FAULTS:
        return JSONResponse({"detail": f"name: one of {', '.join(FAULTS)}"}, 422)
    _desk(request).state.arm(
        name=given["name"],
        remaining=None if given.get("always") else int(given.get("count", 1)),
        match=str(given.get("match", "")),
        endpoint=given.get("endpoint"),
        seconds=float(given.get("seconds", DEFAULT_SLOW_ANSWER_S)),
    )
    return JSONResponse({"status": "on"})


async def clear_faults(request: Request) -> Response:
    """`DELETE /_simulator/faults`: switch every fault off. Faults in prompts stay."""
    _desk(request).state.disarm()
    return JSONResponse({"status": "off"})


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk
