"""The queue protocol as fal documents it, with plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.simulator_calls import (
    APP,
    KEY,
    PRO,
    PRO_15,
    PRO_FAST,
    Calls,
    calling,
    image_bytes,
    image_uri,
)

SLOW = "[fault:never_completes]"


@pytest.fixture(scope="module")
def fal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    with calling(tmp_path_factory.mktemp("fal")) as calls:
        yield calls


def test_a_submit_is_answered_with_an_id_and_three_addresses(fal: Calls) -> None:
    answer = fal.submit()
    body = answer.json()
    url = f"{fal.simulator.url}/{APP}/requests/{body['request_id']}"
    assert answer.status_code == 200
    assert answer.headers["x-fal-request-id"] == body["request_id"]
    assert body == {
        "status": "IN_QUEUE",
        "request_id": body["request_id"],
        "response_url": url,
        "status_url": f"{url}/status",
        "cancel_url": f"{url}/cancel",
        "queue_position": 0,
    }


def test_a_submit_needs_a_key(fal: Calls) -> None:
    before = fal.simulator.counts()["posted"]
    assert fal.submit(headers={"Authorization": ""}).status_code == 401
    assert fal.submit(headers={"Authorization": "Bearer x"}).status_code == 401
    assert fal.simulator.counts()["posted"] == before


def test_an_unknown_endpoint_is_not_found(fal: Calls) -> None:
    assert fal.submit("fal-ai/nothing/here").status_code == 404


def test_a_body_that_is_no_object_is_a_bad_request(fal: Calls) -> None:
    answer = fal.http.post(f"/{PRO}", content=b"[1]")
    assert answer.status_code == 400
    assert answer.headers["x-fal-error-type"] == answer.json()["error_type"] == "bad_request"


def test_status_is_202_until_completed_and_then_200_with_metrics(fal: Calls) -> None:
    waiting = fal.accepted(prompt=SLOW)
    fal.until(waiting, "IN_PROGRESS")
    assert fal.http.get(waiting["status_url"]).status_code == 202
    done = fal.accepted()
    body = fal.until(done, "COMPLETED")
    assert fal.http.get(done["status_url"]).status_code == 200
    assert 0.05 <= body["metrics"]["inference_time"] <= 0.12
    assert "error" not in body


def test_logs_come_only_when_asked_for(fal: Calls) -> None:
    accepted = fal.accepted()
    assert fal.until(accepted, "COMPLETED")["logs"] is None
    logs = fal.http.get(accepted["status_url"], params={"logs": "1"}).json()["logs"]
    assert [log["message"] for log in logs][-1] == "Generating video: 75%"
    assert set(logs[0]) == {"message", "level", "source", "timestamp"}


def test_the_stream_ends_with_completed(fal: Calls) -> None:
    accepted = fal.accepted()
    with fal.http.stream("GET", f"{accepted['status_url']}/stream") as answer:
        events = [line for line in answer.iter_lines() if line]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert all(event.startswith("data: {") for event in events)
    assert '"COMPLETED"' in events[-1]


def test_a_result_before_the_end_is_400(fal: Calls) -> None:
    assert fal.http.get(fal.accepted(prompt=SLOW)["response_url"]).status_code == 400


def test_a_result_has_the_video_the_seed_and_the_billed_units(fal: Calls) -> None:
    answer = fal.result(seed=7, duration="5", aspect_ratio="16:9")
    body = answer.json()
    assert answer.headers["x-fal-billable-units"] == "0.0486"
    assert body["seed"] == 7
    assert body["video"]["content_type"] == "video/mp4"
    assert body["video"]["file_size"] == len(fal.http.get(body["video"]["url"]).content)


def test_units_of_a_model_that_bills_in_thousands_of_tokens(fal: Calls) -> None:
    answer = fal.result(
        endpoint="bytedance/seedance-2.0/image-to-video", duration="5", aspect_ratio="16:9"
    )
    assert answer.headers["x-fal-billable-units"] == "50.22"


def test_an_unknown_request_is_not_found(fal: Calls) -> None:
    url = f"/{APP}/requests/nothing"
    assert fal.http.get(f"{url}/status").json() == {"status": "NOT_FOUND"}
    assert [
        fal.http.get(f"{url}/status").status_code,
        fal.http.get(url).status_code,
        fal.http.put(f"{url}/cancel").status_code,
    ] == [404, 404, 404]


def test_addresses_with_the_full_endpoint_are_not_allowed(fal: Calls) -> None:
    request_id = fal.accepted()["request_id"]
    assert fal.http.get(f"/{PRO}/requests/{request_id}/status").status_code == 405


def test_the_queue_reads_need_a_key(fal: Calls) -> None:
    url = fal.accepted()["status_url"]
    assert fal.http.get(url, headers={"Authorization": ""}).status_code == 401


def test_a_request_in_progress_can_be_cancelled_once(fal: Calls) -> None:
    accepted = fal.accepted(prompt=SLOW)
    fal.until(accepted, "IN_PROGRESS")
    answer = fal.http.put(accepted["cancel_url"])
    assert (answer.status_code, answer.json()["status"]) == (202, "CANCELLATION_REQUESTED")
    again = fal.http.put(accepted["cancel_url"])
    assert (again.status_code, again.json()["status"]) == (400, "ALREADY_COMPLETED")
    assert fal.until(accepted, "COMPLETED")["error_type"] == "client_cancelled"
    assert fal.http.get(accepted["response_url"]).status_code == 499


@pytest.mark.parametrize(
    ("given", "loc", "kind"),
    [
        ({"duration": "13"}, "duration", "one_of"),
        ({"duration": 5}, "duration", "one_of"),
        ({"resolution": "9000p"}, "resolution", "one_of"),
        ({"aspect_ratio": "2:1"}, "aspect_ratio", "one_of"),
        ({"seed": -2}, "seed", "greater_than_equal"),
        ({"seed": 2**32}, "seed", "less_than_equal"),
        ({"seed": "x"}, "seed", "int_type"),
        ({"prompt": ""}, "prompt", "sequence_too_short"),
        ({"prompt": None}, "prompt", "string_type"),
        ({"image_url": "http://127.0.0.1/a.jpg"}, "image_url", "file_download_error"),
        ({"image_url": "data:image/png;base64,AAAA"}, "image_url", "image_load_error"),
        ({"image_url": image_uri((299, 400))}, "image_url", "image_too_small"),
        ({"end_image_url": "nothing"}, "end_image_url", "file_download_error"),
    ],
)
def test_a_bad_input_is_accepted_and_refused_at_the_result(
    fal: Calls, given: dict[str, Any], loc: str, kind: str
) -> None:
    answer = fal.result(**given)
    (problem,) = answer.json()["detail"]
    assert answer.status_code == 422
    assert (problem["loc"], problem["type"]) == (["body", loc], kind)
    assert set(problem) >= {"loc", "msg", "type", "input"}


def test_every_problem_of_an_input_is_named_at_once(fal: Calls) -> None:
    accepted = fal.http.post(f"/{PRO}", json={"duration": "1"}).json()
    assert fal.until(accepted, "COMPLETED")["error_type"] == "missing"
    problems = fal.http.get(accepted["response_url"]).json()["detail"]
    assert [problem["loc"][1] for problem in problems] == ["prompt", "duration", "image_url"]


def test_a_field_that_the_model_does_not_take_is_ignored(fal: Calls) -> None:
    answer = fal.result(endpoint=PRO_FAST, end_image_url="nothing", nonsense=1)
    assert answer.status_code == 200


def test_tags_are_kept_and_bad_ones_dropped(fal: Calls) -> None:
    tags = "job=42, BAD=1,fal.x=1,empty=,person=Ann B"
    request_id = fal.submit(headers={"X-Fal-Tags": tags}).json()["request_id"]
    (kept,) = [r for r in fal.simulator.requests() if r["request_id"] == request_id]
    assert kept["tags"] == {"job": "42", "person": "Ann B"}


def test_history_lists_what_has_run_with_its_input_and_output(fal: Calls) -> None:
    accepted = fal.accepted(endpoint=PRO_15, seed=99, prompt="find me")
    fal.until(accepted, "COMPLETED")
    running = fal.accepted(endpoint=PRO_15, prompt=SLOW)
    fal.until(running, "IN_PROGRESS")
    query = {"endpoint_id": PRO_15, "expand": "payloads"}
    answer = fal.http.get("/v1/models/requests/by-endpoint", params=query).json()
    (item,) = answer["items"]
    assert (answer["has_more"], answer["next_cursor"]) == (False, None)
    assert item["request_id"] == accepted["request_id"]
    assert item["json_input"]["prompt"] == "find me"
    assert item["json_output"]["video"]["url"].endswith("/video.mp4")
    assert (item["endpoint_id"], item["status_code"]) == (PRO_15, 200)


def test_history_pages_and_filters(fal: Calls) -> None:
    endpoint = "bytedance/seedance-2.0/fast/image-to-video"
    good = [fal.accepted(endpoint=endpoint) for _ in range(3)]
    bad = fal.accepted(endpoint=endpoint, duration="1")
    for accepted in [*good, bad]:
        fal.until(accepted, "COMPLETED")
    query = {"endpoint_id": endpoint, "limit": "2", "status": "success"}
    first = fal.http.get("/v1/models/requests/by-endpoint", params=query).json()
    query["cursor"] = first["next_cursor"]
    second = fal.http.get("/v1/models/requests/by-endpoint", params=query).json()
    found = [item["request_id"] for item in first["items"] + second["items"]]
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert set(found) == {accepted["request_id"] for accepted in good}
    assert "json_input" not in first["items"][0]


@pytest.mark.parametrize(
    "query",
    [{}, {"endpoint_id": PRO, "limit": "101"}, {"endpoint_id": PRO, "start": "yesterday"}],
)
def test_history_refuses_bad_parameters(fal: Calls, query: dict[str, str]) -> None:
    assert fal.http.get("/v1/models/requests/by-endpoint", params=query).status_code == 400


def test_pricing_comes_from_the_catalogue(fal: Calls) -> None:
    answer = fal.http.get("/v1/models/pricing", params={"endpoint_id": PRO}).json()
    assert answer["prices"] == [
        {"endpoint_id": PRO, "unit_price": 2.5, "unit": "1000000 tokens", "currency": "USD"}
    ]
    assert fal.http.get("/v1/models/pricing", headers={"Authorization": ""}).status_code == 401


def test_an_uploaded_file_can_be_fetched_in_parts_by_anybody(fal: Calls) -> None:
    token = fal.http.post("/storage/auth/token", json={}).json()
    headers = {
        "Authorization": f"{token['token_type']} {token['token']}",
        "Content-Type": "image/png",
        "X-Fal-File-Name": "../my photo.png",
    }
    answer = fal.http.post("/files/upload", content=b"0123456789", headers=headers)
    url = answer.json()["access_url"]
    part = fal.http.get(url, headers={"Range": "bytes=2-4", "Authorization": ""})
    assert url.endswith("/_my_photo.png")
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-type"] == "image/png"


def test_an_upload_needs_a_token(fal: Calls) -> None:
    assert fal.http.post("/files/upload", content=b"x", headers=KEY).status_code == 401


def test_a_video_can_be_fetched_in_parts(fal: Calls) -> None:
    url = fal.video_url()
    whole = fal.http.get(url)
    part = fal.http.get(url, headers={"Range": "bytes=4-7"})
    assert int(whole.headers["content-length"]) == len(whole.content)
    assert (part.status_code, part.content) == (206, b"ftyp")


@pytest.mark.parametrize("path", ["../state.sqlite3", "%2e%2e/state.sqlite3", "0" * 32 + "/.."])
def test_no_other_file_of_the_folder_can_be_fetched(fal: Calls, path: str) -> None:
    assert fal.http.get(f"/files/uploads/{path}").is_client_error


def test_counts_are_kept_by_endpoint_and_by_marker(fal: Calls) -> None:
    fal.submit(endpoint=PRO_FAST, seed=123456, headers={"X-Fal-Tags": "job=7"})
    fal.submit(endpoint=PRO_FAST, seed=123456, prompt="[fault:http_429]")
    counts = fal.simulator.counts()
    assert counts["by_marker"]["seed:123456"] == {"posted": 2, "booked": 1}
    assert counts["by_marker"]["tag:job=7"] == {"posted": 1, "booked": 1}
    assert counts["by_endpoint"][PRO_FAST]["posted"] > counts["by_endpoint"][PRO_FAST]["booked"]
    assert counts["booked"] == len(fal.simulator.requests())


def test_an_image_that_was_uploaded_can_be_used(fal: Calls) -> None:
    given = {"file_name": "a.jpg", "content_type": "image/jpeg"}
    places = fal.http.post("/storage/upload/initiate", json=given).json()
    assert fal.result(image_url=places["file_url"]).status_code == 422
    fal.http.put(places["upload_url"], content=image_bytes())
    assert fal.result(image_url=places["file_url"]).status_code == 200


def test_copies_are_prepared_once_for_each_size_and_length(fal: Calls) -> None:
    given = {"aspect_ratio": "9:16", "duration": "3"}
    contents = {fal.http.get(fal.video_url(prompt=text, **given)).content for text in ("a", "b")}
    assert len(contents) == 1
    assert (fal.simulator.folder / "renders" / "copy-480x864-3s-24-0.mp4").exists()
