"""What only the R2 store does: what it sends, what R2 may answer, and keeping the keys."""

from __future__ import annotations

import base64
import hashlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from werkzeug.wrappers import Response

from storage.errors import (
    ObjectNotFound,
    ObjectRefused,
    ObjectStoreError,
    ObjectStoreUnavailable,
)
from storage.objects.r2 import CACHE_CONTROL, MAX_SIGNED_S, R2Store
from tests.contract.s3_server import KEY_ID, SECRET, S3Server, s3_error, serving_s3
from tests.integration.fal_tcp_server import TcpFal, tcp_fal

KEY = "videos/0a1b/720p.mp4"
VIDEO = b"video" * 1000


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[S3Server, R2Store]]:
    with serving_s3() as server:
        store = R2Store(server.url, "copies", KEY_ID, SECRET, tries=2)
        store.prepare()
        yield server, store
        store.close()


@pytest.fixture
def server(running: tuple[S3Server, R2Store]) -> S3Server:
    running[0].forget()
    return running[0]


@pytest.fixture
def store(running: tuple[S3Server, R2Store], server: S3Server) -> Iterator[R2Store]:
    yield running[1]
    server.forget()
    running[1].delete([found.key for found in running[1].list("")])


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(VIDEO)
    return path


def test_a_file_is_kept_for_a_year_by_whoever_shows_it(store: R2Store, video: Path) -> None:
    store.put(KEY, video, "video/mp4")
    reply = httpx.get(store.signed_url(KEY, 60))
    assert reply.headers["cache-control"] == CACHE_CONTROL
    assert CACHE_CONTROL == "public, max-age=31536000, immutable"


def test_a_file_travels_with_the_sum_that_r2_knows(
    server: S3Server, store: R2Store, video: Path
) -> None:
    store.put(KEY, video, "video/mp4")
    sent = next(request for request in server.requests if request.method == "PUT")
    md5 = hashlib.md5(VIDEO, usedforsecurity=False).digest()
    assert sent.headers["Content-MD5"] == base64.b64encode(md5).decode()
    assert not [name for name, _ in sent.headers if "checksum" in name.lower()]
    assert "acl" not in str(sent.headers).lower()


def test_a_file_that_was_damaged_on_the_way_is_not_kept(
    server: S3Server, store: R2Store, video: Path
) -> None:
    server.answer = lambda request: s3_error(400, "BadDigest") if request.method == "PUT" else None
    with pytest.raises(ObjectStoreUnavailable, match="BadDigest"):
        store.put(KEY, video, "video/mp4")


def test_a_saved_file_gets_its_name(store: R2Store, video: Path) -> None:
    store.put(KEY, video, "video/mp4")
    reply = httpx.get(store.signed_url(KEY, 60, 'Frühling "1"; x=y.mp4'))
    assert reply.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''Fr%C3%BChling%20%221%22%3B%20x%3Dy.mp4"
    )


def test_no_address_outlives_a_week(store: R2Store) -> None:
    params = httpx.URL(store.address(KEY, 10**9)).params
    assert params["X-Amz-Expires"] == str(MAX_SIGNED_S) == "604800"


def test_an_address_ends(store: R2Store, video: Path) -> None:
    store.put(KEY, video, "video/mp4")
    assert httpx.get(store.signed_url(KEY, 0)).status_code == 403


def test_an_address_can_not_be_bent_to_another_file(store: R2Store, video: Path) -> None:
    store.put(KEY, video, "video/mp4")
    store.put("videos/other.mp4", video, "video/mp4")
    address = store.signed_url(KEY, 60).replace(KEY, "videos/other.mp4")
    assert httpx.get(address).status_code == 403


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again_and_then_given_up(
    server: S3Server, store: R2Store, status: int
) -> None:
    server.answer = lambda request: s3_error(status, "SlowDown")
    with pytest.raises(ObjectStoreUnavailable):
        store.stat(KEY)
    assert len(server.requests) == 2


def test_one_bad_answer_is_not_the_end(server: S3Server, store: R2Store, video: Path) -> None:
    answers = iter([s3_error(503, "ServiceUnavailable")])
    server.answer = lambda request: next(answers, None)
    assert store.put(KEY, video, "video/mp4").size_bytes == len(VIDEO)


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_refused_keys_are_an_operators_matter(
    server: S3Server, store: R2Store, video: Path, code: str
) -> None:
    server.answer = lambda request: s3_error(403, code)
    with pytest.raises(ObjectStoreError, match="refused the keys") as caught:
        store.put(KEY, video, "video/mp4")
    assert "R2_ACCESS_KEY_ID" in caught.value.todo
    assert len(server.requests) == 1


def test_a_file_too_large_is_never_sent_again(
    server: S3Server, store: R2Store, video: Path
) -> None:
    server.answer = lambda request: s3_error(400, "EntityTooLarge")
    with pytest.raises(ObjectRefused):
        store.put(KEY, video, "video/mp4")


def test_a_wrong_clock_is_told(server: S3Server, store: R2Store) -> None:
    server.answer = lambda request: s3_error(403, "RequestTimeTooSkewed")
    with pytest.raises(ObjectStoreError, match="clock"):
        store.delete([KEY])


def test_a_lost_bucket_is_no_lost_file(server: S3Server, tmp_path: Path) -> None:
    store = R2Store(server.url, "another", KEY_ID, SECRET)
    for act in (lambda: store.stat(KEY), lambda: store.fetch(KEY, tmp_path / "x")):
        with pytest.raises(ObjectStoreError, match="no such bucket") as caught:
            act()
        assert not isinstance(caught.value, ObjectNotFound)
    with pytest.raises(ObjectStoreError, match="no such bucket"):
        list(store.list(""))


def test_keys_that_may_not_make_a_bucket_say_so(server: S3Server) -> None:
    server.answer = lambda request: (
        s3_error(403, "AccessDenied") if request.method == "PUT" else None
    )
    with pytest.raises(ObjectStoreError, match="refused the keys"):
        R2Store(server.url, "not-there-yet", KEY_ID, SECRET).prepare()


def test_another_server_than_s3_is_noticed(server: S3Server, store: R2Store) -> None:
    server.answer = lambda request: Response("<html>Welcome", content_type="text/html")
    with pytest.raises(ObjectStoreError):
        list(store.list(""))


def test_nobody_there_is_for_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ObjectStoreUnavailable, match="can't be reached"):
            R2Store(url, "copies", KEY_ID, SECRET, tries=1).stat(KEY)


def cut_off(connection: socket.socket, _: TcpFal) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning")
    connection.shutdown(socket.SHUT_RDWR)


def test_a_download_that_breaks_off_leaves_the_target_alone(tmp_path: Path) -> None:
    with tcp_fal(cut_off) as cutting, pytest.raises(ObjectStoreUnavailable):
        R2Store(cutting.url, "copies", KEY_ID, SECRET).fetch(KEY, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_the_keys_show_nowhere(
    server: S3Server, store: R2Store, video: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store.put(KEY, video, "video/mp4")
    server.answer = lambda request: s3_error(403, "AccessDenied")
    with pytest.raises(ObjectStoreError) as caught:
        store.stat(KEY)
    shown = f"{store!r} {caught.value} {caught.value.todo} {caplog.text}"
    assert SECRET.get_secret_value() not in shown
