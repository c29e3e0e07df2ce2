from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from jobs.errors import (
    BrokenVideo,
    DiskUnusable,
    FalError,
    FalResultGone,
    FalUnavailable,
    MediaTooLarge,
)
from jobs.media.download import SHORT_BODY_TRIES, DownloadedFile, download

BODY = bytes(range(256)) * 400
MAX_BYTES = 1_000_000


@dataclass
class FileServer:
    """Answers every GET the same way, and keeps the headers it was sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Length": str(len(BODY))})
    bodies: list[bytes] = field(default_factory=lambda: [BODY])
    """What is sent, one after the other; the last one for ever."""
    trickle: bool = False
    """Send a byte at a time until the other side has gone."""
    seen: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    gone: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append({name.lower(): value for name, value in request.headers.items()})
        request.send_response(self.status)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.close_connection = True
        if self.trickle:
            self._trickle(request)
        else:
            request.wfile.write(self.bodies[min(len(self.seen), len(self.bodies)) - 1])

    def _trickle(self, request: BaseHTTPRequestHandler) -> None:
        while not self.gone.wait(0.01):
            request.wfile.write(b"x")


@pytest.fixture
def server() -> Iterator[FileServer]:
    answers = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answers.answer(self)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        answers.url = f"http://127.0.0.1:{http.server_port}/video.mp4"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield answers
        finally:
            answers.gone.set()
            http.shutdown()
            thread.join()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def fetch(
    client: httpx.Client,
    server: FileServer,
    tmp_path: Path,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = 20.0,
) -> DownloadedFile:
    return download(client, server.url, tmp_path / "video.mp4", max_bytes, timeout_s)


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_file_is_on_disk_whole_with_its_digest(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.headers["Content-Type"] = "Video/MP4; codecs=avc1"

    file = fetch(client, server, tmp_path)

    assert file == DownloadedFile(len(BODY), hashlib.sha256(BODY).hexdigest(), "video/mp4")
    assert (tmp_path / "video.mp4").read_bytes() == BODY
    assert files(tmp_path) == ["video.mp4"]


def test_file_of_unannounced_length_is_fetched(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.headers.clear()

    assert fetch(client, server, tmp_path).size_bytes == len(BODY)
    assert fetch(client, server, tmp_path).content_type == ""


def test_no_key_is_sent_whatever_the_client_carries(server: FileServer, tmp_path: Path) -> None:
    headers = {"Authorization": "Key fal-secret"}
    with httpx.Client(trust_env=False, headers=headers, auth=("user", "secret")) as client:
        fetch(client, server, tmp_path)

    assert "authorization" not in server.seen[0]


def test_body_that_is_always_short_is_a_broken_video(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.bodies = [BODY[:-1]]

    with pytest.raises(BrokenVideo, match="broke off"):
        fetch(client, server, tmp_path)

    assert len(server.seen) == SHORT_BODY_TRIES
    assert files(tmp_path) == []


def test_body_that_is_short_once_is_fetched_again(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.bodies = [BODY[:5000], BODY]

    assert fetch(client, server, tmp_path).size_bytes == len(BODY)


def test_file_announced_too_large_is_not_read(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    with pytest.raises(MediaTooLarge, match="limit is"):
        fetch(client, server, tmp_path, max_bytes=len(BODY) - 1)

    assert files(tmp_path) == []


def test_file_that_grows_too_large_is_dropped(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.headers.clear()

    with pytest.raises(MediaTooLarge):
        fetch(client, server, tmp_path, max_bytes=len(BODY) - 1)

    assert files(tmp_path) == []


def test_file_larger_than_the_free_disk_is_not_begun(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.headers["Content-Length"] = str(10**18)

    with pytest.raises(DiskUnusable, match="no room"):
        fetch(client, server, tmp_path, max_bytes=10**19)

    assert files(tmp_path) == []


@pytest.mark.parametrize("status", [403, 404, 410])
def test_file_that_fal_no_longer_has_is_gone(
    client: httpx.Client, server: FileServer, tmp_path: Path, status: int
) -> None:
    server.status = status

    with pytest.raises(FalResultGone) as failure:
        fetch(client, server, tmp_path)

    assert str(status) in failure.value.detail
    assert "Nothing" not in failure.value.cost


@pytest.mark.parametrize("status", [204, 408, 429, 500, 503])
def test_busy_fal_is_unavailable(
    client: httpx.Client, server: FileServer, tmp_path: Path, status: int
) -> None:
    server.status = status

    with pytest.raises(FalUnavailable) as failure:
        fetch(client, server, tmp_path)

    assert "Nothing" not in failure.value.cost
    assert files(tmp_path) == []


def test_server_that_is_not_there_is_unavailable(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.url = "http://127.0.0.1:1/video.mp4"

    with pytest.raises(FalUnavailable):
        fetch(client, server, tmp_path)


def test_trickle_ends_at_the_total_time(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    server.trickle = True

    with pytest.raises(FalUnavailable, match="too long"):
        fetch(client, server, tmp_path, timeout_s=0.3)

    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/a", "/video.mp4", "http://host:port/a"]
)
def test_address_that_is_none_is_refused(client: httpx.Client, tmp_path: Path, url: str) -> None:
    with pytest.raises(FalError, match="no usable address") as failure:
        download(client, url, tmp_path / "video.mp4", MAX_BYTES, 5)

    assert not isinstance(failure.value, FalUnavailable)


def test_folder_that_is_not_there_is_a_media_error(
    client: httpx.Client, server: FileServer, tmp_path: Path
) -> None:
    with pytest.raises(DiskUnusable, match="could not be written"):
        download(client, server.url, tmp_path / "nowhere" / "video.mp4", MAX_BYTES, 5)


def test_redirect_is_followed(client: httpx.Client, server: FileServer, tmp_path: Path) -> None:
    target = server.url
    with httpx.Client(transport=_Redirect(target), trust_env=False) as redirected:
        file = download(redirected, "http://fal.test/a", tmp_path / "video.mp4", MAX_BYTES, 5)

    assert file.size_bytes == len(BODY)


class _Redirect(httpx.HTTPTransport):
    """Sends everything that is asked of `fal.test` on to another address."""

    def __init__(self, target: str) -> None:
        super().__init__(trust_env=False)
        self._target = target

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "fal.test":
            return httpx.Response(302, headers={"location": self._target}, request=request)
        return super().handle_request(request)
