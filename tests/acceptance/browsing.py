"""A browser that notes everything a studio's page must not do."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

PATIENCE_MS = 60_000
"""A page of a busy machine needs that long; a wait ends as soon as its condition is met."""

# Streamlit's page looks for its server below its own address first, then above it.
_LOOKING_FOR_ITSELF = re.compile(r"/\w+/_stcore/(?:health|host-config)$")
_MISSING = "Failed to load resource: the server responded with a status of 404"


@dataclass
class Noted:
    """What went wrong behind a page."""

    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console, violations of the policy among them."""
    strangers: list[str] = field(default_factory=list)
    """Addresses on other machines that were asked."""
    refusals: list[str] = field(default_factory=list)
    """Answers of 400 and more."""

    def listen(self, page: Page) -> None:
        """Note what this page does from now on."""
        page.on("console", self._take_words)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._take_request)
        page.on("response", self._take_response)

    def _take_words(self, said: ConsoleMessage) -> None:
        looking = _LOOKING_FOR_ITSELF.search(said.location["url"])
        if said.type == "error" and not (looking and said.text.startswith(_MISSING)):
            self.complaints.append(f"{said.text} ({said.location['url']})")

    def _take_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.strangers.append(request.url)

    def _take_response(self, response: Response) -> None:
        if response.status >= 400 and not _LOOKING_FOR_ITSELF.search(response.url):
            self.refusals.append(f"{response.status} {response.url}")


def chromium_program() -> str:
    """Where Chromium is. Without one a test is skipped, and fails in CI."""
    program = os.environ.get("STUDIO_CHROMIUM") or shutil.which("chromium")
    if program is None:
        reason = "there is no Chromium: set STUDIO_CHROMIUM, as `make test` does"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return program


@contextmanager
def browsing(
    browser: Browser,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    moving: bool = False,
) -> Iterator[tuple[BrowserContext, Page, Noted]]:
    """A fresh browser profile with one page; `moving`: its person did not ask for less motion."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="no-preference" if moving else "reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    noted = Noted()
    try:
        page = context.new_page()
        noted.listen(page)
        yield context, page, noted
    finally:
        context.close()


def sign_in(page: Page, link: str) -> None:
    """Open a one-time link and press its button."""
    page.goto(link)
    page.get_by_role("button", name="Sign in as").click()
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page has drawn everything."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def seconds_played(video: Locator) -> float:
    """How far a player has come."""
    return float(video.evaluate("video => video.currentTime"))


def sideways_px(page: Page) -> int:
    """How far the page can be pushed sideways; 0 when everything fits."""
    measure = (
        "() => Math.max(...[document.scrollingElement, ...document.querySelectorAll("
        "'[data-testid=stMain], [data-testid=stAppViewContainer]')]"
        ".map(box => box.scrollWidth - box.clientWidth))"
    )
    return int(page.evaluate(measure))
