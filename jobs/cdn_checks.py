"""What `studio doctor` looks at in the CDN: its bucket, its address, its API, and what it holds."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx

from jobs.bootstrap import Services
from jobs.checks import Check, shortened, told
from storage.errors import StudioError
from storage.objects.cdn import Cdn, Copy, PublicDomain
from storage.records import cdn as record

PROBE_S = 60
TIMEOUT_S = 10.0


def cdn_checks(services: Services) -> list[Check]:
    """Every check of the CDN; none when there is none."""
    cdn = services.cdn
    if cdn is None:
        return []
    checks = [
        _check("the CDN keeps a file and gives it out", lambda: _probe(cdn)),
        _check("the CDN holds every copy that the record counts on", lambda: _lost(services, cdn)),
        _check("the CDN has followed the record", lambda: _behind(services), warning=True),
    ]
    if (domain := cdn.public) is not None:
        checks.append(_check("Cloudflare accepts the API token", lambda: _token(cdn, domain)))
    return checks


def _check(name: str, find: Callable[[], list[str]], *, warning: bool = False) -> Check:
    try:
        return Check(name, shortened(find()), warning=warning)
    except StudioError as exc:
        return Check(name, told(exc), warning=warning)


def _probe(cdn: Cdn) -> list[str]:
    """Put a file, get it as a browser does, and delete it."""
    key, content = f"doctor/{uuid4()}.txt", uuid4().bytes
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        sent = Path(folder) / "sent"
        sent.write_bytes(content)
        try:
            cdn.bucket.put(key, sent, "text/plain")
            copy = Copy(key, hashlib.sha256(content).hexdigest())
            return _seen(cdn, cdn.address(copy, PROBE_S, None), content)
        finally:
            cdn.bucket.delete([key])


def _seen(cdn: Cdn, address: str, content: bytes) -> list[str]:
    place, _, _ = address.partition("/doctor/")
    try:
        reply = httpx.get(address, timeout=TIMEOUT_S, follow_redirects=False)
    except httpx.HTTPError as exc:
        return [f"{place} can't be reached ({type(exc).__name__}): check its name and certificate."]
    if reply.content == content:
        return []
    if cdn.public is None:
        return [f"{place} answered {reply.status_code} to a signed address: check R2_ENDPOINT."]
    return [
        f"{place} answered {reply.status_code} for a file that is in the bucket: connect "
        f"CDN_PUBLIC_URL to the bucket {cdn.bucket_name} as its custom domain."
    ]


def _token(cdn: Cdn, domain: PublicDomain) -> list[str]:
    status = domain.cloudflare.token_status(cdn.account_id)
    if status != "active":
        return [f"The token is {status}: make another and put it into CLOUDFLARE_API_TOKEN."]
    # Whether it may purge in this zone is said by no other call.
    domain.cloudflare.purge(domain.cached("doctor/none.txt", None))
    return []


def _lost(services: Services, cdn: Cdn) -> list[str]:
    # The record first: what it counts on was put before, so nothing is missed in between.
    with services.database.as_service() as tx:
        counted_on = record.ready_keys(tx)
    lost = counted_on - {found.key for found in cdn.bucket.list("videos")}
    return [f"{key} is gone from the bucket: the watcher copies it again." for key in sorted(lost)]


def _behind(services: Services) -> list[str]:
    with services.database.as_service() as tx:
        found = record.troubles(tx)
    return [f"{one.subject} ({one.what}, tried {one.tries} times): {one.problem}" for one in found]
