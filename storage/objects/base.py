"""The one protocol behind which files are kept, whatever keeps them.

A key is a relative path of lower-case segments, `videos/<generation id>/original.mp4`. Keys are
derived from the generation, so that a repeated step overwrites its own file. All implementations
pass the suite in `tests/contract/test_object_store.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from storage.errors import ObjectRefused

_KEY = re.compile(r"[a-z0-9_][a-z0-9._-]*(/[a-z0-9_][a-z0-9._-]*)*")
MAX_KEY_LENGTH = 512


@dataclass(frozen=True)
class StoredObject:
    """A file in the store."""

    key: str
    size_bytes: int
    content_type: str
    updated_at: datetime
    """When it was last put, aware, UTC: a repeated `put` makes a file young again, so that nobody
    takes it for a left-over while a worker is busy with it."""


class ObjectStore(Protocol):
    """Keeps files under keys.

    Every method raises `ObjectRefused` for an unsafe key and `ObjectStoreUnavailable` when the
    store can't be reached. An `OSError` of the caller's own `source` or `target` passes through.
    """

    def prepare(self) -> None:
        """Make the folder or bucket if it is not there. Safe to repeat.

        Raises:
            SettingsError: what is there can't be used, such as a public bucket.
        """

    def close(self) -> None:
        """Give connections back; the store is not used afterwards. Safe to repeat."""

    def put(self, key: str, source: Path, content_type: str) -> StoredObject:
        """Keep the file `source` under `key`, in place of what is there.

        A reader sees the old file or the new one, never a part.

        Raises:
            ObjectRefused: the store does not take a file of this size or type.
        """

    def fetch(self, key: str, target: Path) -> None:
        """Write the file under `key` to the path `target`.

        Raises:
            ObjectNotFound: there is none.
        """

    def stat(self, key: str) -> StoredObject:
        """Size, type and time of the file under `key`.

        Raises:
            ObjectNotFound: there is none.
        """

    def delete(self, keys: list[str]) -> None:
        """Remove the files under `keys`; a key without a file is no error, so safe to repeat."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """All files whose key starts with the folder `prefix` ("" for all), in no fixed order.

        Each as `stat` tells it, with its age. What was put before the call is listed.
        """

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> str | None:
        """An address that plays the file for `expires_s` seconds without a session.

        None when the store has no addresses of its own and the dashboard's route must serve
        `local_path` instead. With `download_name` the browser saves the file under that name.

        Raises:
            ObjectNotFound: there is no file under `key`.
        """

    def local_path(self, key: str) -> Path | None:
        """The file's path on this machine, None when the store is elsewhere.

        Raises:
            ObjectNotFound: the store is local and there is no such file.
        """


def checked_key(key: str) -> str:
    """`key` itself when it is safe as a path and as a URL.

    Raises:
        ObjectRefused: it is empty, too long, absolute, or has empty, dot or odd segments.
    """
    if len(key) > MAX_KEY_LENGTH or not _KEY.fullmatch(key):
        raise ObjectRefused(f"{key[:80]!r} is not a safe name for a file.")
    return key
