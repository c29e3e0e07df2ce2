"""The client of Cloudflare's API at the wire."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from werkzeug.wrappers import Response

from storage.errors import CdnError, CdnUnavailable, SettingsError
from storage.objects.cloudflare import MAX_RETRY_AFTER_S, URLS_PER_CALL, Cloudflare
from tests.contract.cloudflare_server import (
    ACCOUNT,
    MAX_URLS,
    TOKEN,
    ZONE,
    CloudflareServer,
    refused,
    serving_cloudflare,
    slow_down,
)

URLS = ["https://cdn.acme.test/videos/1/720p.mp4?v=aa", "https://cdn.acme.test/videos/1/720p.mp4"]


@pytest.fixture
def server() -> Iterator[CloudflareServer]:
    with serving_cloudflare() as running:
        yield running


@pytest.fixture
def cloudflare(server: CloudflareServer) -> Iterator[Cloudflare]:
    client = Cloudflare(ZONE, SecretStr(TOKEN), server.url)
    yield client
    client.close()


def test_it_asks_for_the_purge_of_addresses(
    server: CloudflareServer, cloudflare: Cloudflare
) -> None:
    cloudflare.purge(URLS)
    assert server.purged == [URLS]
    (request,) = server.requests
    assert request.headers["Content-Type"] == "application/json"
    assert request.get_json() == {"files": URLS}


def test_a_call_takes_as_many_addresses_as_every_plan_allows() -> None:
    assert URLS_PER_CALL <= MAX_URLS


@pytest.mark.parametrize(
    ("said", "seconds"), [("37", 37.0), ("999999", MAX_RETRY_AFTER_S), ("soon", None), ("-1", None)]
)
def test_it_passes_on_how_long_cloudflare_asks_to_wait(
    server: CloudflareServer, cloudflare: Cloudflare, said: str, seconds: float | None
) -> None:
    server.answer = lambda request: slow_down(said)
    with pytest.raises(CdnUnavailable) as caught:
        cloudflare.purge(URLS)
    assert caught.value.retry_after_s == seconds


def test_a_server_error_is_for_later(server: CloudflareServer, cloudflare: Cloudflare) -> None:
    server.answer = lambda request: Response("<html>502</html>", 502)
    with pytest.raises(CdnUnavailable, match="502"):
        cloudflare.purge(URLS)


def test_what_cloudflare_refuses_is_told_in_its_words(
    server: CloudflareServer, cloudflare: Cloudflare
) -> None:
    server.host = "cdn.other.test"
    with pytest.raises(CdnError, match=r"not a host of the zone \(1107\)") as caught:
        cloudflare.purge(URLS)
    assert not isinstance(caught.value, CdnUnavailable)
    assert "CLOUDFLARE_ZONE_ID" in caught.value.todo


def test_success_is_what_the_body_says(server: CloudflareServer, cloudflare: Cloudflare) -> None:
    server.answer = lambda request: refused(200, 1000, "Not really")
    with pytest.raises(CdnError, match="Not really"):
        cloudflare.purge(URLS)


def test_another_server_than_cloudflares_is_noticed(
    server: CloudflareServer, cloudflare: Cloudflare
) -> None:
    server.answer = lambda request: Response("<html>Welcome</html>", 200)
    with pytest.raises(CdnError, match="does not speak like") as caught:
        cloudflare.purge(URLS)
    assert "CLOUDFLARE_API_URL" in caught.value.todo


def test_nobody_there_is_for_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(CdnUnavailable, match="can't be reached"):
            Cloudflare(ZONE, SecretStr(TOKEN), f"http://127.0.0.1:{port}").purge(URLS)


def test_a_silent_server_is_left(server: CloudflareServer) -> None:
    over = threading.Event()
    server.answer = lambda request: slow_down() if over.wait(10) else None
    client = Cloudflare(ZONE, SecretStr(TOKEN), server.url, timeout_s=0.2)
    with pytest.raises(CdnUnavailable, match="ReadTimeout"):
        client.purge(URLS)
    over.set()


@pytest.mark.parametrize("status", ["active", "disabled", "expired"])
def test_it_tells_what_became_of_a_token(
    server: CloudflareServer, cloudflare: Cloudflare, status: str
) -> None:
    server.token_status = status
    assert cloudflare.token_status(None) == status


def test_a_token_of_the_account_is_asked_for_there(
    server: CloudflareServer, cloudflare: Cloudflare
) -> None:
    server.of_account = True
    assert cloudflare.token_status(ACCOUNT) == "active"
    with pytest.raises(CdnError, match="Invalid API Token"):
        cloudflare.token_status(None)


def test_an_unknown_token_is_refused(server: CloudflareServer) -> None:
    with pytest.raises(CdnError, match="Authentication error") as caught:
        Cloudflare(ZONE, SecretStr("another-token"), server.url).token_status(ACCOUNT)
    assert "another-token" not in f"{caught.value} {caught.value.todo}"


@pytest.mark.parametrize("zone", ["", "acme.test", "../user", ZONE.upper(), ZONE + "0"])
def test_a_zone_that_can_not_be_is_an_operators_mistake(zone: str) -> None:
    with pytest.raises(SettingsError, match="CLOUDFLARE_ZONE_ID"):
        Cloudflare(zone, SecretStr(TOKEN), "https://api.cloudflare.test")


@pytest.mark.parametrize("token", ["", "two words", "a\nb", "ü"])
def test_a_token_that_can_not_be_is_never_shown(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Cloudflare(ZONE, SecretStr(token), "https://api.cloudflare.test")
    assert not token or token not in str(caught.value)


def test_its_representation_has_no_token(cloudflare: Cloudflare) -> None:
    assert TOKEN not in repr(cloudflare)
