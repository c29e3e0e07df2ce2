"""Each fault: what the client sees, and what was booked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.fal.simulator.faults import FAULTS, Stage
from storage.errors import ServiceError
from tests.integration.simulator_calls import IMAGE, PRO, PRO_FAST, Calls, calling


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    with calling(tmp_path_factory.mktemp("fal"), seconds=0.1) as calls:
        yield calls


@pytest.fixture
def fal(server: Calls) -> Iterator[Calls]:
    yield server
    server.simulator.clear_faults()


def booked_by(fal: Calls, name: str, **how: Any) -> int:
    """How many requests one POST books while the fault is on; its answer is not looked at."""
    fal.simulator.set_fault(name, **how)
    before = fal.simulator.counts()
    with suppress(httpx.TransportError):
        fal.submit()
    after = fal.simulator.counts()
    assert after["posted"] == before["posted"] + 1
    booked: int = after["booked"] - before["booked"]
    return booked


@pytest.mark.parametrize("name", [n for n, (stage, _) in FAULTS.items() if stage is Stage.REFUSAL])
def test_a_refusal_books_nothing(fal: Calls, name: str) -> None:
    assert booked_by(fal, name) == 0


@pytest.mark.parametrize("name", [n for n, (stage, _) in FAULTS.items() if stage is Stage.SUBMIT])
def test_a_bad_answer_comes_after_the_booking(fal: Calls, name: str) -> None:
    assert booked_by(fal, name, seconds=0) == 1


@pytest.mark.parametrize(
    ("name", "status_code", "text"),
    [
        ("http_429", 429, "Too many requests"),
        ("locked_403", 403, "User is locked. Reason: Exhausted balance. Top up your balance at"),
        ("bad_key_401", 401, "No user found for Key ID and Secret"),
        ("nginx_502", 502, "nginx"),
        ("nginx_503", 503, "nginx"),
        ("nginx_504", 504, "nginx"),
        ("http_408", 408, "detail"),
        ("http_409", 409, "detail"),
        ("http_500", 500, "internal_error"),
        ("html_200", 200, "<!doctype html>"),
    ],
)
def test_what_a_submit_sees(fal: Calls, name: str, status_code: int, text: str) -> None:
    answer = fal.submit(prompt=f"A cat [fault:{name}]")
    assert (answer.status_code, text in answer.text) == (status_code, True)
    assert "x-fal-request-id" not in answer.headers


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("drop_answer", "Server disconnected without sending a response"),
        ("reset", "Connection reset by peer"),
        ("truncated_answer", "peer closed connection without sending complete message body"),
    ],
)
def test_a_lost_connection_is_really_lost(fal: Calls, name: str, message: str) -> None:
    with pytest.raises(httpx.TransportError, match=message):
        fal.submit(prompt=f"A cat [fault:{name}]")


def test_a_slow_answer_is_booked_while_the_client_still_waits(fal: Calls) -> None:
    before = fal.simulator.counts()["booked"]
    with pytest.raises(httpx.ReadTimeout):
        fal.http.post(
            f"/{PRO}", json={"prompt": "A [fault:slow_answer=60]", "image_url": IMAGE}, timeout=0.3
        )
    assert fal.simulator.counts()["booked"] == before + 1


def test_a_slow_answer_is_the_right_answer(fal: Calls) -> None:
    assert fal.accepted(prompt="A [fault:slow_answer=0.01]")["status"] == "IN_QUEUE"


def test_a_refusal_by_words_lets_the_second_try_through(fal: Calls) -> None:
    prompt = "Again and again [fault:http_429]"
    codes = [fal.submit(prompt=prompt).status_code for _ in range(4)]
    assert codes == [429, 200, 429, 200]


@pytest.mark.parametrize(
    ("name", "loc"),
    [
        ("refuse_prompt", "prompt"),
        ("refuse_start_image", "image_url"),
        ("refuse_end_image", "end_image_url"),
        ("refuse_output", "generated_video"),
        ("refuse_output_billed", "generated_video"),
    ],
)
def test_moderation_says_what_it_refuses(fal: Calls, name: str, loc: str) -> None:
    answer = fal.result(prompt=f"A cat [fault:{name}]", end_image_url=IMAGE)
    (problem,) = answer.json()["detail"]
    assert (answer.status_code, problem["type"]) == (422, "content_policy_violation")
    assert problem["loc"] == ["body", loc]
    assert problem["ctx"]["extra_info"]["reason"] == "partner_validation_failed"


def test_only_the_billed_refusal_is_billed(fal: Calls) -> None:
    ratio = {"aspect_ratio": "16:9"}
    free = fal.result(prompt="[fault:refuse_output]", **ratio)
    billed = fal.result(prompt="[fault:refuse_output_billed]", **ratio)
    assert free.headers["x-fal-billable-units"] == "0"
    assert billed.headers["x-fal-billable-units"] == "0.0486"


@pytest.mark.parametrize(
    ("name", "status_code", "error_type"),
    [
        ("bad_image", 422, "image_load_error"),
        ("result_500", 500, "internal_server_error"),
        ("generation_timeout", 504, "generation_timeout"),
        ("runner_gone", 503, "runner_disconnected"),
        ("start_timeout", 504, "request_timeout"),
    ],
)
def test_a_failed_run_completes_with_its_error(
    fal: Calls, name: str, status_code: int, error_type: str
) -> None:
    accepted = fal.accepted(prompt=f"A cat [fault:{name}]")
    assert fal.until(accepted, "COMPLETED")["error_type"] == error_type
    assert fal.http.get(accepted["response_url"]).status_code == status_code


def test_a_start_timeout_says_that_the_user_set_it(fal: Calls) -> None:
    answer = fal.result(prompt="[fault:start_timeout]")
    assert answer.headers["x-fal-request-timeout-type"] == "user"
    assert answer.headers["x-fal-error-type"] == "request_timeout"


def test_never_completes_stays_in_progress(fal: Calls) -> None:
    accepted = fal.accepted(prompt="[fault:never_completes]")
    other = fal.accepted()
    fal.until(other, "COMPLETED")
    assert fal.until(accepted, "IN_PROGRESS")["logs"] is None


def test_an_ignored_cancel_still_makes_the_video(fal: Calls) -> None:
    accepted = fal.accepted(prompt="[fault:cancel_ignored]")
    fal.until(accepted, "IN_PROGRESS")
    assert fal.http.put(accepted["cancel_url"]).status_code == 202
    fal.until(accepted, "COMPLETED")
    assert "video" in fal.http.get(accepted["response_url"]).json()


def test_a_result_can_be_gone(fal: Calls) -> None:
    answer = fal.result(prompt="[fault:result_gone]")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Request not found"})


@pytest.mark.parametrize(
    ("name", "units"),
    [("units_missing", None), ("units_negative", "-1"), ("units_absurd", "999999999")],
)
def test_units_can_be_nonsense(fal: Calls, name: str, units: str | None) -> None:
    answer = fal.result(prompt=f"A cat [fault:{name}]")
    assert (answer.status_code, answer.headers.get("x-fal-billable-units")) == (200, units)


def test_one_status_poll_meets_a_gateway_error(fal: Calls) -> None:
    accepted = fal.accepted(prompt="[fault:status_502]")
    codes = [fal.http.get(accepted["status_url"]).status_code for _ in range(3)]
    assert codes[0] == 502
    assert set(codes[1:]) <= {200, 202}


def test_a_file_can_be_missing(fal: Calls) -> None:
    assert fal.http.get(fal.video_url(prompt="[fault:result_missing_file]")).status_code == 404


def test_a_file_can_be_cut_off(fal: Calls) -> None:
    url = fal.video_url(prompt="[fault:truncated_file]")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        fal.http.get(url)


def test_a_file_can_be_no_video(fal: Calls) -> None:
    answer = fal.http.get(fal.video_url(prompt="[fault:not_a_video]"))
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.text.startswith("This is not the video")


@pytest.mark.parametrize(("name", "code"), [("upload_500", 500), ("upload_403_locked", 403)])
def test_an_upload_can_fail_once(fal: Calls, name: str, code: int) -> None:
    fal.simulator.set_fault(name)
    token = fal.http.post("/storage/auth/token", json={}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    before = fal.simulator.counts()["uploads"]
    codes = [
        fal.http.post("/files/upload", content=b"x", headers=headers).status_code for _ in range(2)
    ]
    assert codes == [code, 200]
    assert fal.simulator.counts()["uploads"] == before + 1


def test_a_fault_fires_as_often_as_it_was_told(fal: Calls) -> None:
    fal.simulator.set_fault("http_429", count=2)
    assert [fal.submit().status_code for _ in range(3)] == [429, 429, 200]


def test_a_fault_can_be_on_until_it_is_cleared(fal: Calls) -> None:
    fal.simulator.set_fault("http_429", always=True)
    assert [fal.submit().status_code for _ in range(3)] == [429, 429, 429]
    fal.simulator.clear_faults()
    assert fal.submit().status_code == 200


def test_a_fault_hits_only_the_prompt_and_endpoint_it_is_for(fal: Calls) -> None:
    fal.simulator.set_fault("http_429", always=True, match="tiger", endpoint=PRO_FAST)
    codes = [
        fal.submit(endpoint=endpoint, prompt=prompt).status_code
        for endpoint in (PRO, PRO_FAST)
        for prompt in ("A cat", "A tiger")
    ]
    assert codes == [200, 200, 200, 429]


def test_an_unknown_fault_is_refused_by_the_admin_api_and_ignored_in_a_prompt(fal: Calls) -> None:
    with pytest.raises(ServiceError, match=r"answered 422: .*http_429"):
        fal.simulator.set_fault("nonsense")
    assert fal.submit(prompt="[fault:nonsense]").status_code == 200


def test_a_start_deadline_that_passes_in_the_queue_ends_the_request(tmp_path: Path) -> None:
    with calling(tmp_path, seconds=0, concurrency=1) as fal:
        fal.until(fal.accepted(prompt="[fault:never_completes]"), "IN_PROGRESS")
        late = fal.submit(headers={"X-Fal-Request-Timeout": "0.2"}).json()
        later = fal.submit(headers={"X-Fal-Request-Start-Timeout": "0.3"}).json()
        patient = fal.accepted()
        fal.until(later, "COMPLETED")
        assert fal.until(late, "COMPLETED")["error_type"] == "request_timeout"
        assert fal.until(patient, "IN_QUEUE")["queue_position"] == 0
        assert time.time() > fal.simulator.requests()[1]["start_deadline"]
