"""Where the files of a link come from, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from dashboard import services as front_services
from jobs import sharing
from jobs.bootstrap import Services
from jobs.guests import SIGNED_URL_S
from storage.objects.cdn import Cdn, CdnStore, Copy, PublicDomain
from storage.objects.cloudflare import Cloudflare
from storage.objects.local import LocalStore
from tests.integration.front.front_studio import FILM, Studio
from tests.integration.front.shared_links import shared


class Elsewhere(LocalStore):
    """A store whose files have addresses of their own, on a server of the test."""

    server = "https://files.test"

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> str:  # type: ignore[override]
        return f"{self.server}/{key}?for={expires_s}&name={download_name}"


class Everything:
    """Copies of every file."""

    def find(self, key: str) -> Copy:
        return Copy(key, "0" * 64)

    def release(self, keys: object) -> None:
        """There is nothing to do."""


def with_public_cdn(services: Services, origin: LocalStore) -> Services:
    secret = SecretStr("secret")
    domain = PublicDomain(
        "https://cdn.acme.test", Cloudflare("0" * 32, secret, "http://127.0.0.1:1")
    )
    cdn = Cdn("http://127.0.0.1:1", "bucket", secret, secret, None, domain)
    return replace(services, cdn=cdn, store=CdnStore(origin, cdn, Everything()))


def objects(services: Services) -> Path:
    return services.settings.data_dir / "objects"


@pytest.mark.parametrize(("left_s", "most_s"), [(3600, SIGNED_URL_S), (20, 20)])
def test_a_signed_address_lives_no_longer_than_the_link(
    studio: Studio, services: Services, left_s: int, most_s: int
) -> None:
    link = shared(studio)
    front_services.install(replace(services, store=Elsewhere(objects(services))))
    ends = datetime.now(UTC) + timedelta(seconds=left_s)
    sharing.change_expiry(services, studio.max, link.made.id, ends)
    answer = link.get("/media/web")
    assert answer.status_code == 302
    lives_s = int(answer.headers["location"].split("for=")[1].split("&")[0])
    assert 1 <= lives_s <= most_s
    assert answer.headers["cache-control"] == "private, no-store"


def test_no_guest_gets_an_address_in_a_public_cdn(studio: Studio, services: Services) -> None:
    link = shared(studio)
    front_services.install(with_public_cdn(services, LocalStore(objects(services))))
    answer = link.get("/media/web", Range="bytes=0-9")
    assert (answer.status_code, answer.content) == (206, FILM[:10])


def test_behind_a_public_cdn_the_files_of_another_store_are_passed_on(
    studio: Studio, services: Services
) -> None:
    link, store = shared(studio, allow_download=True), Elsewhere(objects(services))
    with file_server() as store.server:
        front_services.install(with_public_cdn(services, store))
        part = link.get("/media/web", Range="bytes=0-9")
        whole = link.get("/media/web?download=1")
        gone = link.get("/media/poster")
    assert (part.status_code, part.content) == (206, FILM[:10])
    assert part.headers["content-range"] == f"bytes 0-9/{len(FILM)}"
    assert (whole.content, gone.status_code) == (FILM, 404)
    assert whole.headers["content-disposition"].startswith('attachment; filename="spring')
    assert str(link.video_id) not in f"{part.headers}{part.request.url}"


def test_a_store_that_is_away_is_no_end_of_the_link(studio: Studio, services: Services) -> None:
    link, store = shared(studio), Elsewhere(objects(services))
    store.server = "http://127.0.0.1:1"
    front_services.install(with_public_cdn(services, store))
    assert link.get("/media/web").status_code == 503


@contextmanager
def file_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(timeout=20)
        server.server_close()


class _Files(BaseHTTPRequestHandler):
    """Serves the film, or its first ten bytes when a part is asked for."""

    def do_GET(self) -> None:
        part = "Range" in self.headers
        body = FILM[:10] if part else FILM
        self.send_response(206 if part else 200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(body)))
        if part:
            self.send_header("Content-Range", f"bytes 0-9/{len(FILM)}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
