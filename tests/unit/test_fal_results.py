"""What a result, status, cancel or history answer means, through the real client."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import (
    FalAccountLocked,
    FalBadInput,
    FalCanceled,
    FalError,
    FalGenerationFailed,
    FalNotFinished,
    FalRefused,
    FalResultGone,
    FalTimedOut,
    FalUnavailable,
)
from jobs.fal.client import FalClient
from jobs.fal.headers import billable_units, retry_after_s, says_retry
from jobs.fal.messages import CancelOutcome, Done, Queued, RequestRef, Running
from storage.models import FailureCause

HOME = "https://queue.fal.run/fal-ai/bytedance/requests/r-1"
REQUEST = RequestRef("r-1", f"{HOME}/status", HOME, f"{HOME}/cancel")
VIDEO = {
    "video": {
        "url": "https://v3.fal.media/files/a/b.mp4",
        "content_type": "video/mp4",
        "file_name": "b.mp4",
        "file_size": 4_000_000,
    },
    "seed": 42,
}
NGINX = "<html><center>nginx</center></html>"


class Fal:
    """Answers in turn; the last answer stays."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []
        self.client = FalClient(
            "key", wire=httpx.MockTransport(self.handle), sleep=self.waits.append
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(told.status_code, headers=told.headers, content=told.content)


def said(status: int, body: object = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.Response(status, headers=named, content=content)


def problem(kind: str, *loc: str, msg: str = "no", **ctx: object) -> dict[str, object]:
    return {"detail": [{"loc": ["body", *loc], "msg": msg, "type": kind, "ctx": ctx}]}


def result_error(*answers: httpx.Response) -> tuple[FalError, Fal]:
    fal = Fal(*answers)
    with pytest.raises(FalError) as caught:
        fal.client.result(REQUEST)
    return caught.value, fal


def test_a_result_is_fetched_with_one_get() -> None:
    fal = Fal(said(200, VIDEO, X_Fal_Billable_Units="0.0486"))
    result = fal.client.result(REQUEST)
    assert result.video_url == "https://v3.fal.media/files/a/b.mp4"
    assert result.seed == 42
    assert (result.billable_units, result.units_text) == (Decimal("0.0486"), "0.0486")
    assert (result.content_type, result.file_name) == ("video/mp4", "b.mp4")
    assert result.file_size_bytes == 4_000_000
    assert [(request.method, str(request.url)) for request in fal.asked] == [("GET", HOME)]


def test_a_bare_result_is_enough() -> None:
    result = Fal(said(200, {"video": {"url": "https://x.example/a.mp4"}})).client.result(REQUEST)
    assert (result.seed, result.billable_units, result.units_text) == (None, None, None)
    assert (result.content_type, result.file_size_bytes) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        NGINX,
        [],
        {},
        {"video": None},
        {"video": {}},
        {"video": {"url": 7}},
        {"video": {"url": "javascript:alert(1)"}},
        {"video": {"url": "file:///etc/passwd"}},
        {"video": {"url": "https://"}},
        {"video": {"url": "http://x:port/"}},
    ],
)
def test_a_result_without_a_video_breaks_the_protocol(body: object) -> None:
    error, _ = result_error(said(200, body, X_Fal_Billable_Units="2"))
    assert type(error) is FalError
    assert error.billable_units == 2
    assert error.cost == "fal bills 2 units for it."


@pytest.mark.parametrize(
    ("loc", "msg", "cause"),
    [
        (("prompt",), "no", FailureCause.REFUSED_PROMPT),
        (("image_url",), "may contain likenesses", FailureCause.REFUSED_START_IMAGE),
        (("end_image_url",), "no", FailureCause.REFUSED_END_IMAGE),
        (("generated_video",), "Output video has sensitive content.", FailureCause.REFUSED_OUTPUT),
        (("prompt",), "Output audio has sensitive content", FailureCause.REFUSED_OUTPUT),
        ((), "no", FailureCause.REFUSED_OUTPUT),
    ],
)
def test_moderation_names_what_was_refused(
    loc: tuple[str, ...], msg: str, cause: FailureCause
) -> None:
    error, fal = result_error(said(422, problem("content_policy_violation", *loc, msg=msg)))
    assert isinstance(error, FalRefused)
    assert error.cause is cause
    assert error.todo
    assert len(fal.asked) == 1


def test_a_refusal_carries_its_bill() -> None:
    answer = said(422, problem("content_policy_violation"), X_Fal_Billable_Units="1.5")
    error, _ = result_error(answer)
    assert error.billable_units == Decimal("1.5")
    assert error.cost == "fal bills 1.5 units for it."


def test_a_refusal_without_a_bill_does_not_claim_that_it_was_free() -> None:
    error, _ = result_error(said(422, problem("content_policy_violation")))
    assert error.cost == "fal named no charge for it."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            problem("image_too_small", "image_url", min_width=300, min_height=300),
            "The start image is too small for the model: at least 300 × 300 pixels.",
        ),
        (problem("image_load_error", "end_image_url"), "fal can't read the end image."),
        (
            problem("one_of", "duration", expected=["5", "10"]),
            "The model does not take this duration: it takes 5, 10.",
        ),
        (problem("less_than_equal", "seed", le=9), "The seed is too high: it must be at most 9."),
        (problem("missing", "image_url"), "The start image is missing."),
        (problem("file_too_large", max_size=30), "The file of the input is too large"),
        (problem("a_new_kind", "prompt"), "fal does not accept the prompt (HTTP 422)."),
        (problem("a_new_kind"), "fal does not accept this request (HTTP 422)."),
        ({"detail": "no"}, "fal does not accept this request (HTTP 422)."),
        (NGINX, "fal does not accept this request (HTTP 422)."),
    ],
)
def test_an_input_that_fal_can_not_use_is_told_in_plain_words(body: object, words: str) -> None:
    error, fal = result_error(said(422, body))
    assert isinstance(error, FalBadInput)
    assert error.happened.startswith(words)
    assert len(fal.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        said(504, {"detail": "no", "error_type": "request_timeout"}),
        said(504, {"detail": "no", "error_type": "startup_timeout"}),
        said(504, "", X_Fal_Request_Timeout_Type="user"),
        said(504, "", X_Fal_Error_Type="request_timeout"),
        said(504, problem("generation_timeout")),
    ],
)
def test_a_request_that_fal_gave_up_timed_out(answer: httpx.Response) -> None:
    error, _ = result_error(answer)
    assert isinstance(error, FalTimedOut)
    assert error.cost == "Nothing was spent."


@pytest.mark.parametrize(
    "answer",
    [
        said(500, problem("internal_server_error"), X_Fal_Needs_Retry="1"),
        said(500, problem("downstream_service_unavailable")),
        said(400, problem("downstream_service_error"), X_Fal_Retryable="true"),
        said(502, {"detail": "no", "error_type": "runner_incomplete_response"}),
        said(503, {"detail": "no", "error_type": "runner_disconnected"}),
        said(503, NGINX, X_Fal_Error_Type="runner_scheduling_failure"),
    ],
)
def test_a_failure_of_the_generation_itself_is_final(answer: httpx.Response) -> None:
    error, _ = result_error(answer)
    assert isinstance(error, FalGenerationFailed)
    assert error.cause is FailureCause.PROVIDER_DOWN
    assert error.retryable is says_retry(answer.headers)


def test_a_stored_model_error_is_not_asked_for_again() -> None:
    _, fal = result_error(said(500, problem("internal_server_error"), X_Fal_Needs_Retry="1"))
    assert len(fal.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        said(500, {"detail": "no", "error_type": "internal_error"}),
        *(said(status, NGINX) for status in (408, 429, 500, 502, 503, 504)),
        said(418, {"detail": "no"}, X_Fal_Retryable="true"),
    ],
)
def test_a_result_that_can_not_be_had_for_now_is_tried_three_times(answer: httpx.Response) -> None:
    error, fal = result_error(answer)
    assert isinstance(error, FalUnavailable)
    assert len(fal.asked) == 3
    assert [round(wait) for wait in fal.waits] == [1, 2]


def test_a_result_comes_after_a_fault_in_between() -> None:
    fal = Fal(said(502, NGINX), said(503, NGINX), said(200, VIDEO))
    assert fal.client.result(REQUEST).seed == 42
    assert len(fal.asked) == 3


def test_the_wait_that_fal_asks_for_is_kept() -> None:
    fal = Fal(said(429, "{}", Retry_After="9"), said(200, VIDEO))
    fal.client.result(REQUEST)
    assert fal.waits == [9]


def test_a_wait_beyond_half_a_minute_is_left_to_the_caller() -> None:
    error, fal = result_error(said(429, "{}", Retry_After="60"))
    assert isinstance(error, FalUnavailable)
    assert error.retry_after_s == 60
    assert (len(fal.asked), fal.waits) == (1, [])


@pytest.mark.parametrize(
    "answer",
    [
        said(400, {"detail": "Request is still in progress"}),
        said(202, {"status": "IN_PROGRESS", "request_id": "r-1"}),
        said(200, {"status": "IN_QUEUE", "request_id": "r-1"}),
    ],
)
def test_a_result_asked_for_too_early_is_told_apart(answer: httpx.Response) -> None:
    error, _ = result_error(answer)
    assert isinstance(error, FalNotFinished)


@pytest.mark.parametrize("status", [404, 410])
def test_a_result_that_fal_no_longer_keeps_is_gone(status: int) -> None:
    error, _ = result_error(said(status, {"detail": "Request not found"}))
    assert isinstance(error, FalResultGone)


@pytest.mark.parametrize("kind", ["client_cancelled", "client_disconnected"])
def test_a_cancelled_request_is_told_apart(kind: str) -> None:
    error, _ = result_error(said(499, {"detail": "no", "error_type": kind}))
    assert isinstance(error, FalCanceled)


@pytest.mark.parametrize("status", [401, 403])
def test_a_locked_account_is_not_the_end_of_the_request(status: int) -> None:
    error, _ = result_error(said(status, {"detail": "User is locked."}))
    assert isinstance(error, FalAccountLocked)


@pytest.mark.parametrize("status", [301, 307, 505])
def test_an_undocumented_status_breaks_the_protocol(status: int) -> None:
    error, fal = result_error(said(status, "", Location="https://evil.example/"))
    assert type(error) is FalError
    assert len(fal.asked) == 1


def test_the_key_is_not_sent_to_a_strangers_address() -> None:
    fal = Fal(said(200, VIDEO))
    stranger = RequestRef("r", *["https://evil.example/r"] * 3)
    for call in (fal.client.result, fal.client.status, fal.client.cancel):
        with pytest.raises(FalError, match=r"evil\.example"):
            call(stranger)
    assert fal.asked == []


STATUSES: list[tuple[dict[str, Any], object]] = [
    ({"status": "IN_QUEUE", "queue_position": 4}, Queued(4)),
    ({"status": "IN_PROGRESS", "logs": None}, Running([])),
    ({"status": "IN_PROGRESS", "logs": [{"message": "10 %"}, 7]}, Running([{"message": "10 %"}])),
    (
        {"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 41.4}},
        Done([], 41.4, None, None),
    ),
    ({"status": "COMPLETED", "logs": None, "metrics": None}, Done([], None, None, None)),
    (
        {"status": "COMPLETED", "logs": None, "error": "no", "error_type": "runner_disconnected"},
        Done([], None, "no", "runner_disconnected"),
    ),
]


@pytest.mark.parametrize(("body", "status"), STATUSES)
def test_a_status_is_read(body: dict[str, Any], status: object) -> None:
    fal = Fal(said(202, body))
    assert fal.client.status(REQUEST) == status
    assert str(fal.asked[0].url) == f"{HOME}/status?logs=true"


@pytest.mark.parametrize(
    "body", [NGINX, [], None, {}, {"status": "LOST"}, {"status": "IN_QUEUE", "queue_position": "x"}]
)
def test_a_status_of_another_form_breaks_the_protocol(body: object) -> None:
    with pytest.raises(FalError) as caught:
        Fal(said(200, body)).client.status(REQUEST)
    assert type(caught.value) is FalError


def test_the_status_of_an_unknown_request_is_gone() -> None:
    with pytest.raises(FalResultGone):
        Fal(said(404, {"status": "NOT_FOUND"})).client.status(REQUEST)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said(202, {"status": "CANCELLATION_REQUESTED"}), CancelOutcome.REQUESTED),
        (said(200, {"success": True}), CancelOutcome.REQUESTED),
        (said(400, {"status": "ALREADY_COMPLETED"}), CancelOutcome.ALREADY_COMPLETED),
        (said(404, {"status": "NOT_FOUND"}), CancelOutcome.NOT_FOUND),
    ],
)
def test_a_cancel_has_three_outcomes(answer: httpx.Response, outcome: CancelOutcome) -> None:
    fal = Fal(said(502, NGINX), answer)
    assert fal.client.cancel(REQUEST) is outcome
    assert {request.method for request in fal.asked} == {"PUT"}


def test_a_cancel_that_fal_does_not_understand_is_an_error() -> None:
    with pytest.raises(FalBadInput):
        Fal(said(400, {"detail": "no"})).client.cancel(REQUEST)


def test_a_good_key_is_known_by_an_unknown_request() -> None:
    fal = Fal(said(404, {"status": "NOT_FOUND"}))
    fal.client.probe_key()
    assert fal.asked[0].headers["authorization"] == "Key key"
    assert fal.asked[0].url.path.startswith("/fal-ai/bytedance/requests/")


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_is_known(status: int) -> None:
    with pytest.raises(FalAccountLocked):
        Fal(said(status, {"detail": "no"})).client.probe_key()


SINCE = datetime(2026, 10, 5, 10, 30, tzinfo=UTC)
MARKER = "https://v3.fal.media/files/marker.png"


def item(request_id: object, image_url: str = MARKER) -> dict[str, object]:
    sent = {"prompt": "tea", "image_url": image_url}
    return {"request_id": request_id, "json_input": sent, "sent_at": "2026-10-05T10:31:00Z"}


def found(*pages: httpx.Response) -> tuple[list[str], Fal]:
    fal = Fal(*pages)
    matches = fal.client.find_requests("fal-ai/bytedance/x/y", SINCE, MARKER)
    return [match.ref.request_id for match in matches], fal


def test_requests_are_found_by_their_start_image_on_every_page() -> None:
    first = {"items": [item("a"), item("b", MARKER + "?")], "has_more": True, "next_cursor": "c2"}
    last = {"items": [item("c"), {"request_id": "d"}, 7], "has_more": False, "next_cursor": None}
    ids, fal = found(said(200, first), said(200, last))
    assert ids == ["a", "c"]
    assert fal.asked[0].url.path == "/v1/models/requests/by-endpoint"
    assert fal.asked[0].url.host == "api.fal.ai"
    assert fal.asked[0].url.params["start"] == "2026-10-05T10:30:00Z"
    assert fal.asked[0].url.params["expand"] == "payloads"
    assert fal.asked[1].url.params["cursor"] == "c2"


def test_a_search_ends_where_its_request_must_have_ended() -> None:
    over, to_come = datetime(2026, 10, 5, 13, tzinfo=UTC), datetime.now(UTC) + timedelta(hours=1)
    asked = {}
    for until in (over, to_come, None):
        fal = Fal(said(200, {"items": []}))
        fal.client.find_requests("fal-ai/bytedance/x/y", SINCE, MARKER, until=until)
        asked[until] = fal.asked[0].url.params.get("end")
    assert asked == {over: "2026-10-05T13:00:00Z", to_come: None, None: None}


def test_a_found_request_can_be_followed() -> None:
    fal = Fal(said(200, {"items": [item("a") | {"status_code": 200, "started_at": "soon"}]}))
    match = fal.client.find_requests("fal-ai/bytedance/x/y", SINCE, MARKER)[0]
    assert match.ref.status_url == "https://queue.fal.run/fal-ai/bytedance/requests/a/status"
    assert match.sent_at == datetime(2026, 10, 5, 10, 31, tzinfo=UTC)
    assert (match.started_at, match.ended_at, match.status_code) == (None, None, 200)


@pytest.mark.parametrize("body", [NGINX, {}, {"items": None}, {"items": [item(None)]}])
def test_a_history_of_another_form_is_no_empty_history(body: object) -> None:
    with pytest.raises(FalError):
        found(said(200, body))


def test_a_history_without_end_is_an_error() -> None:
    with pytest.raises(FalError, match="100 pages"):
        found(said(200, {"items": [], "has_more": True, "next_cursor": "again"}))


def test_a_key_that_may_not_read_the_history_is_no_locked_account() -> None:
    with pytest.raises(FalError, match="history") as caught:
        found(said(403, {"detail": "Forbidden"}))
    assert not isinstance(caught.value, FalAccountLocked)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "Mon, 05 Oct 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Mon, 05 Oct 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "later"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "8"}, 8),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1791201610"}, 10),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "8"}, None),
    ],
)
def test_the_wait_is_read_from_the_headers(headers: dict[str, str], wait_s: float | None) -> None:
    now_s = datetime(2026, 10, 5, 12, tzinfo=UTC).timestamp()
    assert retry_after_s(httpx.Headers(headers), now_s) == wait_s


@given(st.text(max_size=20))
def test_a_wait_is_never_negative_or_no_number(text: str) -> None:
    wait_s = retry_after_s({"retry-after": text}, 0)
    assert wait_s is None or 0 <= wait_s < float("inf")


@pytest.mark.parametrize("text", ["", "-1", "NaN", "Infinity", "one", "1,5"])
def test_units_that_are_no_amount_are_none(text: str) -> None:
    assert billable_units({"x-fal-billable-units": text}) is None


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_units_keep_every_digit(units: Decimal) -> None:
    assert billable_units({"x-fal-billable-units": str(units)}) == units
