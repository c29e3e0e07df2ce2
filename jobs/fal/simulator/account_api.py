"""The platform's routes (fal docs, Platform APIs v1) and the webhook keys."""

from __future__ import annotations

import base64
import binascii
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jobs.fal.catalog import Model
from jobs.fal.simulator.access import refused_key
from jobs.fal.simulator.desk import Desk
from jobs.fal.simulator.queue_api import finished
from jobs.fal.simulator.state import BookedRequest

_WINDOW = timedelta(hours=24)
_STATUSES = ("success", "error", "user_error")
_MAX_LIMIT = 100


class _BadParameter(ValueError):
    """A query parameter can't be used; the message says which and why."""


async def history(request: Request) -> Response:
    """`GET /v1/models/requests/by-endpoint`: requests that have run, newest first.

    Queued and running requests are not listed. Whether fal lists them is not documented, so this
    is the worst case for whoever looks for a lost one.
    """
    desk: Desk = request.app.state.desk
    if refused := refused_key(request):
        return refused
    desk.advance()
    try:
        filters = _filters(request)
    except _BadParameter as exc:
        body = {"error": {"type": "validation_error", "message": str(exc)}}
        return JSONResponse(body, 400)
    limit, offset = int(filters["limit"]), int(filters["offset"])
    found = desk.state.history(**filters | {"limit": limit + 1})
    items = [_item(entry) for entry in found[:limit]]
    if "payloads" in request.query_params.getlist("expand"):
        for item, entry in zip(items, found, strict=False):
            item |= await _payloads(desk, entry, str(request.base_url))
    more = len(found) > limit
    cursor = _cursor(offset + limit) if more else None
    return JSONResponse({"items": items, "next_cursor": cursor, "has_more": more})


async def pricing(request: Request) -> Response:
    """`GET /v1/models/pricing`: the highest price that each endpoint has in the catalogue."""
    desk: Desk = request.app.state.desk
    if refused := refused_key(request):
        return refused
    wanted = _endpoints(request)
    models = [m for m in desk.catalog.models if not wanted or m.endpoint in wanted]
    prices = [_price(model) for model in models]
    return JSONResponse({"prices": prices, "next_cursor": None, "has_more": False})


async def keys(request: Request) -> Response:
    """`GET /.well-known/jwks.json`: the public keys that webhooks are signed with."""
    return JSONResponse({"keys": [request.app.state.webhooks.public_key()]})


def _filters(request: Request) -> dict[str, Any]:
    """The values of the history statement.

    Raises:
        _BadParameter: one can't be used.
    """
    query = request.query_params
    endpoints, status = _endpoints(request), query.get("status")
    if not 1 <= len(endpoints) <= 50:
        raise _BadParameter("endpoint_id: between 1 and 50 are required")
    if status is not None and status not in _STATUSES:
        raise _BadParameter(f"status: one of {', '.join(_STATUSES)}")
    now = datetime.now(UTC)
    return {
        "now": time.time(),
        "start": _moment(query.get("start"), "start", now - _WINDOW),
        "end": _moment(query.get("end"), "end", now + _WINDOW),
        "endpoints": json.dumps(endpoints),
        "request_id": query.get("request_id"),
        "status": status,
        "limit": _limit(query.get("limit", "50")),
        "offset": _offset(query.get("cursor")),
    }


def _endpoints(request: Request) -> list[str]:
    """The endpoint ids, given one by one or with commas between."""
    given = ",".join(request.query_params.getlist("endpoint_id"))
    return [endpoint for endpoint in given.split(",") if endpoint]


def _moment(text: str | None, name: str, default: datetime) -> float:
    try:
        moment = default if text is None else datetime.fromisoformat(text)
    except ValueError as exc:
        raise _BadParameter(f"{name}: not an ISO 8601 time") from exc
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_LIMIT:
        raise _BadParameter(f"limit: between 1 and {_MAX_LIMIT}")
    return int(text)


def _cursor(offset: int) -> str:
    return base64.b64encode(str(offset).encode()).decode()


def _offset(cursor: str | None) -> int:
    try:
        return int(base64.b64decode(cursor or "MA=="))
    except (binascii.Error, ValueError) as exc:
        raise _BadParameter("cursor: not one that was given out") from exc


def _item(entry: BookedRequest) -> dict[str, object]:
    return {
        "request_id": entry.request_id,
        "endpoint_id": entry.endpoint,
        "sent_at": _iso(entry.submitted_at),
        "started_at": _iso(entry.started_at or entry.submitted_at),
        "ended_at": _iso(entry.ended_at or entry.submitted_at),
        "status_code": 200 if entry.failure is None else entry.failure.status_code,
        "duration": (entry.ended_at or 0) - (entry.started_at or 0),
    }


async def _payloads(desk: Desk, entry: BookedRequest, base_url: str) -> dict[str, object]:
    _, _, output = await finished(desk, entry, base_url)
    return {"json_input": entry.input, "json_output": output}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def _price(model: Model) -> dict[str, object]:
    sounds = (True, False)
    prices = [model.price(r, audio).usd_per_unit for r in model.resolutions for audio in sounds]
    return {
        "endpoint_id": model.endpoint,
        # The answer's number, not money that is reckoned with.
        "unit_price": float(max(prices)),
        "unit": f"{model.tokens_per_unit} tokens",
        "currency": "USD",
    }
