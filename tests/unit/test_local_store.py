"""What only the folder does: durability, links, leftovers and the limits of a file system."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.errors import ObjectNotFound, ObjectRefused, ObjectStoreUnavailable
from storage.objects.atomic import TEMP_PREFIX
from storage.objects.local import ABANDONED_AFTER_S, LocalStore

KEY = "videos/0a1b/original.mp4"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "objects"


@pytest.fixture
def store(root: Path) -> LocalStore:
    store = LocalStore(root)
    store.prepare()
    return store


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.mp4"
    path.write_bytes(b"video")
    return path


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("web.mp4", "video/mp4"),
        ("poster.jpg", "image/jpeg"),
        ("preview.webp", "image/webp"),
        ("none", "application/octet-stream"),
        ("odd.suffix", "application/octet-stream"),
    ],
)
def test_the_suffix_says_the_type(
    store: LocalStore, source: Path, name: str, content_type: str
) -> None:
    assert store.put(f"videos/{name}", source, content_type).content_type == content_type


def test_only_the_owner_reads_the_files(store: LocalStore, root: Path, source: Path) -> None:
    store.put(KEY, source, "video/mp4")
    assert root.stat().st_mode & 0o777 == 0o700
    assert (root / KEY).stat().st_mode & 0o777 == 0o600


def test_a_file_is_on_the_disk_before_it_has_its_name_and_the_name_before_put_ends(
    store: LocalStore, root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        steps.append("folder" if os.path.isdir(f"/dev/fd/{handle}") else "file")
        fsync(handle)

    def noted_replace(before: Path, after: Path) -> None:
        steps.append("name")
        replace(before, after)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    store.put(KEY, source, "video/mp4")
    # The two new folders, `videos` and `0a1b`, are made to last first.
    assert steps == ["folder", "folder", "file", "name", "folder"]


@contextmanager
def files_limited_to(size_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_put_that_fails_half_way_leaves_the_old_file(
    store: LocalStore, root: Path, source: Path, tmp_path: Path
) -> None:
    store.put(KEY, source, "video/mp4")
    large = tmp_path / "large"
    large.write_bytes(bytes(3_000_000))
    with files_limited_to(2_000_000), pytest.raises(ObjectStoreUnavailable):
        store.put(KEY, large, "video/mp4")
    assert (root / KEY).read_bytes() == b"video"
    assert [path.name for path in (root / KEY).parent.iterdir()] == ["original.mp4"]


def test_a_fetch_that_fails_half_way_leaves_no_target(
    store: LocalStore, source: Path, tmp_path: Path
) -> None:
    source.write_bytes(bytes(3_000_000))
    store.put(KEY, source, "video/mp4")
    (tmp_path / "scratch").mkdir()
    with files_limited_to(2_000_000), pytest.raises(ObjectStoreUnavailable):
        store.fetch(KEY, tmp_path / "scratch" / "target")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_reader_never_sees_a_part(store: LocalStore, source: Path, tmp_path: Path) -> None:
    store.put(KEY, source, "video/mp4")
    contents = [bytes([number]) * 500_000 for number in range(20)]

    def write() -> None:
        for number, content in enumerate(contents):
            path = tmp_path / f"source-{number}"
            path.write_bytes(content)
            store.put(KEY, path, "video/mp4")

    writer = threading.Thread(target=write)
    writer.start()
    seen: set[bytes] = set()
    while writer.is_alive():
        store.fetch(KEY, tmp_path / "copy")
        seen.add((tmp_path / "copy").read_bytes())
    writer.join()
    assert seen <= {b"video", *contents}


def leftover(folder: Path, age_s: float) -> Path:
    path = folder / f"{TEMP_PREFIX}{age_s}"
    path.write_bytes(b"half")
    written = path.stat().st_mtime - age_s
    os.utime(path, (written, written))
    return path


def test_leftovers_are_never_listed(store: LocalStore, root: Path, source: Path) -> None:
    store.put(KEY, source, "video/mp4")
    leftover((root / KEY).parent, age_s=0)
    assert [found.key for found in store.list("")] == [KEY]


def test_prepare_removes_old_leftovers_only(store: LocalStore, root: Path, source: Path) -> None:
    store.put(KEY, source, "video/mp4")
    folder = (root / KEY).parent
    old, young = leftover(folder, ABANDONED_AFTER_S + 60), leftover(folder, 60)
    os.utime(root / KEY, (0, 0))
    store.prepare()
    assert not old.exists()
    assert young.exists()
    assert (root / KEY).exists()


def test_deleting_the_last_file_removes_its_folder_but_never_the_root(
    store: LocalStore, root: Path, source: Path
) -> None:
    for key in (KEY, "top.mp4"):
        store.put(key, source, "video/mp4")
        store.delete([key])
    assert not (root / KEY).parent.exists()
    assert root.is_dir()


def test_deleting_leaves_the_neighbours(store: LocalStore, source: Path) -> None:
    store.put(KEY, source, "video/mp4")
    store.put("videos/0a1b/web.mp4", source, "video/mp4")
    store.delete([KEY])
    assert store.stat("videos/0a1b/web.mp4").size_bytes == 5


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.mp4").write_bytes(b"secret")
    return folder


@pytest.mark.parametrize("key", ["linked/secret.mp4", "link.mp4", "linked/new.mp4", "loop/a.mp4"])
def test_a_symbolic_link_is_never_followed(
    store: LocalStore, root: Path, source: Path, outside: Path, key: str
) -> None:
    (root / "linked").symlink_to(outside)
    (root / "link.mp4").symlink_to(outside / "secret.mp4")
    (root / "loop").symlink_to("loop")
    for act in (
        lambda: store.put(key, source, "video/mp4"),
        lambda: store.fetch(key, source),
        lambda: store.stat(key),
        lambda: store.delete([key]),
        lambda: store.local_path(key),
        lambda: store.signed_url(key, 60),
        lambda: store.list(key),
    ):
        with pytest.raises(ObjectRefused, match="symbolic link"):
            act()
    assert list(store.list("")) == []
    assert [path.read_bytes() for path in outside.iterdir()] == [b"secret"]


def test_the_data_folder_itself_may_be_a_link(tmp_path: Path, source: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    store = LocalStore(tmp_path / "data")
    kept = store.put(KEY, source, "video/mp4")
    assert list(store.list("videos")) == [kept]
    assert store.local_path(KEY).read_bytes() == b"video"


def test_a_relative_folder_stays_where_it_was(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = LocalStore(Path("objects"))
    monkeypatch.chdir("/")
    store.put(KEY, source, "video/mp4")
    assert (tmp_path / "objects" / KEY).exists()


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a")])
def test_a_name_is_a_file_or_a_folder(
    store: LocalStore, source: Path, first: str, second: str
) -> None:
    store.put(first, source, "video/mp4")
    with pytest.raises(ObjectRefused):
        store.put(second, source, "video/mp4")
    with pytest.raises(ObjectNotFound):
        store.fetch(second, source)
    store.delete([second])
    assert [found.key for found in store.list("")] == [first]


def test_a_name_too_long_for_the_disk_is_refused(store: LocalStore, source: Path) -> None:
    long = f"videos/{'x' * 300}.mp4"
    with pytest.raises(ObjectRefused):
        store.put(long, source, "video/mp4")
    with pytest.raises(ObjectNotFound):
        store.stat(long)
    assert list(store.list(long)) == []
    store.delete([long])


def test_a_folder_that_can_not_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ObjectRefused):
        LocalStore(tmp_path / "file" / "objects").prepare()


def test_a_missing_folder_lists_nothing(tmp_path: Path) -> None:
    assert list(LocalStore(tmp_path / "none").list("")) == []
