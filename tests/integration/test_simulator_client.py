"""The unmodified `fal_client` against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import fal_client
import httpx
import pytest
from fal_client import client as fal_module

from jobs.fal.simulator.process import Simulator, running_simulator
from tests.integration.simulator_calls import IMAGE, PRO, image_bytes


class Tidy(fal_client.SyncClient):
    """The stock client, which opens an HTTP client for every upload and closes none. Left to the
    garbage collector they would be found in whatever test runs then."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.opened: list[httpx.Client] = []

    def _get_cdn_client(self) -> httpx.Client:
        self.opened.append(super()._get_cdn_client())
        return self.opened[-1]

    def close(self) -> None:
        for http in (self._client, *self.opened):
            http.close()


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running_simulator(tmp_path_factory.mktemp("fal"), seconds=0.1, render="copy") as running:
        yield running


@pytest.fixture
def client(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[fal_client.SyncClient]:
    for name in ("QUEUE_URL_FORMAT", "RUN_URL_FORMAT"):
        monkeypatch.setattr(fal_module, name, f"{simulator.url}/")
    for name in ("REST_URL", "CDN_URL"):
        monkeypatch.setattr(fal_module, name, simulator.url)
    with closing(Tidy(key="test:key", default_timeout=10)) as made:
        yield made


def arguments(**given: Any) -> dict[str, object]:
    return {"prompt": "A cat walks", "image_url": IMAGE, "resolution": "480p"} | given


def test_a_request_from_submit_to_result(client: fal_client.SyncClient) -> None:
    handle = client.submit(PRO, arguments(seed=11), start_timeout=30)
    seen = list(handle.iter_events(with_logs=True, interval=0.02))
    assert isinstance(seen[-1], fal_client.Completed)
    assert handle.get()["seed"] == 11
    assert client.get_handle(PRO, handle.request_id) == handle


def test_subscribe_uploads_and_waits(client: fal_client.SyncClient) -> None:
    url = client.upload(image_bytes(), "image/jpeg", "product.jpg")
    result = client.subscribe(PRO, arguments(image_url=url))
    assert result["video"]["url"].endswith(".mp4")
    assert client._client.get(url).content == image_bytes()


def test_a_file_beyond_the_part_size_is_uploaded_in_parts(
    client: fal_client.SyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fal_module, "MULTIPART_THRESHOLD", 1000)
    monkeypatch.setattr(fal_module, "MULTIPART_CHUNK_SIZE", 4000)
    (tmp_path / "large.jpg").write_bytes(image_bytes((2000, 1500)))
    url = client.upload_file(tmp_path / "large.jpg")
    assert client._client.get(url).content == (tmp_path / "large.jpg").read_bytes()


def test_an_upload_falls_back_to_the_second_way(
    client: fal_client.SyncClient, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fal_module, "MAX_ATTEMPTS", 1)
    simulator.set_fault("upload_500", match="fallback.jpg")
    url = client.upload(image_bytes(), "image/jpeg", "fallback.jpg")
    assert client._client.get(url).content == image_bytes()


def test_a_refusal_is_an_http_error_with_fals_details(client: fal_client.SyncClient) -> None:
    handle = client.submit(PRO, arguments(prompt="[fault:refuse_start_image]"))
    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        handle.get(interval=0.02)
    assert caught.value.status_code == 422
    assert caught.value.response.json()["detail"][0]["type"] == "content_policy_violation"


def test_a_queued_request_can_be_cancelled(client: fal_client.SyncClient) -> None:
    handle = client.submit(PRO, arguments(prompt="[fault:never_completes]"))
    handle.cancel()
    assert isinstance(handle.status(), fal_client.Completed)


def test_the_stock_client_books_again_when_the_answer_is_lost(
    client: fal_client.SyncClient, simulator: Simulator
) -> None:
    simulator.set_fault("drop_answer", count=2)
    before = simulator.counts()["booked"]
    client.submit(PRO, arguments(seed=4321))
    assert simulator.counts()["booked"] == before + 3
    assert simulator.counts()["by_marker"]["seed:4321"] == {"posted": 3, "booked": 3}
