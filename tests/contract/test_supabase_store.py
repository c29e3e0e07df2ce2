"""What only the Supabase store does: settings of the bucket, failures, and keeping the key."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.responses import HTMLResponse, RedirectResponse, Response
from tenacity import wait_none

from storage.errors import (
    ObjectNotFound,
    ObjectRefused,
    ObjectStoreError,
    ObjectStoreUnavailable,
    SettingsError,
)
from storage.objects.supabase import SupabaseStore, _supabase_errors
from tests.contract.supabase_contract_server import ContractServer, serving
from tests.contract.supabase_contract_state import RecordedJSON, token

KEY = "videos/0a1b/original.mp4"
VIDEO = b"video" * 1000


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[ContractServer, str]]:
    server = ContractServer()
    with serving(server.app()) as url:
        yield server, url


@pytest.fixture
def server(running: tuple[ContractServer, str]) -> ContractServer:
    running[0].forget()
    return running[0]


@pytest.fixture
def address(running: tuple[ContractServer, str]) -> str:
    return running[1]


@pytest.fixture
def store(server: ContractServer, address: str) -> Iterator[SupabaseStore]:
    store = opened(address, server.service_key)
    store.prepare()
    server.requests.clear()
    yield store
    store.close()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(VIDEO)
    return path


def opened(url: str, key: str, bucket: str = "videos", timeout_s: float = 10) -> SupabaseStore:
    return SupabaseStore(url, SecretStr(key), bucket, timeout_s=timeout_s, wait=wait_none())


def fault(status: int, text: str = "<html>a gateway's page</html>") -> Response:
    return HTMLResponse(text, status)


def test_the_bucket_is_private_and_for_videos_and_images(
    server: ContractServer, store: SupabaseStore
) -> None:
    bucket = server.buckets["videos"]
    assert not bucket.public
    assert bucket.allowed_mime_types == ["video/*", "image/*", "application/zip"]
    assert bucket.file_size_limit is None


def test_a_public_bucket_is_refused(server: ContractServer, store: SupabaseStore) -> None:
    server.buckets["videos"].public = True
    with pytest.raises(SettingsError, match="public"):
        store.prepare()


def test_files_may_be_cached_for_a_year(
    server: ContractServer, store: SupabaseStore, video: Path
) -> None:
    store.put(KEY, video, "video/mp4")
    assert server.files["videos", KEY].cache_control == "max-age=31536000"


def test_too_large_a_file_says_which_limit_to_raise(
    server: ContractServer, store: SupabaseStore, video: Path
) -> None:
    server.buckets["videos"].file_size_limit = 100
    with pytest.raises(ObjectRefused) as caught:
        store.put(KEY, video, "video/mp4")
    assert "upload size limit" in caught.value.todo
    assert len(server.requests) == 1


def test_another_type_of_file_is_refused(store: SupabaseStore, video: Path) -> None:
    with pytest.raises(ObjectRefused, match="type"):
        store.put("videos/page.html", video, "text/html")


@pytest.mark.parametrize(
    ("role", "lifetime_s", "secret"),
    [
        pytest.param("service_role", -60, None, id="expired"),
        pytest.param(None, 60, "x" * 40, id="forged"),
    ],
)
def test_a_refused_key_says_what_to_check(
    server: ContractServer, address: str, role: str | None, lifetime_s: int, secret: str | None
) -> None:
    key = token({"role": role} if role else {}, lifetime_s, *([secret] if secret else []))
    store = opened(address, key)
    with pytest.raises(ObjectStoreError, match="refused the key") as caught:
        store.prepare()
    store.close()
    assert "SUPABASE_SERVICE_ROLE_KEY" in caught.value.todo
    assert key not in f"{caught.value!r}{caught.value.todo}"


def test_an_anonymous_key_can_not_put(
    server: ContractServer, store: SupabaseStore, address: str, video: Path
) -> None:
    anonymous = opened(address, server.anon_key)
    with pytest.raises(ObjectStoreError, match="refused the key"):
        anonymous.put(KEY, video, "video/mp4")
    anonymous.close()


def test_a_lost_bucket_is_not_a_lost_file(
    server: ContractServer, store: SupabaseStore, video: Path
) -> None:
    server.buckets.clear()
    with pytest.raises(ObjectStoreError, match="bucket") as caught:
        store.put(KEY, video, "video/mp4")
    assert not isinstance(caught.value, ObjectNotFound)


def test_a_gateways_404_is_not_a_lost_file(server: ContractServer, store: SupabaseStore) -> None:
    server.next_answers.append(fault(404))
    with pytest.raises(ObjectStoreError) as caught:
        store.stat(KEY)
    assert not isinstance(caught.value, ObjectNotFound)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 544])
def test_a_passing_failure_is_tried_again(
    server: ContractServer, store: SupabaseStore, video: Path, status: int
) -> None:
    server.next_answers += [fault(status), fault(status)]
    assert store.put(KEY, video, "video/mp4").size_bytes == len(VIDEO)
    assert [method for method, _ in server.requests] == ["POST", "POST", "POST", "GET"]


def test_a_failure_that_lasts_is_given_up_after_three_tries(
    server: ContractServer, store: SupabaseStore
) -> None:
    server.next_answers += [fault(503)] * 5
    with pytest.raises(ObjectStoreUnavailable):
        store.stat(KEY)
    assert len(server.requests) == 3


def test_a_server_error_told_in_the_body_is_tried_again(
    server: ContractServer, store: SupabaseStore, video: Path
) -> None:
    store.put(KEY, video, "video/mp4")
    body = {"statusCode": "503", "error": "SlowDown", "message": "slow down", "code": "SlowDown"}
    server.next_answers.append(RecordedJSON(body, 400))
    assert store.stat(KEY).size_bytes == len(VIDEO)


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415])
def test_a_refusal_is_not_tried_again(
    server: ContractServer, store: SupabaseStore, status: int
) -> None:
    server.next_answers.append(fault(status))
    with pytest.raises(ObjectStoreError) as caught:
        store.stat(KEY)
    assert not isinstance(caught.value, ObjectStoreUnavailable)
    assert len(server.requests) == 1


def test_a_stored_file_of_another_size_is_sent_again(
    server: ContractServer, store: SupabaseStore, video: Path
) -> None:
    store.put(KEY, video, "video/mp4")
    short = {**server.files["videos", KEY].info(), "size": 7}
    server.requests.clear()
    server.next_answers += [None, RecordedJSON(short)]
    assert store.put(KEY, video, "video/mp4").size_bytes == len(VIDEO)
    assert [method for method, _ in server.requests] == ["POST", "GET", "POST", "GET"]


def cut_off() -> Response:
    return Response(b"half", headers={"content-length": str(len(VIDEO))})


def test_a_download_cut_off_is_tried_again(
    server: ContractServer, store: SupabaseStore, video: Path, tmp_path: Path
) -> None:
    store.put(KEY, video, "video/mp4")
    server.next_answers.append(cut_off())
    store.fetch(KEY, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == VIDEO


def test_a_download_cut_off_for_good_leaves_nothing(
    server: ContractServer, store: SupabaseStore, video: Path, tmp_path: Path
) -> None:
    store.put(KEY, video, "video/mp4")
    server.next_answers += [cut_off() for _ in range(3)]
    with pytest.raises(ObjectStoreUnavailable):
        store.fetch(KEY, tmp_path / "target")
    assert list(tmp_path.iterdir()) == [video]


def test_a_download_is_not_held_in_memory(
    server: ContractServer, store: SupabaseStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "large.mp4").write_bytes(bytes(3_000_000))
    store.put(KEY, tmp_path / "large.mp4", "video/mp4")
    monkeypatch.delattr("httpx.Response.read")
    store.fetch(KEY, tmp_path / "target")
    assert (tmp_path / "target").stat().st_size == 3_000_000


def test_a_silent_server_is_unavailable(video: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = opened(f"http://127.0.0.1:{silent.getsockname()[1]}", "key", timeout_s=0.05)
        with pytest.raises(ObjectStoreUnavailable, match="ReadTimeout"):
            store.put(KEY, video, "video/mp4")
        store.close()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    store = opened(f"http://127.0.0.1:{port}", "key")
    with pytest.raises(ObjectStoreUnavailable, match="ConnectError"):
        store.prepare()
    store.close()


@pytest.mark.parametrize("answer", ["<html>welcome</html>", '{"some": "json"}'])
def test_another_service_at_the_address_is_told(
    server: ContractServer, store: SupabaseStore, answer: str
) -> None:
    server.next_answers.append(fault(200, answer))
    with pytest.raises(ObjectStoreError, match="does not speak like Supabase"):
        store.stat(KEY)


def test_a_redirect_never_sees_the_key(
    server: ContractServer, store: SupabaseStore, tmp_path: Path
) -> None:
    other = ContractServer()
    with serving(other.app()) as elsewhere:
        server.next_answers += [RedirectResponse(f"{elsewhere}/storage/v1/x") for _ in range(2)]
        for act in (lambda: store.stat(KEY), lambda: store.fetch(KEY, tmp_path / "target")):
            with pytest.raises(ObjectStoreError):
                act()
    assert other.requests == []


def test_neither_key_nor_token_reach_the_log(
    server: ContractServer, store: SupabaseStore, video: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        store.put(KEY, video, "video/mp4")
        store.fetch(KEY, video)
        address = store.signed_url(KEY, 60)
    assert "HTTP Request" in caplog.text
    assert server.service_key not in caplog.text
    assert str(address).partition("token=")[2] not in caplog.text


def test_the_repr_does_not_tell_the_key(server: ContractServer, store: SupabaseStore) -> None:
    assert repr(store).startswith("SupabaseStore('http://127.0.0.1:")
    assert server.service_key not in repr(store)


@pytest.mark.parametrize("key", ["", "se cret", "secret\n", "sécret", "secret\0"])
def test_what_can_not_be_a_key_is_refused_unquoted(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        opened("http://127.0.0.1:1", key)
    assert caught.value.__context__ is None
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "name.supabase.co", "ftp://a.b", "http://", "http://[x", "http://a:b@c.d"]
)
def test_what_can_not_be_an_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="not an address"):
        opened(url, "key")


def test_an_address_may_end_in_a_slash(
    server: ContractServer, store: SupabaseStore, address: str, video: Path
) -> None:
    other = opened(f"{address}/", server.service_key)
    other.put(KEY, video, "video/mp4")
    assert str(other.signed_url(KEY, 60)).startswith(f"{address}/storage/v1/object/sign/videos/")
    other.close()


def test_the_consoles_placeholders_are_not_listed(
    server: ContractServer, store: SupabaseStore, video: Path
) -> None:
    store.put(KEY, video, "video/mp4")
    store.put("videos/0a1b/web.mp4", video, "video/mp4")
    file = server.files.pop(("videos", "videos/0a1b/web.mp4"))
    server.files["videos", "new/.emptyFolderPlaceholder"] = file
    file.name = "new/.emptyFolderPlaceholder"
    assert [found.key for found in store.list("")] == [KEY]


def test_an_unsafe_key_is_never_sent(
    server: ContractServer, store: SupabaseStore, video: Path
) -> None:
    with pytest.raises(ObjectRefused):
        store.put("videos/../other", video, "video/mp4")
    assert server.requests == []


def test_a_name_that_the_client_refuses_is_refused(store: SupabaseStore) -> None:
    with pytest.raises(ObjectRefused), _supabase_errors("a/../b"):
        store._files.info("a/../b")


def test_keys_are_removed_in_batches(server: ContractServer, store: SupabaseStore) -> None:
    store.delete([f"videos/{number}.mp4" for number in range(250)])
    assert server.requests == [("DELETE", "object/videos")] * 3
