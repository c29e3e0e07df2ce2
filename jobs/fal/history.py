"""fal's request history: how a submit whose answer was lost is found again.

fal docs, Platform APIs, "List requests by endpoint": `GET /v1/models/requests/by-endpoint`, pages
`{items, has_more, next_cursor}`. Whether queued and running requests are listed is not documented:
finding none proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from jobs.errors import FalError
from jobs.fal.answers import unreadable
from jobs.fal.messages import FoundRequest, RequestRef

PATH = "/v1/models/requests/by-endpoint"
PAGE_SIZE = 100
MAX_PAGES = 100


def all_items(fetch_page: Callable[[str | None], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every item of every page; `fetch_page` takes the cursor, None for the first page.

    Raises:
        FalError: a page has another form than documented, or there are more than 100.
    """
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = fetch_page(cursor)
        items = page.get("items")
        if not isinstance(items, list):
            raise unreadable("a history without items")
        yield from (item for item in items if isinstance(item, dict))
        cursor = page.get("next_cursor")
        if not isinstance(cursor, str) or not cursor or page.get("has_more") is False:
            return
    raise unreadable(f"a history of more than {MAX_PAGES} pages")


def has_marker(item: dict[str, Any], marker_image_url: str) -> bool:
    """Whether this request was sent with exactly this start image address."""
    return start_image_of(item) == marker_image_url


def start_image_of(item: dict[str, Any]) -> str | None:
    """The start image address that a request was sent with; None when fal does not keep it."""
    sent = item.get("json_input")
    url = sent.get("image_url") if isinstance(sent, dict) else None
    return url if isinstance(url, str) else None


def found_request(item: dict[str, Any], ref_of: Callable[[str], RequestRef]) -> FoundRequest:
    """A history item as a request that can be followed.

    Raises:
        FalError: it has no id.
    """
    request_id = item.get("request_id")
    if not isinstance(request_id, str) or not request_id:
        raise unreadable("a history item without an id")
    code = item.get("status_code")
    return FoundRequest(
        ref=ref_of(request_id),
        sent_at=_moment(item.get("sent_at")),
        started_at=_moment(item.get("started_at")),
        ended_at=_moment(item.get("ended_at")),
        status_code=code if isinstance(code, int) else None,
        start_image_url=start_image_of(item),
    )


def forbidden() -> FalError:
    """The key is good for generating but may not read the history."""
    return FalError(
        "The fal key may not read fal's request history.",
        todo="An administrator looks in fal's dashboard, or sets a key that may read requests.",
    )


def _moment(text: object) -> datetime | None:
    """An ISO 8601 time with a zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
