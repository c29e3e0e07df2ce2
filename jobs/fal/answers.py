"""What fal's answers mean: the one place where they become our results and errors.

Two forms of error exist (fal docs, "Model errors" and "Request errors"). A model error has a list
under `detail`, each item with `loc`, `msg` and `type`; it is stored as the request's result, so
asking again gives it again. A platform error is flat, `detail` text and `error_type`. Everything
else (a proxy's page, a lost answer) says something about this one call only.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx

from jobs.errors import (
    FalAccountLocked,
    FalBadInput,
    FalCanceled,
    FalError,
    FalGenerationFailed,
    FalNotFinished,
    FalOutcomeUnknown,
    FalRefused,
    FalResultGone,
    FalTimedOut,
    FalUnavailable,
)
from jobs.fal.guard import Answered, Fault, NotSent, json_object
from jobs.fal.headers import billable_units, retry_after_s, says_retry
from jobs.fal.messages import FalResult
from jobs.fal.wording import bad_input_words, refusal

RETRY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_CLEAN_REFUSALS = frozenset({400, 404, 405, 411, 413, 415, 422, 431})
"""Statuses by which a submit was turned away before anything was booked, beside those that have
an error of their own. All others (408, 409, 499, redirects, 5xx) leave it open."""
_TIMEOUT_TYPES = frozenset({"request_timeout", "startup_timeout", "generation_timeout"})
_CANCELED_TYPES = frozenset({"client_cancelled", "client_disconnected"})
_FINAL_TYPES = frozenset(
    {
        "runner_scheduling_failure",
        "runner_connection_timeout",
        "runner_disconnected",
        "runner_connection_refused",
        "runner_connection_error",
        "runner_incomplete_response",
        "runner_server_error",
    }
)
"""Platform errors of the request itself, given after fal's own retries were used up. Not here:
`internal_error`, which can be the gateway's trouble with this one call."""
_DETAIL_CHARACTERS = 500


def is_transient(exc: BaseException) -> bool:
    """Whether the same call, if safe to repeat, may work in a moment.

    A model error never is, whatever fal's retry header says: the header speaks of a new submit.
    """
    if isinstance(exc, Fault):
        return True
    if not isinstance(exc, Answered) or _model_errors(exc):
        return False
    return exc.status in RETRY_STATUSES or says_retry(exc.headers)


def submit_error(exc: Answered | Fault, now_s: float) -> FalError:
    """What a submit that was not plainly accepted means.

    Only what provably booked nothing is anything else than `FalOutcomeUnknown`.
    """
    if isinstance(exc, NotSent):
        return _unreachable(exc)
    if isinstance(exc, Answered):
        if exc.status in (401, 402, 403):
            return _locked(exc)
        if exc.status == 429:
            return _busy(exc, now_s)
        if exc.status in _CLEAN_REFUSALS:
            return _refused_input(exc)
    return unknown(exc)


def unknown(exc: Exception, answer: httpx.Response | None = None) -> FalOutcomeUnknown:
    """The outcome is open; `answer` is the damaged 2xx answer when there was one.

    The hint is the request id in its body, else the id in the headers, which fal does not
    document to be the same.
    """
    headers: Mapping[str, str] = {}
    said: dict[str, Any] = {}
    if isinstance(exc, Answered):
        headers, said = exc.headers, exc.said
    elif answer is not None:
        headers, said = answer.headers, json_object(answer.content)
    hint = said.get("request_id")
    return FalOutcomeUnknown(
        "fal's answer to the submit was lost.",
        detail=_detail(exc),
        request_id_hint=hint if isinstance(hint, str) else headers.get("x-fal-request-id"),
    )


def call_error(exc: Answered | Fault, now_s: float) -> FalError:
    """What a failed status, cancel, upload or history call means; none of them books anything."""
    if isinstance(exc, Fault):
        return _unreachable(exc)
    if exc.status in (401, 402, 403):
        return _locked(exc)
    if exc.status in (404, 410):
        return _gone(exc)
    if is_transient(exc):
        return _busy(exc, now_s)
    if exc.status in (400, 413, 415, 422):
        return _refused_input(exc)
    return unreadable(f"HTTP {exc.status}", _detail(exc))


def result_error(exc: Answered | Fault, now_s: float) -> FalError:
    """What a result that is no video means, with the bill that came along.

    `FalUnavailable` is the only one after which the same result may be asked for again;
    `FalNotFinished` sends back to waiting; every other one is final.
    """
    if isinstance(exc, Fault):
        return _unreachable(exc)
    error = _result_error(exc, now_s)
    if not isinstance(error, FalUnavailable | FalNotFinished | FalAccountLocked):
        error.billable_units = billable_units(exc.headers)
        error.cost = _cost(error.billable_units, exc.status)
    return error


def result_of(answer: httpx.Response) -> FalResult:
    """The video that a result names (fal, Seedance output schema: `video` and `seed`).

    Raises:
        FalNotFinished: it is a status, not a result.
        FalError: it is not JSON or names no video.
    """
    body = json_object(answer.content)
    if body.get("status") in ("IN_QUEUE", "IN_PROGRESS"):
        raise _not_finished("")
    video = body.get("video")
    url = video.get("url") if isinstance(video, dict) else None
    if not isinstance(video, dict) or not isinstance(url, str) or not _is_web_address(url):
        error = unreadable("a result without a video", answer.text[:_DETAIL_CHARACTERS])
        error.billable_units = billable_units(answer.headers)
        error.cost = _cost(error.billable_units, answer.status_code)
        raise error
    return FalResult(
        video_url=url,
        seed=_whole_number(body.get("seed")),
        billable_units=billable_units(answer.headers),
        units_text=answer.headers.get("x-fal-billable-units"),
        content_type=_text(video.get("content_type")),
        file_name=_text(video.get("file_name")),
        file_size_bytes=_whole_number(video.get("file_size")),
    )


def unreadable(what: str, detail: str = "") -> FalError:
    """fal answered with something its documents do not have."""
    return FalError(
        f"fal answered with {what}, which the studio does not understand.",
        todo="Tell an administrator; the generation's page has the details.",
        detail=detail,
    )


def _result_error(exc: Answered, now_s: float) -> FalError:
    kinds = _kinds(exc)
    if exc.status in (401, 402, 403):
        return _locked(exc)
    if exc.status in (404, 410):
        return _gone(exc)
    if exc.status == 499 or kinds & _CANCELED_TYPES:
        return FalCanceled("The generation was cancelled at fal.", detail=_detail(exc))
    if kinds & _TIMEOUT_TYPES or "x-fal-request-timeout-type" in exc.headers:
        return _timed_out(exc)
    if _is_still_running(exc):
        return _not_finished(_detail(exc))
    if _failed_for_good(exc, kinds):
        return _generation_failed(exc)
    if is_transient(exc):
        return _busy(exc, now_s)
    if 400 <= exc.status < 500:
        return _refused_input(exc)
    return unreadable(f"HTTP {exc.status}", _detail(exc))


def _failed_for_good(exc: Answered, kinds: set[str]) -> bool:
    if _model_errors(exc):
        return exc.status >= 500 or "downstream_service_error" in kinds
    return bool(kinds & _FINAL_TYPES)


def _is_still_running(exc: Answered) -> bool:
    """A result asked for too early: not documented; 400 with this wording was seen."""
    text = exc.said.get("detail")
    return exc.status == 400 and isinstance(text, str) and "in progress" in text.lower()


def _model_errors(exc: Answered) -> list[dict[str, Any]]:
    items = exc.said.get("detail")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _kinds(exc: Answered) -> set[str]:
    """Every `type` and `error_type` that the answer names."""
    named = [exc.said.get("error_type"), exc.headers.get("x-fal-error-type")]
    named += [item.get("type") for item in _model_errors(exc)]
    return {kind for kind in named if isinstance(kind, str)}


def _refused_input(exc: Answered) -> FalError:
    items = _model_errors(exc)
    for item in items:
        if item.get("type") == "content_policy_violation":
            happened, cause, todo = refusal(item)
            return FalRefused(happened, cause=cause, todo=todo, detail=_detail(exc))
    happened, todo = bad_input_words(items[0] if items else {}, exc.status)
    return FalBadInput(happened, todo=todo, detail=_detail(exc))


def _generation_failed(exc: Answered) -> FalError:
    return FalGenerationFailed(
        "fal could not make this video: the model failed on its side.",
        retryable=says_retry(exc.headers),
        todo="Press Retry. If it fails again, try another model.",
        detail=_detail(exc),
    )


def _timed_out(exc: Answered) -> FalError:
    return FalTimedOut(
        "fal did not start or finish this video in time and gave it up.",
        todo="Press Retry, at a quieter time or with another model.",
        detail=_detail(exc),
    )


def _not_finished(detail: str) -> FalError:
    return FalNotFinished("fal is still making this video.", detail=detail)


def _gone(exc: Answered) -> FalError:
    return FalResultGone(
        "fal no longer knows this request.",
        todo="Tell an administrator, who can look for it in fal's own dashboard.",
        detail=_detail(exc),
    )


def _locked(exc: Answered) -> FalError:
    todo = "An administrator tops up the fal account or lifts its lock, then resumes the queue."
    if exc.status == 401:
        todo = "An administrator sets a working FAL_KEY, then resumes the queue."
    happened = "fal refuses the studio's account or key."
    return FalAccountLocked(happened, todo=todo, detail=_detail(exc))


def _busy(exc: Answered, now_s: float) -> FalError:
    return FalUnavailable(
        "fal has no room or is in trouble at the moment.",
        retry_after_s=retry_after_s(exc.headers, now_s),
        todo="The studio tries again by itself.",
        detail=_detail(exc),
    )


def _unreachable(exc: Fault) -> FalError:
    return FalUnavailable(
        "fal can't be reached at the moment.",
        todo="The studio tries again by itself.",
        detail=_detail(exc),
    )


def _cost(units: Decimal | None, status: int) -> str:
    if units:
        return f"fal bills {units} units for it."
    if units is None and status < 500:
        return "fal named no charge for it."
    return "Nothing was spent."


def _detail(exc: Exception) -> str:
    """For the details of a failure: status and body as they came. Neither holds our key."""
    if not isinstance(exc, Answered):
        return str(exc) or type(exc).__name__
    body = exc.body.decode("utf-8", "replace")
    return f"HTTP {exc.status}: {body}"[:_DETAIL_CHARACTERS]


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_web_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)
