"""Who is done with the services leaves no connection open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.bootstrap import Services
from storage.objects.cdn import Cdn, CdnStore, PublicDomain
from storage.objects.cloudflare import Cloudflare
from storage.objects.local import LocalStore
from tests.contract.cloudflare_server import TOKEN, ZONE
from tests.contract.s3_server import KEY_ID, SECRET


class CountingStore(LocalStore):
    """Counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def cdn() -> Cdn:
    """A CDN of which nothing is ever asked."""
    address = "http://127.0.0.1:9"
    public = PublicDomain(address, Cloudflare(ZONE, SecretStr(TOKEN), address))
    return Cdn(address, "copies", KEY_ID, SECRET, None, public)


def test_services_close_the_origin_and_the_cdn(
    services: Services, cdn: Cdn, tmp_path: Path
) -> None:
    origin = CountingStore(tmp_path)
    store = CdnStore(origin, cdn, copies=None)  # type: ignore[arg-type]
    with_cdn = replace(services, store=store, cdn=cdn)
    with_cdn.close()
    with_cdn.close()
    assert origin.closed == 2
    assert cdn.public
    with pytest.raises(RuntimeError, match="closed"):
        cdn.public.cloudflare.purge([f"{cdn.endpoint}/a"])
    assert "bucket" not in vars(cdn)
