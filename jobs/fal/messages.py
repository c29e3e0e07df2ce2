"""What is said between the studio and fal, in the studio's types. Frozen; times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Timeouts:
    """How long to wait for fal, in seconds, before a call counts as unanswered."""

    connect_s: float = 5.0
    answer_s: float = 30.0
    """For the whole answer to a status, result, cancel or history call."""
    submit_s: float = 120.0
    """For the whole answer to a submit. Long: giving up early leaves an unknown outcome."""
    upload_s: float = 120.0


@dataclass(frozen=True)
class RequestRef:
    """A request at fal. The addresses are kept as fal gave them, never built by hand.

    fal docs, Queue API: they differ from the endpoint's own path.
    """

    request_id: str
    status_url: str
    response_url: str
    cancel_url: str


@dataclass(frozen=True)
class Accepted(RequestRef):
    """fal has booked the request."""

    queue_position: int | None
    """Requests before this one; None when fal did not say."""


@dataclass(frozen=True)
class Queued:
    """Waiting at fal; `position` requests are before it."""

    position: int


@dataclass(frozen=True)
class Running:
    """fal is making the video. A log line has `message`, `level`, `timestamp`."""

    logs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """fal has ended the request, well or badly: the result says which.

    `error` and `error_type` are fal's words for a failure (None: it named none); `inference_s` is
    how long the model ran (None: not told).
    """

    logs: list[dict[str, Any]]
    inference_s: float | None
    error: str | None
    error_type: str | None


FalStatus = Queued | Running | Done


@dataclass(frozen=True)
class FalResult:
    """The video of a finished request. `video_url` is public: fetch it without the key."""

    video_url: str
    seed: int | None
    billable_units: Decimal | None
    """The header `X-Fal-Billable-Units`, in the model's billing unit; None: absent or no number."""
    units_text: str | None
    """That header as it came, for the record."""
    content_type: str | None
    file_name: str | None
    file_size_bytes: int | None


class CancelOutcome(StrEnum):
    """What fal made of a cancel. Only the status tells how the request ends."""

    REQUESTED = "requested"
    """Removed from the queue, or signalled to stop: it may still finish and be billed."""
    ALREADY_COMPLETED = "already_completed"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class FoundRequest:
    """A request in fal's history. A time is None when fal did not give it."""

    ref: RequestRef
    sent_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    status_code: int | None
    """HTTP status of the result; None while there is none."""
    start_image_url: str | None = None
    """What it was made from; None when fal does not keep or show it."""


@dataclass(frozen=True)
class WebhookMessage:
    """A verified webhook. It says only that a request has ended; the result is fetched as usual."""

    request_id: str
    ok: bool
    error: str | None
    sent_at: datetime
