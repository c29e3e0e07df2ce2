"""What every object store does, whatever keeps its files.

Runs on a folder, on the contract server of Supabase and on a real S3 server (Cloudflare R2's
protocol), and on a folder with the CDN in front; with STUDIO_TEST_SUPABASE_URL and
STUDIO_TEST_SUPABASE_KEY (a service-role key) also on that server, in buckets of its own that it
removes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from supabase import ClientOptions, create_client
from tenacity import wait_none

from storage.errors import ObjectNotFound, ObjectRefused
from storage.objects.base import MAX_KEY_LENGTH, ObjectStore
from storage.objects.cdn import Cdn, CdnStore, Copy
from storage.objects.local import LocalStore
from storage.objects.r2 import R2Store
from storage.objects.supabase import SupabaseStore
from tests.contract.s3_server import KEY_ID, SECRET, serving_s3
from tests.contract.supabase_contract_server import ContractServer, serving

REAL_URL = os.environ.get("STUDIO_TEST_SUPABASE_URL")
REAL_KEY = os.environ.get("STUDIO_TEST_SUPABASE_KEY")
REMOTE: list[Any] = ["supabase", "r2"]
if REAL_URL and REAL_KEY:
    REMOTE.append(pytest.param("real", marks=pytest.mark.online))

where_files_have_addresses = pytest.mark.parametrize("store", REMOTE, indirect=True)
where_files_have_paths = pytest.mark.parametrize("store", ["local", "cdn"], indirect=True)

VIDEO = bytes(range(256)) * 40
KEY = "videos/0a1b/original.mp4"


@contextmanager
def bucket_store(url: str, key: str) -> Iterator[SupabaseStore]:
    """A store in a new bucket, which is removed with what is in it."""
    bucket = f"studio-test-{uuid4().hex}"
    store = SupabaseStore(url, SecretStr(key), bucket, wait=wait_none())
    store.prepare()
    try:
        yield store
    finally:
        store.delete([found.key for found in store.list("")])
        store.close()
        with httpx.Client() as http:
            create_client(url, key, ClientOptions(httpx_client=http)).storage.delete_bucket(bucket)


@pytest.fixture(scope="module")
def contract_server() -> Iterator[tuple[str, str]]:
    """Address and key."""
    server = ContractServer()
    with serving(server.app()) as url:
        yield url, server.service_key


@pytest.fixture(scope="module")
def r2_store() -> Iterator[R2Store]:
    """A store in an S3 server that ends with the module: a client takes long to make."""
    with serving_s3() as server:
        store = R2Store(server.url, "studio-test", KEY_ID, SECRET)
        store.prepare()
        yield store
        store.close()


@pytest.fixture(scope="module")
def cdn(r2_store: R2Store) -> Iterator[Cdn]:
    """A CDN whose bucket is that store's, with one client for the module."""
    cdn = Cdn(r2_store.endpoint, r2_store.bucket, KEY_ID, SECRET, None, None)
    yield cdn
    cdn.close()


class NoCopies:
    """What the CDN has before anything was copied."""

    def find(self, key: str) -> Copy | None:
        return None

    def release(self, keys: Sequence[str]) -> None:
        pass


@pytest.fixture(params=["local", "cdn", *REMOTE])
def store(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    contract_server: tuple[str, str],
    r2_store: R2Store,
    cdn: Cdn,
) -> Iterator[ObjectStore]:
    if request.param in {"local", "cdn"}:
        local = LocalStore(tmp_path / "house" / "objects")
        opened = CdnStore(local, cdn, NoCopies()) if request.param == "cdn" else local
        opened.prepare()
        yield opened
        opened.close()
        return
    if request.param == "r2":
        yield r2_store
        r2_store.delete([found.key for found in r2_store.list("")])
        return
    url, key = contract_server if request.param == "supabase" else (str(REAL_URL), str(REAL_KEY))
    with bucket_store(url, key) as bucket:
        yield bucket


@pytest.fixture
def source(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / f"source-{uuid4().hex}"
        path.write_bytes(content)
        return path

    return write


Source = Callable[[bytes], Path]


def content_of(store: ObjectStore, key: str, tmp_path: Path) -> bytes:
    target = tmp_path / f"target-{uuid4().hex}"
    store.fetch(key, target)
    return target.read_bytes()


def keys_of(store: ObjectStore, prefix: str) -> list[str]:
    return sorted(found.key for found in store.list(prefix))


def test_gives_back_what_was_put(store: ObjectStore, source: Source, tmp_path: Path) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    assert content_of(store, KEY, tmp_path) == VIDEO


def test_tells_size_type_and_time(store: ObjectStore, source: Source) -> None:
    kept = store.put(KEY, source(VIDEO), "video/mp4")
    assert (kept.key, kept.size_bytes, kept.content_type) == (KEY, len(VIDEO), "video/mp4")
    assert kept.updated_at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - kept.updated_at) < timedelta(hours=1)


def test_put_stat_and_list_agree(store: ObjectStore, source: Source) -> None:
    kept = store.put(KEY, source(VIDEO), "video/mp4")
    assert store.stat(KEY) == kept
    assert list(store.list("videos")) == [kept]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("poster.jpg", "image/jpeg"), ("start.png", "image/png"), ("preview.webp", "image/webp")],
)
def test_keeps_images(store: ObjectStore, source: Source, name: str, content_type: str) -> None:
    store.put(f"videos/1/{name}", source(b"image"), content_type)
    assert store.stat(f"videos/1/{name}").content_type == content_type


def test_a_repeated_put_takes_the_place_of_the_file(
    store: ObjectStore, source: Source, tmp_path: Path
) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    assert store.put(KEY, source(b"shorter"), "video/mp4").size_bytes == 7
    assert content_of(store, KEY, tmp_path) == b"shorter"
    assert keys_of(store, "") == [KEY]


def test_a_repeated_put_makes_the_file_young_again(store: ObjectStore, source: Source) -> None:
    first = store.put(KEY, source(VIDEO), "video/mp4")
    deadline = time.monotonic() + 10
    # Some stores tell whole seconds.
    while store.put(KEY, source(VIDEO), "video/mp4").updated_at <= first.updated_at:
        assert time.monotonic() < deadline, "a repeated put keeps the old time"
    assert next(store.list("videos/0a1b")).updated_at > first.updated_at


def test_keeps_an_empty_file(store: ObjectStore, source: Source, tmp_path: Path) -> None:
    assert store.put(KEY, source(b""), "video/mp4").size_bytes == 0
    assert content_of(store, KEY, tmp_path) == b""


def test_a_missing_source_is_the_callers_mistake(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.put(KEY, tmp_path / "none", "video/mp4")
    assert keys_of(store, "") == []


def test_fetch_takes_the_place_of_the_target(
    store: ObjectStore, source: Source, tmp_path: Path
) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    target = tmp_path / "target"
    target.write_bytes(b"before")
    store.fetch(KEY, target)
    assert target.read_bytes() == VIDEO


def test_a_missing_file_leaves_the_target_alone(store: ObjectStore, tmp_path: Path) -> None:
    target = tmp_path / "folder" / "target"
    target.parent.mkdir()
    target.write_bytes(b"before")
    with pytest.raises(ObjectNotFound):
        store.fetch(KEY, target)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"before"]


@pytest.mark.parametrize("key", [KEY, "videos", "videos/0a1b", "videos/0a1b/web.mp4/deeper"])
def test_a_missing_file_is_not_found(store: ObjectStore, source: Source, key: str) -> None:
    store.put("videos/0a1b/web.mp4", source(VIDEO), "video/mp4")
    with pytest.raises(ObjectNotFound):
        store.stat(key)
    with pytest.raises(ObjectNotFound):
        store.signed_url(key, 60)


def test_deletes_and_can_be_repeated(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    store.put("videos/2/original.mp4", source(VIDEO), "video/mp4")
    for _ in range(2):
        store.delete([KEY, "videos/none.mp4"])
    assert keys_of(store, "") == ["videos/2/original.mp4"]


def test_deleting_nothing_is_fine(store: ObjectStore) -> None:
    store.delete([])


def test_a_folder_is_not_deleted_by_its_name(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    store.delete(["videos", "videos/0a1b"])
    assert keys_of(store, "") == [KEY]


def test_lists_a_folder_and_what_is_below_only(store: ObjectStore, source: Source) -> None:
    keys = ["top.mp4", "videos/1/a.mp4", "videos/1/more/b.mp4", "videos/10/c.mp4", "x/1/d.mp4"]
    for key in keys:
        store.put(key, source(b"."), "video/mp4")
    assert keys_of(store, "videos/1") == ["videos/1/a.mp4", "videos/1/more/b.mp4"]
    assert keys_of(store, "videos") == sorted(keys[1:4])
    assert keys_of(store, "") == sorted(keys)


@pytest.mark.parametrize("prefix", ["", "none", "none/at/all"])
def test_lists_nothing_where_nothing_is(store: ObjectStore, prefix: str) -> None:
    assert list(store.list(prefix)) == []


def test_a_file_is_no_folder_to_list(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    assert list(store.list(KEY)) == []


def test_lists_and_deletes_more_than_a_page(
    store: ObjectStore, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the S3 server, which is of this process; else a page of S3 has a thousand.
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "50")
    keys = [f"many/{number:03}.mp4" for number in range(130)]
    one = source(b".")
    for key in keys:
        store.put(key, one, "video/mp4")
    assert keys_of(store, "many") == keys
    store.delete(keys)
    assert keys_of(store, "many") == []


def test_what_is_listed_can_be_deleted_on_the_way(store: ObjectStore, source: Source) -> None:
    for number in range(5):
        store.put(f"videos/{number}/original.mp4", source(b"."), "video/mp4")
    for found in store.list("videos"):
        store.delete([found.key])
    assert keys_of(store, "") == []


def test_prepare_can_be_repeated(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    store.prepare()
    assert keys_of(store, "") == [KEY]


@where_files_have_paths
def test_a_local_file_has_a_path_and_no_address(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    path = store.local_path(KEY)
    assert store.signed_url(KEY, 60) is None
    assert path is not None
    assert path.read_bytes() == VIDEO


@where_files_have_paths
def test_a_missing_local_file_has_no_path(store: ObjectStore) -> None:
    with pytest.raises(ObjectNotFound):
        store.local_path(KEY)


@where_files_have_addresses
def test_a_remote_file_has_no_path(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    assert store.local_path(KEY) is None


@where_files_have_addresses
def test_an_address_seeks_and_needs_no_session(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    address = store.signed_url(KEY, 60)
    reply = httpx.get(str(address), headers={"range": "bytes=10-19"})
    assert (reply.status_code, reply.content) == (206, VIDEO[10:20])
    assert reply.headers["content-type"] == "video/mp4"


@where_files_have_addresses
@pytest.mark.parametrize("name", ["video.mp4", "Frühling & Co #1.mp4"])
def test_an_address_carries_the_name_to_save_under(
    store: ObjectStore, source: Source, name: str
) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    address = store.signed_url(KEY, 60, download_name=name)
    assert name in unquote(unquote_plus(str(address)))
    assert httpx.get(str(address)).content == VIDEO


@where_files_have_addresses
def test_a_changed_address_does_not_play(store: ObjectStore, source: Source) -> None:
    store.put(KEY, source(VIDEO), "video/mp4")
    address = store.signed_url(KEY, 60)
    assert httpx.get(str(address)[:-8] + "tampered").status_code in {400, 403}


HOSTILE = st.sampled_from(
    [
        *(".", "..", "...", ".hidden", "-rf", "~", "C:", "*", "%2e%2e", "%2F", "..%2f.."),
        *("a\\b", "..\\..", "a?b", "a#b", "a:b", "", " ", "a b", "a\nb", "\0", "a\0b"),
        *("é", "\u202e", "\uff0e\uff0e", "\ud800"),
    ]
)
SAFE = st.sampled_from(["videos", "a", "outside.txt", "0", "x" * 40])
HOSTILE_KEYS = st.one_of(
    st.tuples(st.lists(SAFE, max_size=3), HOSTILE, st.lists(SAFE, max_size=2)).map(
        lambda parts: "/".join([*parts[0], parts[1], *parts[2]])
    ),
    st.lists(SAFE, min_size=1).map(lambda parts: "/" + "/".join(parts)),
    st.lists(SAFE, min_size=1).map(lambda parts: "/".join(parts) + "/"),
    st.integers(1, 5).map(lambda more: "x" * (MAX_KEY_LENGTH + more)),
    st.integers(1, 5).map(lambda up: "../" * up + "outside.txt"),
)


def everything_done_with(store: ObjectStore, key: str, mine: Path) -> list[Callable[[], object]]:
    return [
        lambda: store.put(key, mine, "video/mp4"),
        lambda: store.fetch(key, mine),
        lambda: store.stat(key),
        lambda: store.delete([KEY, key]),
        lambda: store.signed_url(key, 60),
        lambda: store.local_path(key),
        lambda: key == "" or store.list(key),
    ]


@given(key=HOSTILE_KEYS)
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_hostile_key_is_refused_and_touches_nothing(
    store: ObjectStore, tmp_path: Path, key: str
) -> None:
    mine = tmp_path / "outside.txt"
    mine.write_bytes(b"mine")
    store.put(KEY, mine, "video/mp4")
    for act in everything_done_with(store, key, mine):
        if key or act() is not True:
            with pytest.raises(ObjectRefused):
                act()
    assert keys_of(store, "") == [KEY]
    assert mine.read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} <= {"outside.txt", "house"}
