"""Reads the fields of a small HTML form, with limits on what a stranger may send."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST_BYTES = 16 * 1024
MOST_FIELDS = 20


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body (WHATWG URL, 5); first one wins.

    Raises:
        HTTPException: 413 for a body larger than any of our forms, 400 for too many fields.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise HTTPException(413, "This is more than the form holds.")
    try:
        fields = parse_qs(
            body.decode("utf-8", "replace"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as exc:
        raise HTTPException(400, "The form can't be read.") from exc
    return {name: values[0] for name, values in fields.items()}
