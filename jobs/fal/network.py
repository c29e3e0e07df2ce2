"""The wire to fal, as far as the stock client leaves it to us."""

from __future__ import annotations

import ssl
from functools import cache
from urllib.request import getproxies

import fal_client.client as stock
import httpx

from jobs.fal.addresses import Addresses


def network(fal: Addresses) -> httpx.BaseTransport:
    """The stock wire with its spare host; behind a proxy the stock one knows the way.

    A simulator is nearby: no proxy and no spare host may stand in between.
    """
    if fal.base_url is None and behind_proxy():
        return stock.BackupDomainTransport()
    wire = httpx.HTTPTransport(verify=tls_context())
    return wire if fal.base_url else stock.BackupDomainTransport(transport=wire)


def behind_proxy() -> bool:
    """Whether the environment names a proxy for the way to fal."""
    return bool({"https", "all"} & getproxies().keys())


@cache
def tls_context() -> ssl.SSLContext:
    """The process's only TLS context: reading the certificates takes 27 ms.

    A worker that forks for each job calls this before, so that its children inherit it.
    """
    return httpx.create_ssl_context()
