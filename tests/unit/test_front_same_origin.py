import pytest
from starlette.datastructures import Headers

from dashboard.same_origin import is_forged


def forged(method: str = "POST", public_url: str | None = None, **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {"type": "http", "method": method}
    return is_forged(scope, Headers({"host": "studio.test", **named}), public_url)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_browser_that_says_it_is_here_is_believed(site: str) -> None:
    assert not forged(sec_fetch_site=site, origin="https://studio.test")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "other"])
def test_a_browser_that_says_it_is_elsewhere_is_refused(site: str) -> None:
    assert forged(sec_fetch_site=site, origin="https://studio.test")


@pytest.mark.parametrize("origin", ["https://studio.test", "http://studio.test"])
def test_the_origin_decides_when_the_browser_says_nothing(origin: str) -> None:
    assert not forged(origin=origin)


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "https://studio.test.evil", "null", "", "https://["]
)
def test_another_origin_is_refused(origin: str) -> None:
    assert forged(origin=origin)


def test_a_program_without_a_browser_is_let_through() -> None:
    assert not forged()


def test_looking_is_never_forged() -> None:
    assert not forged("GET", origin="https://evil.test", sec_fetch_site="cross-site")


def test_the_public_address_counts_behind_a_proxy() -> None:
    assert not forged(public_url="https://video.acme.test/", origin="https://video.acme.test")
