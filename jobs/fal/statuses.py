"""fal's statuses in the studio's types (fal docs, Queue API: Submit, Status, Cancel)."""

from __future__ import annotations

from typing import Any

import fal_client.client as stock
import httpx

from jobs.fal.answers import unreadable
from jobs.fal.guard import Answered, json_object
from jobs.fal.messages import CancelOutcome, Done, FalStatus, Queued, Running


def studio_status(status: stock.Status) -> FalStatus:
    """What the stock client read, checked: it takes any type in any field.

    Raises:
        FalError: a field has another type than fal documents.
    """
    if isinstance(status, stock.Queued) and isinstance(status.position, int):
        return Queued(status.position)
    if isinstance(status, stock.InProgress):
        return Running(_logs(status.logs))
    if isinstance(status, stock.Completed):
        metrics = status.metrics if isinstance(status.metrics, dict) else {}
        seconds = metrics.get("inference_time")
        return Done(
            logs=_logs(status.logs),
            inference_s=float(seconds) if isinstance(seconds, int | float) else None,
            error=None if status.error is None else str(status.error),
            error_type=None if status.error_type is None else str(status.error_type),
        )
    raise unreadable("an unknown status", repr(status))


def queue_position(answer: httpx.Response | None) -> int | None:
    """Where the answer to a submit puts the request; the stock client drops it."""
    position = json_object(answer.content if answer else b"").get("queue_position")
    return position if isinstance(position, int) else None


def cancel_refusal(exc: Answered) -> CancelOutcome:
    """What a cancel that fal did not take means.

    Raises:
        Answered: `exc` again, when it is no answer to the cancel.
    """
    if exc.status == 404:
        return CancelOutcome.NOT_FOUND
    if exc.said.get("status") == "ALREADY_COMPLETED":
        return CancelOutcome.ALREADY_COMPLETED
    raise exc


def _logs(logs: object) -> list[dict[str, Any]]:
    return [line for line in logs if isinstance(line, dict)] if isinstance(logs, list) else []
