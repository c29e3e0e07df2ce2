"""The real `fal_client` against the simulator, from the upload to the bill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
from PIL import Image

from jobs.errors import (
    FalAccountLocked,
    FalBadInput,
    FalCanceled,
    FalError,
    FalGenerationFailed,
    FalOutcomeUnknown,
    FalRefused,
    FalResultGone,
    FalTimedOut,
    FalUnavailable,
)
from jobs.fal.addresses import addresses
from jobs.fal.client import FalClient
from jobs.fal.messages import Accepted, CancelOutcome, Done, RequestRef, Timeouts
from jobs.fal.polling import AsyncFalClient
from jobs.fal.sdk import Connection
from jobs.fal.simulator.process import Simulator, running_simulator
from storage.models import FailureCause

ENDPOINT = "fal-ai/bytedance/seedance/v1/pro/image-to-video"
DEADLINE_S = 30


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running_simulator(tmp_path_factory.mktemp("fal"), seconds=0.2, render="copy") as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[FalClient]:
    waits: list[float] = []
    with FalClient("key-id:secret", simulator.url, sleep=waits.append) as client:
        yield client
    simulator.clear_faults()


def image() -> bytes:
    target = BytesIO()
    Image.new("RGB", (640, 480), (200, 30, 30)).save(target, "png")
    return target.getvalue()


def test_threads_that_come_first_at_once_share_one_connection_and_leave_none_open(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Connection] = []
    together = Barrier(4, timeout=DEADLINE_S)

    class Slow(Connection):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            together.wait()

        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr("jobs.fal.client.Connection", Slow)
    with FalClient("key-id:secret", simulator.url) as client, ThreadPoolExecutor(4) as threads:
        uploads = [threads.submit(client.upload, image(), "image/png", "a.png") for _ in range(4)]
        assert all(upload.result(DEADLINE_S) for upload in uploads)
        assert len(set(closed)) == 3
    assert len(set(closed)) == 4


def submit(client: FalClient, prompt: str = "tea") -> tuple[Accepted, str]:
    marker = client.upload(image(), "image/png", "start.png")
    return post(client, marker, prompt), marker


def post(client: FalClient, marker: str, prompt: str) -> Accepted:
    arguments = {
        "prompt": prompt,
        "image_url": marker,
        "resolution": "480p",
        "duration": "5",
        "aspect_ratio": "16:9",
    }
    return client.submit(ENDPOINT, arguments, start_timeout_s=600, tags={"attempt": "7"})


def wait_until_done(client: FalClient, request: RequestRef) -> Done:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        status = client.status(request)
        if isinstance(status, Done):
            return status
    raise AssertionError("The simulator did not finish in time.")


def result_error(client: FalClient, fault: str) -> tuple[FalError, Done]:
    request, _ = submit(client, f"tea [fault:{fault}]")
    done = wait_until_done(client, request)
    with pytest.raises(FalError) as caught:
        client.result(request)
    return caught.value, done


def booked(simulator: Simulator, marker: str) -> int:
    return sum(request["input"]["image_url"] == marker for request in simulator.requests())


def test_a_video_is_made_and_billed(client: FalClient, simulator: Simulator) -> None:
    request, marker = submit(client)
    done = wait_until_done(client, request)
    result = client.result(request)
    assert (done.error, done.error_type) == (None, None)
    assert done.inference_s is not None
    assert done.logs
    assert result.billable_units is not None
    assert result.billable_units > 0
    assert httpx.get(result.video_url, trust_env=False).content[4:8] == b"ftyp"
    assert booked(simulator, marker) == 1


def test_an_upload_of_a_file_gives_another_address_each_time(
    client: FalClient, tmp_path: Path
) -> None:
    file = tmp_path / "start.png"
    file.write_bytes(image())
    first = client.upload(file, "image/png", "start.png")
    second = client.upload(file, "image/png", "start.png")
    assert first != second
    assert httpx.get(first, trust_env=False).content == file.read_bytes()


def test_the_first_call_of_a_process_stays_with_the_simulator(simulator: Simulator) -> None:
    addresses(None).point_stock_client()
    with FalClient("key-id:secret", simulator.url) as client:
        assert client.upload(image(), "image/png", "start.png").startswith(simulator.url)


def test_an_upload_is_tried_again(client: FalClient, simulator: Simulator) -> None:
    simulator.set_fault("upload_500", count=2)
    assert client.upload(image(), "image/png", "start.png").startswith(simulator.url)


def test_an_upload_that_keeps_failing_is_unavailable(
    client: FalClient, simulator: Simulator
) -> None:
    simulator.set_fault("upload_500", count=3)
    with pytest.raises(FalUnavailable):
        client.upload(image(), "image/png", "start.png")
    assert client.upload(image(), "image/png", "start.png").startswith(simulator.url)


def test_an_upload_to_a_locked_account_is_told_apart(
    client: FalClient, simulator: Simulator
) -> None:
    simulator.set_fault("upload_403_locked", count=1)
    with pytest.raises(FalAccountLocked):
        client.upload(image(), "image/png", "start.png")


@pytest.mark.parametrize(
    "fault",
    [
        "drop_answer",
        "reset",
        "truncated_answer",
        "nginx_502",
        "nginx_503",
        "nginx_504",
        "http_408",
        "http_409",
        "http_500",
        "html_200",
    ],
)
def test_a_lost_answer_leaves_one_booking_that_is_found_again(
    client: FalClient, simulator: Simulator, fault: str
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    marker = client.upload(image(), "image/png", "start.png")
    with pytest.raises(FalOutcomeUnknown):
        post(client, marker, f"tea [fault:{fault}]")
    assert booked(simulator, marker) == 1
    assert simulator.counts()["by_marker"][f"image_url:{marker}"]["booked"] == 1
    found = wait_until_found(client, since, marker)
    assert isinstance(wait_until_done(client, found), Done)
    assert client.result(found).video_url


def wait_until_found(client: FalClient, since: datetime, marker: str) -> RequestRef:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = client.find_requests(ENDPOINT, since, marker)
        if found:
            assert len(found) == 1
            return found[0].ref
    raise AssertionError("The history did not show the request in time.")


def test_an_answer_that_comes_too_late_leaves_one_booking(simulator: Simulator) -> None:
    timeouts = Timeouts(submit_s=0.3)
    with FalClient("key-id:secret", simulator.url, timeouts=timeouts) as client:
        marker = client.upload(image(), "image/png", "start.png")
        with pytest.raises(FalOutcomeUnknown):
            post(client, marker, "tea [fault:slow_answer=1]")
    assert booked(simulator, marker) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("http_429", FalUnavailable),
        ("locked_403", FalAccountLocked),
        ("bad_key_401", FalAccountLocked),
    ],
)
def test_a_clean_refusal_books_nothing(
    client: FalClient, simulator: Simulator, fault: str, kind: type[FalError]
) -> None:
    marker = client.upload(image(), "image/png", "start.png")
    with pytest.raises(kind):
        post(client, marker, f"tea {marker} [fault:{fault}]")
    assert booked(simulator, marker) == 0


def test_a_model_that_fal_does_not_offer_is_bad_input(client: FalClient) -> None:
    with pytest.raises(FalBadInput):
        client.submit("fal-ai/no/such", {"prompt": "tea"}, start_timeout_s=60)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("refuse_prompt", FailureCause.REFUSED_PROMPT),
        ("refuse_start_image", FailureCause.REFUSED_START_IMAGE),
        ("refuse_end_image", FailureCause.REFUSED_END_IMAGE),
        ("refuse_output", FailureCause.REFUSED_OUTPUT),
        ("refuse_output_billed", FailureCause.REFUSED_OUTPUT),
    ],
)
def test_a_refusal_names_what_was_refused_and_its_bill(
    client: FalClient, fault: str, cause: FailureCause
) -> None:
    error, done = result_error(client, fault)
    assert isinstance(error, FalRefused)
    assert error.cause is cause
    assert error.billable_units is not None
    assert (error.billable_units > 0) is (fault == "refuse_output_billed")
    assert done.error


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("bad_image", FalBadInput),
        ("result_500", FalGenerationFailed),
        ("runner_gone", FalGenerationFailed),
        ("generation_timeout", FalTimedOut),
        ("start_timeout", FalTimedOut),
        ("result_gone", FalResultGone),
    ],
)
def test_each_way_to_fail_has_its_error(
    client: FalClient, fault: str, kind: type[FalError]
) -> None:
    error, _ = result_error(client, fault)
    assert type(error) is kind


def test_a_missing_bill_is_none_and_a_negative_one_too(client: FalClient) -> None:
    for fault, text in (("units_missing", None), ("units_negative", "-1")):
        request, _ = submit(client, f"tea [fault:{fault}]")
        wait_until_done(client, request)
        result = client.result(request)
        assert (result.billable_units, result.units_text) == (None, text)


def test_a_cancelled_request_ends_as_cancelled(client: FalClient) -> None:
    request, _ = submit(client, "tea [fault:never_completes]")
    assert client.cancel(request) is CancelOutcome.REQUESTED
    wait_until_done(client, request)
    with pytest.raises(FalCanceled):
        client.result(request)


def test_a_finished_request_can_not_be_cancelled(client: FalClient) -> None:
    request, _ = submit(client)
    wait_until_done(client, request)
    assert client.cancel(request) is CancelOutcome.ALREADY_COMPLETED


def test_an_unknown_request_can_not_be_cancelled(client: FalClient) -> None:
    request = client.request_ref(ENDPOINT, "00000000-0000-4000-8000-000000000000")
    assert client.cancel(request) is CancelOutcome.NOT_FOUND
    with pytest.raises(FalResultGone):
        client.status(request)


def test_the_key_is_probed_without_a_booking(client: FalClient, simulator: Simulator) -> None:
    before = simulator.counts()["booked"]
    client.probe_key()
    assert simulator.counts()["booked"] == before


def test_another_start_image_is_not_found(client: FalClient) -> None:
    request, marker = submit(client)
    wait_until_done(client, request)
    since = datetime.now(UTC) - timedelta(minutes=5)
    assert client.find_requests(ENDPOINT, since, marker + "x") == []


def test_the_watcher_follows_many_requests(client: FalClient, simulator: Simulator) -> None:
    requests = [submit(client)[0] for _ in range(8)]

    async def follow(watcher: AsyncFalClient, request: RequestRef) -> Done:
        while not isinstance(status := await watcher.status(request), Done):
            await asyncio.sleep(0.02)
        return status

    async def watch() -> list[Done]:
        async with AsyncFalClient("key-id:secret", simulator.url) as watcher:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.gather(*(follow(watcher, request) for request in requests))

    assert [done.error for done in asyncio.run(watch())] == [None] * 8
