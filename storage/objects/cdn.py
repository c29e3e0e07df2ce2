"""Cloudflare R2 as a CDN in front of another store.

The store behind it, the origin, holds the record's files; the CDN holds copies, and only of what
people watch. A file is put into the origin alone. The copy follows by a rule of the watcher
(`jobs.cdn_upkeep`), which compares the record with what the CDN has: so no collect waits for the
CDN or fails with it, and whatever is lost on the way is made up for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog
from pydantic import SecretStr

from storage.errors import ObjectStoreUnavailable
from storage.objects.base import ObjectStore, StoredObject, checked_key
from storage.objects.cloudflare import Cloudflare

if TYPE_CHECKING:
    from storage.objects.r2 import R2Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Copy:
    """A file in the CDN."""

    cdn_key: str
    sha256: str


class Copies(Protocol):
    """Knows which files the CDN has."""

    def find(self, key: str) -> Copy | None:
        """The copy of the file under `key`; None when there is none, or of another version."""

    def release(self, keys: Sequence[str]) -> None:
        """Say that the copies of these files are to go."""


@dataclass(frozen=True)
class PublicDomain:
    """The bucket's custom domain, where **anyone who has an address can watch**, without an end."""

    url: str
    """Without a slash at its end."""
    cloudflare: Cloudflare
    """Empties the domain's caches."""

    def address(self, copy: Copy) -> str:
        """The address of a copy. The sum in it makes that of another version another address."""
        return f"{self.url}/{copy.cdn_key}?v={copy.sha256}"

    def cached(self, cdn_key: str, sha256: str | None) -> list[str]:
        """The addresses under which caches may hold a copy: each query has its own place there."""
        bare = f"{self.url}/{cdn_key}"
        return [bare, f"{bare}?v={sha256}"] if sha256 else [bare]


@dataclass(frozen=True)
class Cdn:
    """The bucket of copies, and the domain it has, when it has one."""

    endpoint: str
    bucket_name: str
    access_key_id: SecretStr
    secret_access_key: SecretStr
    account_id: str | None
    public: PublicDomain | None

    @cached_property
    def bucket(self) -> R2Store:
        """The bucket. Made when it is first used: its client takes a while, and most workers
        never ask for it."""
        from storage.objects.r2 import R2Store

        return R2Store(self.endpoint, self.bucket_name, self.access_key_id, self.secret_access_key)

    def close(self) -> None:
        """Give connections back. Safe to repeat."""
        if "bucket" in vars(self):  # else there never was a client
            self.bucket.close()
        if self.public is not None:
            self.public.cloudflare.close()

    def address(self, copy: Copy, expires_s: int, download_name: str | None) -> str:
        """Where a browser finds the copy.

        On the custom domain when there is one. A file to be saved has a signed address in either
        case, because only such a one carries the name to save it under.
        """
        if self.public is None or download_name:
            return self.bucket.address(copy.cdn_key, expires_s, download_name)
        return self.public.address(copy)


class CdnStore:
    """An `ObjectStore` that keeps files in `origin` and gives out addresses in the CDN.

    A file without a copy, or with a copy of another version, has the origin's address. The copies
    of deleted files are removed within seconds, and only then purged from the caches.
    """

    def __init__(self, origin: ObjectStore, cdn: Cdn, copies: Copies) -> None:
        self._origin = origin
        self._cdn = cdn
        self._copies = copies

    @property
    def origin(self) -> ObjectStore:
        """The store behind the CDN, for what must never get an address of the CDN."""
        return self._origin

    def __repr__(self) -> str:
        return f"CdnStore({self._origin!r}, {self._cdn.bucket_name!r})"

    def prepare(self) -> None:
        """Make ready what the origin needs, and the bucket. A CDN that is away stops nobody."""
        self._origin.prepare()
        try:
            self._cdn.bucket.prepare()
        except ObjectStoreUnavailable as exc:
            log.warning("the CDN can't be reached", error=str(exc))

    def close(self) -> None:
        """Give the connections of the origin and of the CDN back. Safe to repeat."""
        self._origin.close()
        self._cdn.close()

    def put(self, key: str, source: Path, content_type: str) -> StoredObject:
        return self._origin.put(key, source, content_type)

    def fetch(self, key: str, target: Path) -> None:
        self._origin.fetch(key, target)

    def stat(self, key: str) -> StoredObject:
        return self._origin.stat(key)

    def delete(self, keys: list[str]) -> None:
        checked = [checked_key(key) for key in keys]
        # First said, then done: whoever dies in between leaves a copy that is made again, never
        # one that nobody knows to be too many.
        self._copies.release(checked)
        self._origin.delete(checked)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return self._origin.list(prefix)

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> str | None:
        copy = self._copies.find(checked_key(key))
        if copy is None:
            return self._origin.signed_url(key, expires_s, download_name)
        return self._cdn.address(copy, expires_s, download_name)

    def local_path(self, key: str) -> Path | None:
        return self._origin.local_path(key)
