"""The queue's routes (fal docs, Queue API: Status, Status stream, Result, Cancel)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from jobs.fal.simulator.access import refused_key
from jobs.fal.simulator.desk import Desk
from jobs.fal.simulator.failures import NOT_FOUND
from jobs.fal.simulator.state import BookedRequest, QueueStatus

_REASONS = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
_UNITS = {"units_missing": None, "units_negative": "-1", "units_absurd": "999999999"}
_STREAM_STEP_S = 0.1


async def status(request: Request) -> Response:
    """`GET /{owner}/{app}/requests/{id}/status`: 202 until it has completed, then 200."""
    desk: Desk = request.app.state.desk
    if refused := refused_key(request):
        return refused
    found = _found(request)
    if found is None:
        return JSONResponse({"status": "NOT_FOUND"}, 404)
    if desk.faults.status(found.prompt, found.endpoint, found.request_id):
        return nginx_page(502)
    body = _status_body(request, desk, found)
    done = body["status"] == QueueStatus.COMPLETED
    return JSONResponse(body, 200 if done else 202, {"x-fal-request-id": found.request_id})


async def stream(request: Request) -> Response:
    """`GET …/status/stream`: the same objects as server-sent events, until it has completed."""
    if refused := refused_key(request):
        return refused
    if _found(request) is None:
        return JSONResponse({"status": "NOT_FOUND"}, 404)
    return StreamingResponse(_events(request), media_type="text/event-stream")


async def result(request: Request) -> Response:
    """`GET /{owner}/{app}/requests/{id}`: the model's own status code, headers and body.

    Before the end it answers 400 (not documented; seen in servers that imitate fal).
    """
    desk: Desk = request.app.state.desk
    if refused := refused_key(request):
        return refused
    found = _found(request)
    if found is None or "result_gone" in found.faults:
        return JSONResponse(NOT_FOUND, 404)
    if found.status(time.time()) is not QueueStatus.COMPLETED:
        return JSONResponse({"detail": "Request is still in progress"}, 400)
    desk.state.note_fetch(found.seq)
    status_code, headers, body = await finished(desk, found, str(request.base_url))
    return JSONResponse(body, status_code, headers | {"x-fal-request-id": found.request_id})


async def cancel(request: Request) -> Response:
    """`PUT /{owner}/{app}/requests/{id}/cancel`."""
    desk: Desk = request.app.state.desk
    if refused := refused_key(request):
        return refused
    found = _found(request)
    if found is None:
        return JSONResponse({"status": "NOT_FOUND"}, 404)
    if desk.cancel(found):
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)
    return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)


async def finished(
    desk: Desk, request: BookedRequest, base_url: str
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status code, headers and body of a completed request's result; waits for its video."""
    path = await desk.video(request)
    latest = desk.state.find_by_number(request.seq)
    if latest.failure is not None:
        return latest.failure.status_code, latest.failure.headers, latest.failure.body
    assert path is not None and latest.video is not None  # noqa: S101, PT018 - no failure: a video
    units = next((_UNITS[name] for name in latest.faults if name in _UNITS), latest.video.units)
    video = {
        "url": f"{base_url}files/results/{latest.request_id}/video.mp4",
        "content_type": "video/mp4",
        "file_name": "video.mp4",
        "file_size": path.stat().st_size,
    }
    headers = {} if units is None else {"X-Fal-Billable-Units": units}
    return 200, headers, {"video": video, "seed": latest.video.seed}


def _found(request: Request) -> BookedRequest | None:
    desk: Desk = request.app.state.desk
    path = request.path_params
    return desk.find(path["request_id"], f"{path['owner']}/{path['app']}")


def urls(request: Request, booked: BookedRequest) -> dict[str, str]:
    """The addresses of a request: with owner and app only, as fal's own are."""
    url = f"{request.base_url}{booked.app}/requests/{booked.request_id}"
    return {
        "request_id": booked.request_id,
        "response_url": url,
        "status_url": f"{url}/status",
        "cancel_url": f"{url}/cancel",
    }


def _status_body(request: Request, desk: Desk, found: BookedRequest) -> dict[str, Any]:
    now = time.time()
    phase = found.status(now)
    body: dict[str, Any] = {"status": phase, **urls(request, found)}
    if phase is QueueStatus.IN_QUEUE:
        return body | {"queue_position": desk.queue_position(found)}
    wanted = request.query_params.get("logs", "").lower() in ("1", "true")
    body["logs"] = _logs(found, now) if wanted else None
    if phase is QueueStatus.COMPLETED:
        started = found.ended_at if found.started_at is None else found.started_at
        body["metrics"] = {"inference_time": (found.ended_at or 0) - (started or 0)}
        if found.failure is not None:
            body |= {"error": found.failure.error, "error_type": found.failure.error_type}
    return body


def _logs(found: BookedRequest, now: float) -> list[dict[str, str]]:
    """One line for each quarter of the run that is over."""
    if found.started_at is None or found.run_s is None:
        return []
    moments = (
        (percent, found.started_at + found.run_s * percent / 100) for percent in (0, 25, 50, 75)
    )
    last = now if found.ended_at is None else min(now, found.ended_at)
    return [
        {
            "message": f"Generating video: {percent}%",
            "level": "INFO",
            "source": "USER",
            "timestamp": datetime.fromtimestamp(at, UTC).isoformat(),
        }
        for percent, at in moments
        if at <= last
    ]


async def _events(request: Request) -> AsyncIterator[str]:
    desk: Desk = request.app.state.desk
    before: dict[str, Any] = {}
    while (found := _found(request)) is not None:
        body = _status_body(request, desk, found)
        if body != before:
            yield f"data: {json.dumps(body)}\n\n"
        if body["status"] == QueueStatus.COMPLETED:
            return
        before = body
        await asyncio.sleep(_STREAM_STEP_S)


def nginx_page(status_code: int) -> Response:
    """The page of a gateway that got no answer from behind; it names no request."""
    title = f"{status_code} {_REASONS[status_code]}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return HTMLResponse(page, status_code)
