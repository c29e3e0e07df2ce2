"""Files in a folder of this machine."""

from __future__ import annotations

import errno
import mimetypes
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from storage.errors import (
    ObjectNotFound,
    ObjectRefused,
    ObjectStoreError,
    ObjectStoreUnavailable,
)
from storage.objects.atomic import TEMP_PREFIX, replacing, sync_folder
from storage.objects.base import StoredObject, checked_key

ABANDONED_AFTER_S = 24 * 3600
"""A temporary file untouched for this long belongs to a process that is gone."""

_COPY_BYTES = 1 << 20
_IMPOSSIBLE = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
_FULL = {errno.ENOSPC, errno.EDQUOT}
# The table that ships with Python, not the machine's: the same file has the same type everywhere.
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("image/webp", ".webp")


class LocalStore:
    """An `ObjectStore` in the folder `root`: the file under a key is `root/<key>`.

    A finished `put` survives a power loss. A symbolic link below `root` is never followed: such a
    key is refused, and `list` does not show it. Because a folder keeps no types, `content_type` is
    derived from the key's suffix ("application/octet-stream" when the suffix says nothing). The
    same name can't be a file and a folder here, so `a` and `a/b` exclude each other.

    When the caller's `source` can't be opened, or the folder of `target` is not there, that
    `OSError` passes through as it is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def __repr__(self) -> str:
        return f"LocalStore({str(self._root)!r})"

    def prepare(self) -> None:
        """Make the folder, and remove temporary files that a killed process left a day ago."""
        with _disk_errors("the folder for files"):
            _make_folder(self._root)
            for folder, _, names in os.walk(self._root):
                for name in names:
                    if name.startswith(TEMP_PREFIX):
                        _remove_abandoned(Path(folder, name))

    def close(self) -> None:
        """Nothing: a folder has no connections."""

    def put(self, key: str, source: Path, content_type: str) -> StoredObject:  # noqa: ARG002
        path = self._path(key)
        with source.open("rb") as file, _disk_errors(key):
            _make_folder(path.parent)
            with replacing(path, durable=True) as kept:
                shutil.copyfileobj(file, kept, _COPY_BYTES)
        return self.stat(key)

    def fetch(self, key: str, target: Path) -> None:
        path = self.local_path(key)
        with replacing(target) as copy, _disk_errors(key, reading=True), path.open("rb") as file:
            shutil.copyfileobj(file, copy, _COPY_BYTES)

    def stat(self, key: str) -> StoredObject:
        path = self._path(key)
        with _disk_errors(key, reading=True):
            info = path.lstat()
        if not stat.S_ISREG(info.st_mode):
            raise _not_found(key)
        return _stored(key, info)

    def delete(self, keys: list[str]) -> None:
        paths = {key: self._path(key) for key in keys}
        for key, path in paths.items():
            with suppress(ObjectNotFound), _disk_errors(key, reading=True):
                self._remove(path)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return self._walk(self._path(prefix) if prefix else self._base)

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> None:  # noqa: ARG002
        """None: the dashboard's own route serves `local_path`."""
        self.stat(key)

    def local_path(self, key: str) -> Path:
        return self._path(self.stat(key).key)

    @property
    def _base(self) -> Path:
        return Path(os.path.realpath(self._root))

    def _path(self, key: str) -> Path:
        path = self._base / checked_key(key)
        below = (path, *path.parents)[: key.count("/") + 1]
        if any(os.path.islink(part) for part in below):
            raise ObjectRefused(f"{key!r} leads through a symbolic link.")
        return path

    def _remove(self, path: Path) -> None:
        if not stat.S_ISREG(path.lstat().st_mode):
            return
        path.unlink()
        if path.parent != self._base:
            _remove_if_empty(path.parent)

    def _walk(self, folder: Path) -> Iterator[StoredObject]:
        base = self._base
        for parent, _, names in os.walk(folder, onerror=_raise_unless_gone):
            for name in names:
                if found := self._seen(Path(parent, name).relative_to(base).as_posix()):
                    yield found

    def _seen(self, name: str) -> StoredObject | None:
        """The file, None when it is gone meanwhile or was not put here by a store."""
        with suppress(ObjectNotFound, ObjectRefused):
            return self.stat(name)
        return None


def _stored(key: str, info: os.stat_result) -> StoredObject:
    content_type, _ = _TYPES.guess_type(key)
    return StoredObject(
        key=key,
        size_bytes=info.st_size,
        content_type=content_type or "application/octet-stream",
        updated_at=datetime.fromtimestamp(info.st_mtime, UTC),
    )


def _make_folder(folder: Path) -> None:
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in new:
        sync_folder(path.parent)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as exc:
        if exc.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
            raise


def _remove_abandoned(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.lstat().st_mtime < time.time() - ABANDONED_AFTER_S:
            path.unlink()


def _raise_unless_gone(exc: OSError) -> None:
    if exc.errno not in {errno.ENOENT, *_IMPOSSIBLE}:
        raise _disk_problem("the folder for files", exc, reading=True) from exc


def _not_found(key: str) -> ObjectNotFound:
    return ObjectNotFound(f"There is no file {key!r}.")


@contextmanager
def _disk_errors(subject: str, *, reading: bool = False) -> Iterator[None]:
    """The one place where the disk's errors become ours."""
    try:
        yield
    except OSError as exc:
        raise _disk_problem(subject, exc, reading=reading) from exc


def _disk_problem(subject: str, exc: OSError, *, reading: bool) -> ObjectStoreError:
    if reading and exc.errno in {errno.ENOENT, *_IMPOSSIBLE}:
        return _not_found(subject)
    if exc.errno in _IMPOSSIBLE:
        return ObjectRefused(f"The disk can't keep {subject!r}: {exc.strerror}.")
    todo = "Free some space there." if exc.errno in _FULL else "Check the folder's permissions."
    return ObjectStoreUnavailable(
        f"The disk can't read or write {subject!r}: {exc.strerror}.", todo=todo
    )
