"""Submitting a request (fal docs, Queue API, Submit), and all that can go wrong with the answer."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from jobs.errors import CatalogError
from jobs.fal.simulator.access import refused_key
from jobs.fal.simulator.connection import Dropped, Reset, Truncated
from jobs.fal.simulator.desk import Desk, Post
from jobs.fal.simulator.failures import LOCKED, UNKNOWN_KEY
from jobs.fal.simulator.faults import Fault
from jobs.fal.simulator.queue_api import nginx_page, urls
from jobs.fal.simulator.state import BookedRequest, QueueStatus

_REFUSALS: dict[str, tuple[int, dict[str, str], dict[str, str]]] = {
    "http_429": (
        429,
        {"detail": "Too many requests", "error_type": "concurrent_requests_limit"},
        {"X-Fal-Error-Type": "concurrent_requests_limit", "X-Fal-Needs-Retry": "1"},
    ),
    "locked_403": (403, LOCKED, {}),
    "bad_key_401": (401, UNKNOWN_KEY, {}),
}
_TAG_KEY, _TAG_VALUE = re.compile(r"[a-z0-9._-]{1,64}"), re.compile(r"[\x20-\x7e]{1,256}")


async def submit(request: Request) -> Response:
    """`POST /{endpoint}`: the request is booked before anything is answered."""
    body = await request.body()
    desk: Desk = request.app.state.desk
    if refused := refused_key(request):
        return refused
    try:
        model = desk.catalog.by_endpoint(request.path_params["endpoint"])
    except CatalogError:
        return _no_such_endpoint(request.path_params["endpoint"])
    given = _json_object(body)
    if given is None:
        return _bad_request()
    post = Post(
        model,
        given,
        str(request.base_url),
        tags=_tags(request.headers.get("x-fal-tags", "")),
        webhook_url=request.query_params.get("fal_webhook"),
        start_timeout_s=_start_timeout_s(request),
    )
    return await _taken(request, desk, post)


async def _taken(request: Request, desk: Desk, post: Post) -> Response:
    refusal = desk.faults.refusal(post.prompt, post.model.endpoint)
    if refusal is not None:
        desk.refuse(post, refusal.name)
        status_code, body, headers = _REFUSALS[refusal.name]
        return JSONResponse(body, status_code, headers)
    fault = desk.faults.answer(post.prompt, post.model.endpoint)
    booked = desk.book(post, fault.name if fault else None)
    return await _answered(_accepted(request, desk, booked), fault)


async def _answered(answer: JSONResponse, fault: Fault | None) -> Response:
    """The answer to a submit that is booked, as far as `fault` lets it through."""
    if fault is None:
        return answer
    if fault.name == "slow_answer":
        await asyncio.sleep(fault.seconds)
        return answer
    if fault.name == "truncated_answer":
        return Truncated(answer.body, answer.status_code, dict(answer.headers))
    if fault.name.startswith("nginx_"):
        return nginx_page(int(fault.name.removeprefix("nginx_")))
    return {
        "drop_answer": Dropped(),
        "reset": Reset(),
        "http_408": JSONResponse({"detail": "Request Timeout"}, 408),
        "http_409": JSONResponse({"detail": "Conflict"}, 409),
        "http_500": JSONResponse(
            {"detail": "Internal error", "error_type": "internal_error"},
            500,
            {"X-Fal-Error-Type": "internal_error"},
        ),
        "html_200": HTMLResponse("<!doctype html><title>fal</title><p>We will be right back.</p>"),
    }[fault.name]


def _accepted(request: Request, desk: Desk, booked: BookedRequest) -> JSONResponse:
    body = {
        "status": QueueStatus.IN_QUEUE,
        **urls(request, booked),
        "queue_position": desk.queue_position(booked),
    }
    return JSONResponse(body, headers={"x-fal-request-id": booked.request_id})


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        given = json.loads(body)
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _tags(header: str) -> dict[str, str]:
    """The tags of `k=v,k=v`; fal drops the ones that break its rules without a word."""
    pairs = [pair.strip().partition("=") for pair in header[:1024].split(",")]
    good = {
        key: value
        for key, _, value in pairs
        if _TAG_KEY.fullmatch(key) and _TAG_VALUE.fullmatch(value) and not key.startswith("fal.")
    }
    return dict(list(good.items())[:10])


def _start_timeout_s(request: Request) -> float | None:
    """Seconds within which the request has to start, under either of the header's names."""
    for name in ("x-fal-request-start-timeout", "x-fal-request-timeout"):
        value = request.headers.get(name, "")
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value)
    return None


def _no_such_endpoint(endpoint: str) -> Response:
    return JSONResponse({"detail": f"Application '{endpoint}' not found"}, 404)


def _bad_request() -> Response:
    body = {"detail": "The body is not a JSON object", "error_type": "bad_request"}
    return JSONResponse(body, 400, {"X-Fal-Error-Type": "bad_request"})
