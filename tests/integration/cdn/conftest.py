"""A studio with a CDN: a real S3 server for the bucket, a server that answers like Cloudflare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from jobs.bootstrap import Services
from jobs.cdn_upkeep import CdnUpkeep
from storage.models import Person, Rendition, RenditionKind, RenditionState
from storage.objects.cdn import Cdn, CdnStore, PublicDomain
from storage.objects.cloudflare import Cloudflare
from storage.postgres import Transaction
from storage.records import videos
from storage.records.cdn import RecordedCopies, Trouble, troubles
from tests.contract.cloudflare_server import TOKEN, ZONE, CloudflareServer, serving_cloudflare
from tests.contract.s3_server import KEY_ID, SECRET, S3Server, anyone_may_read, serving_s3
from tests.integration.record.record_rows import add_complete

BUCKET = "copies"


@dataclass
class House:
    """A studio with a CDN, as a test sees it."""

    services: Services
    cdn: Cdn
    s3: S3Server
    cloudflare: CloudflareServer
    _run: Callable[..., list[Any]]

    def keep(self) -> None:
        """The watcher's rules, once, after a restart: everything is compared."""
        CdnUpkeep(self.services).once(self.cdn)

    def held(self) -> set[str]:
        """What is in the bucket."""
        return {found.key for found in self.cdn.bucket.list("")}

    def address(self, key: str) -> str | None:
        """Where a browser finds a file for a minute."""
        return self.services.store.signed_url(key, 60)

    def troubles(self) -> list[Trouble]:
        """What did not work so far."""
        with self.services.database.as_service() as tx:
            return troubles(tx)

    def hurry(self) -> None:
        """Lets every wait be over, and every process that was at work be dead."""
        self._run("update studio.cdn_copies set due_at = now() where due_at > now()")
        self._run("update studio.cdn_purges set due_at = now() where due_at > now()")

    def trash(self, video_id: UUID) -> None:
        """As a person does."""
        self._run(
            "update studio.videos set status = 'trashed', deleted_at = now(), updated_at = now()"
            " where id = %s",
            video_id,
        )

    def restore(self, video_id: UUID) -> None:
        """As a person does."""
        self._run(
            "update studio.videos set status = 'ready', deleted_at = null, updated_at = now()"
            " where id = %s",
            video_id,
        )


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with serving_s3() as server:
        yield server


@pytest.fixture(scope="session")
def signed_cdn(s3_server: S3Server) -> Cdn:
    """A CDN without a public address."""
    cdn = Cdn(s3_server.url, BUCKET, KEY_ID, SECRET, None, None)
    cdn.bucket.prepare()
    anyone_may_read(s3_server, BUCKET)
    return cdn


@pytest.fixture
def cloudflare_server() -> Iterator[CloudflareServer]:
    with serving_cloudflare() as server:
        yield server


@pytest.fixture
def signed(
    services: Services,
    signed_cdn: Cdn,
    s3_server: S3Server,
    cloudflare_server: CloudflareServer,
    as_owner: Callable[..., list[Any]],
) -> Iterator[House]:
    """A studio whose CDN gives out signed addresses."""
    s3_server.forget()
    yield house_with(services, signed_cdn, s3_server, cloudflare_server, as_owner)
    s3_server.forget()
    signed_cdn.bucket.delete([found.key for found in signed_cdn.bucket.list("")])


@pytest.fixture
def public(signed: House) -> House:
    """A studio whose CDN has a public address, where everybody may read."""
    cloudflare = Cloudflare(ZONE, SecretStr(TOKEN), signed.cloudflare.url)
    domain = PublicDomain(f"{signed.s3.url}/{BUCKET}", cloudflare)
    cdn = replace(signed.cdn, public=domain)
    # The client of the bucket takes long to make.
    object.__setattr__(cdn, "bucket", signed.cdn.bucket)
    return house_with(signed.services, cdn, signed.s3, signed.cloudflare, signed._run)


def house_with(
    services: Services,
    cdn: Cdn,
    s3: S3Server,
    cloudflare: CloudflareServer,
    run: Callable[..., list[Any]],
) -> House:
    origin = services.store._origin if isinstance(services.store, CdnStore) else services.store
    store = CdnStore(origin, cdn, RecordedCopies(services.database))
    return House(replace(services, store=store, cdn=cdn), cdn, s3, cloudflare, run)


@pytest.fixture
def add_video(signed: House, person: Person, tmp_path: Path) -> Callable[..., UUID]:
    """A completed video whose files are in the store: `add_video(web=b"…", poster=b"…")`."""

    def add(**files: bytes) -> UUID:
        with signed.services.database.as_service() as tx:
            video_id = add_complete(tx, person, parameters={"resolution": "720p", "duration_s": 5})
            for kind, content in {"web": b"web", **files}.items():
                put(
                    signed.services, tx, video_id, RenditionKind(kind.strip("_")), content, tmp_path
                )
        return video_id

    return add


def put(
    services: Services,
    tx: Transaction,
    video_id: UUID,
    kind: RenditionKind,
    content: bytes,
    folder: Path,
) -> None:
    """A file of a video, in the store and in the record."""
    suffix, content_type = (
        ("jpg", "image/jpeg") if kind is RenditionKind.POSTER else ("mp4", "video/mp4")
    )
    key, path = f"videos/{video_id}/{kind.value}.{suffix}", folder / "file"
    path.write_bytes(content)
    services.store.put(key, path, content_type)
    sha256 = hashlib.sha256(content).hexdigest()
    videos.put_rendition(
        tx,
        Rendition(
            video_id, kind, RenditionState.READY, key, content_type, len(content), 1, 1, sha256,
            None,
        ),
    )  # fmt: skip


def content_at(address: str | None) -> bytes:
    """What a browser gets there."""
    reply = httpx.get(str(address))
    assert reply.status_code == 200, reply.text
    return reply.content
