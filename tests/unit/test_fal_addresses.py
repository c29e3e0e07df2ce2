from __future__ import annotations

from collections.abc import Iterator

import fal_client.client as stock
import httpx
import pytest

from jobs.fal.addresses import addresses
from storage.errors import SettingsError


@pytest.fixture(autouse=True)
def stock_addresses() -> Iterator[None]:
    """fal's own addresses before and after: the client is one to a process; others point it."""
    addresses(None).point_stock_client()
    yield
    addresses(None).point_stock_client()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9", "http://localhost:9/", "http://[::1]:9", "http://simulator:8000"],
)
def test_a_simulator_nearby_is_taken(url: str) -> None:
    assert addresses(url).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://queue.fal.run",
        "http://fal.example",
        "http://8.8.8.8",
        "http://10.0.0.5",
        "http://134744072",
        "http://0x08080808",
        "http://localhost.evil.example",
        "http://user:word@127.0.0.1",
        "http://127.0.0.1/path",
        "http://127.0.0.1/?a=1",
        "ftp://127.0.0.1",
        "127.0.0.1:9",
        "http://",
        "http://0.0.0.0",
        "http://127.0.0.1:notaport",
        "",
    ],
)
def test_any_other_base_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="FAL_BASE_URL"):
        addresses(url)


def test_the_stock_client_goes_where_it_is_pointed_and_back() -> None:
    real = (stock.QUEUE_URL_FORMAT, stock.RUN_URL_FORMAT, stock.REST_URL, stock.CDN_URL)
    addresses("http://127.0.0.1:9").point_stock_client()
    addresses("http://127.0.0.1:9").point_stock_client()
    assert (stock.QUEUE_URL_FORMAT, stock.RUN_URL_FORMAT) == ("http://127.0.0.1:9/",) * 2
    assert (stock.REST_URL, stock.CDN_URL) == ("http://127.0.0.1:9",) * 2
    addresses(None).point_stock_client()
    now = (stock.QUEUE_URL_FORMAT, stock.RUN_URL_FORMAT, stock.REST_URL, stock.CDN_URL)
    assert now == real
    assert real[0] == "https://queue.fal.run/"


@pytest.mark.parametrize(
    "url",
    [
        "https://queue.fal.run/fal-ai/x",
        "https://queue.falrun.com/fal-ai/x",
        "https://rest.fal.ai/storage",
        "https://api.fal.ai/v1",
    ],
)
def test_fals_own_hosts_may_have_the_key(url: str) -> None:
    assert addresses(None).is_ours(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://queue.fal.run/x",
        "https://queue.fal.run:8443/x",
        "https://queue.fal.run.evil.example/x",
        "https://queue.fal.run@evil.example/x",
        "https://v3.fal.media/files/x",
        "http://127.0.0.1:9/x",
        "https://[",
        "",
    ],
)
def test_nobody_else_may_have_the_key(url: str) -> None:
    assert not addresses(None).is_ours(url)


@pytest.mark.parametrize("url", ["https://queue.fal.run/x", "http://127.0.0.1:10/x"])
def test_with_a_simulator_nobody_else_may_have_the_key(url: str) -> None:
    simulator = addresses("http://127.0.0.1:9")
    assert not simulator.is_ours(url)
    assert not simulator.may_have_upload(httpx.URL(url))
    assert simulator.is_ours("http://127.0.0.1:9/x")
